//! What Gemini wants to see again, on its way through the customer's dialect and back.

use std::sync::Arc;

use serde_json::{Value, json};
use vuzo_domain::chat::{Endpoint, Envelope, UpstreamCall};

use super::{ANSWER, adapter, forwarded};
use crate::fake::{Fake, call, whole};
use crate::outcome::{self, Outcome};

/// What a model wants to see again with its calls.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_sealed_comes_back_through_every_dialect() {
    let parts = r#"[{"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":"c2ln"},{"functionCall":{"name":"g","args":{}}}]"#;
    let answer = ANSWER.replace(r#"[{"text":"Hi"}]"#, parts);
    let called = r#"{"role":"model","parts":[{"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":"c2ln"},{"functionCall":{"name":"g","args":{}}}]}"#;
    let answered = r#"{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"output":"one"}}},{"functionResponse":{"name":"g","response":{"output":"two"}}}]}"#;
    for (endpoint, first) in [
        (
            Endpoint::ChatCompletions,
            r#"{"model":"m","messages":[{"role":"user","content":"Hi"}]}"#,
        ),
        (
            Endpoint::Messages,
            r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]}"#,
        ),
        (
            Endpoint::Responses,
            r#"{"model":"m","include":["reasoning.encrypted_content"],"input":[{"role":"user","content":"Hi"}]}"#,
        ),
    ] {
        let answer = whole("200 OK", "application/json", answer.as_bytes());
        let fake = Fake::saying(answer).await;
        let outcome = outcome::of(&adapter(&fake.base_url), &asked_at(endpoint, first)).await;
        let Ok(Outcome::Whole(reply)) = outcome else {
            panic!("{endpoint:?}: {outcome:?}")
        };
        let reply: Value = serde_json::from_slice(&reply.body).expect("JSON");
        let second = follow_up(endpoint, first, &reply);
        let sent = forwarded(&asked_at(endpoint, &second)).await;
        let sent = String::from_utf8(sent.body).expect("text");
        // Anthropic's calls have no place for it, so there the stand-in comes back.
        let stand_in = called.replace("c2ln", "skip_thought_signature_validator");
        let comes_back =
            sent.contains(called) || (endpoint == Endpoint::Messages && sent.contains(&stand_in));
        assert!(comes_back, "{endpoint:?}: {sent}\nafter {reply}");
        assert!(sent.contains(answered), "{endpoint:?}: {sent}");
    }
}

fn asked_at(endpoint: Endpoint, body: &str) -> UpstreamCall {
    let mut asked = call(body, false, false, 1);
    asked.capabilities = vec!["thought_signatures".to_owned()].into();
    asked.envelope = Arc::new(Envelope {
        endpoint,
        ..Envelope::clone(&asked.envelope)
    });
    asked
}

/// The conversation with the answer in it, and what the tools said.
pub(crate) fn follow_up(endpoint: Endpoint, first: &str, reply: &Value) -> String {
    let mut body: Value = serde_json::from_str(first).expect("JSON");
    let (turns, said) = match endpoint {
        Endpoint::Messages => {
            let content = &reply["content"];
            let ids = ids(content, "id");
            let results = json!([
                {"type": "tool_result", "tool_use_id": ids[0], "content": "one"},
                {"type": "tool_result", "tool_use_id": ids[1], "content": "two"},
            ]);
            let said = json!([
                {"role": "assistant", "content": content},
                {"role": "user", "content": results},
            ]);
            ("messages", said)
        }
        Endpoint::Responses => {
            let ids = ids(&reply["output"], "call_id");
            let mut said = reply["output"].clone();
            let results = [(0, "one"), (1, "two")].map(|(number, output)| {
                json!({"type": "function_call_output", "call_id": ids[number], "output": output})
            });
            said.as_array_mut().expect("items").extend(results);
            ("input", said)
        }
        _ => {
            let message = &reply["choices"][0]["message"];
            let ids = ids(&message["tool_calls"], "id");
            let said = json!([
                message,
                {"role": "tool", "tool_call_id": ids[0], "content": "one"},
                {"role": "tool", "tool_call_id": ids[1], "content": "two"},
            ]);
            ("messages", said)
        }
    };
    let said = said.as_array().expect("turns").clone();
    body[turns].as_array_mut().expect("turns").extend(said);
    body.to_string()
}

/// The ids of the calls among these.
fn ids(items: &Value, name: &str) -> Vec<String> {
    let items = items.as_array().expect("items").iter();
    let id = |item: &Value| item[name].as_str().map(str::to_owned);
    items
        .filter_map(id)
        .filter(|id| id.starts_with("call_"))
        .collect()
}
