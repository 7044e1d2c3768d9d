//! A conversation that begins with one provider and goes on with another: nobody sees what
//! somebody else sealed, and everybody gets back what they sealed themselves.

use std::sync::Arc;

use serde_json::Value;
use vuzo_domain::catalog::ModelId;
use vuzo_domain::chat::{Endpoint, Envelope, UpstreamCall};
use vuzo_domain::port::{ChatProvider, Clock};
use vuzo_domain::time::Timestamp;
use vuzo_providers::{Bridged, Dialect};

use crate::fake::{self, Fake, call, short_patience, whole};
use crate::gemini::seals::follow_up;
use crate::outcome::{self, Outcome};
use crate::{anthropic, gemini};

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(1_795_262_400)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Vendor {
    Anthropic,
    Google,
    OpenRouter,
}

const VENDORS: [Vendor; 3] = [Vendor::Anthropic, Vendor::Google, Vendor::OpenRouter];

impl Vendor {
    /// What it wants to see again.
    fn seal(self) -> &'static str {
        match self {
            Self::Anthropic => "QW50aHJvcGlj",
            Self::Google => "R29vZ2xl",
            Self::OpenRouter => "T3BlblJvdXRlcg",
        }
    }

    /// It thinks, seals that, and calls two tools.
    fn answer(self) -> String {
        let seal = self.seal();
        match self {
            Self::Anthropic => format!(
                r#"{{"id":"msg_1","type":"message","role":"assistant","model":"c","content":[{{"type":"thinking","thinking":"Hm","signature":"{seal}"}},{{"type":"redacted_thinking","data":"{seal}"}},{{"type":"tool_use","id":"call_1","name":"f","input":{{}}}},{{"type":"tool_use","id":"call_2","name":"g","input":{{}}}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{{"input_tokens":3,"output_tokens":2}}}}"#
            ),
            Self::Google => format!(
                r#"{{"candidates":[{{"content":{{"role":"model","parts":[{{"text":"Hm","thought":true}},{{"functionCall":{{"name":"f","args":{{}}}},"thoughtSignature":"{seal}"}},{{"functionCall":{{"name":"g","args":{{}}}}}}]}},"finishReason":"STOP","index":0}}],"usageMetadata":{{"promptTokenCount":3,"candidatesTokenCount":2,"totalTokenCount":5}},"modelVersion":"g"}}"#
            ),
            Self::OpenRouter => format!(
                r#"{{"id":"gen-1","object":"chat.completion","created":1,"model":"a/b","choices":[{{"index":0,"message":{{"role":"assistant","content":null,"reasoning":"Hm","reasoning_details":[{{"type":"reasoning.text","text":"Hm","signature":"{seal}","index":0}},{{"type":"reasoning.encrypted","data":"{seal}","index":1}}],"tool_calls":[{{"id":"call_1","type":"function","function":{{"name":"f","arguments":"{{}}"}}}},{{"id":"call_2","type":"function","function":{{"name":"g","arguments":"{{}}"}}}}]}},"finish_reason":"tool_calls"}}],"usage":{{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}}}"#
            ),
        }
    }

    fn at(self, base_url: &str) -> Box<dyn ChatProvider> {
        match self {
            Self::Anthropic => Box::new(anthropic::adapter(base_url)),
            Self::Google => Box::new(gemini::adapter(base_url)),
            Self::OpenRouter => {
                let dialect = Dialect::OpenRouter;
                let inner = fake::adapter(base_url, dialect, short_patience());
                Box::new(Bridged::new(Arc::new(inner), Arc::new(Noon), dialect))
            }
        }
    }

    /// What it answers, and what it got to see.
    async fn ask(self, asked: &UpstreamCall) -> (Value, String) {
        let answer = whole("200 OK", "application/json", self.answer().as_bytes());
        let fake = Fake::saying(answer).await;
        let outcome = outcome::of(&*self.at(&fake.base_url), asked).await;
        let Ok(Outcome::Whole(reply)) = outcome else {
            panic!("{self:?}: {outcome:?}")
        };
        let seen = fake.seen().pop().expect("a request").body;
        let reply = serde_json::from_slice(&reply.body).expect("JSON");
        (reply, String::from_utf8(seen).expect("text"))
    }
}

fn asked_at(endpoint: Endpoint, body: &str) -> UpstreamCall {
    let mut asked = call(body, false, false, 1);
    asked.capabilities = vec!["thought_signatures".to_owned(), "reasoning".to_owned()].into();
    asked.envelope = Arc::new(Envelope {
        endpoint,
        ..Envelope::clone(&asked.envelope)
    });
    asked
}

/// Who speaks the same wire as `OpenRouter`, and makes no seals.
#[tokio::test(flavor = "multi_thread")]
async fn who_seals_nothing_sees_nobodys_seals() {
    let first = r#"{"model":"m","messages":[{"role":"user","content":"Hi"}]}"#;
    for one in VENDORS {
        let (reply, _) = one.ask(&asked_at(Endpoint::ChatCompletions, first)).await;
        let second = asked_at(
            Endpoint::ChatCompletions,
            &follow_up(Endpoint::ChatCompletions, first, &reply),
        );
        for dialect in [Dialect::OpenAi, Dialect::XAi] {
            let answer = r#"{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}]}"#;
            let fake = Fake::saying(whole("200 OK", "application/json", answer.as_bytes())).await;
            let provider = fake::adapter(&fake.base_url, dialect, short_patience());
            let outcome = outcome::of(&provider, &second).await;
            assert!(outcome.is_ok(), "{outcome:?}");
            let seen = fake.seen().pop().expect("a request").body;
            let seen = String::from_utf8(seen).expect("text");
            assert!(seen.contains(r#""name":"g""#), "{seen}");
            for foreign in ["vz:", one.seal(), "reasoning_details"] {
                assert!(!seen.contains(foreign), "{dialect:?} after {one:?}: {seen}");
            }
        }
    }
}

/// A name may be answered by another model than the one that has it.
#[tokio::test(flavor = "multi_thread")]
async fn a_translated_answer_names_the_model_that_answers() {
    for (endpoint, body) in [
        (
            Endpoint::ChatCompletions,
            r#"{"model":"m","messages":[{"role":"user","content":"Hi"}]}"#,
        ),
        (
            Endpoint::Messages,
            r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]}"#,
        ),
        (Endpoint::Responses, r#"{"model":"m","input":"Hi"}"#),
        (Endpoint::Completions, r#"{"model":"m","prompt":"Hi"}"#),
    ] {
        let mut asked = asked_at(endpoint, body);
        asked.model = ModelId::new("maker/stand-in").expect("an id");
        for vendor in VENDORS {
            let is_own = matches!(
                (endpoint, vendor),
                (Endpoint::Messages, Vendor::Anthropic)
                    | (Endpoint::ChatCompletions, Vendor::OpenRouter)
            );
            if !is_own {
                let (reply, _) = vendor.ask(&asked).await;
                assert_eq!(reply["model"], "maker/stand-in", "{endpoint:?} {vendor:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_goes_on_with_any_other_provider() {
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
        for one in VENDORS {
            let (reply, _) = one.ask(&asked_at(endpoint, first)).await;
            let second = asked_at(endpoint, &follow_up(endpoint, first, &reply));
            for other in VENDORS {
                let (_, seen) = other.ask(&second).await;
                let case = format!("{endpoint:?}, {one:?}, {other:?}: {seen}\nafter {reply}");
                assert!(!seen.contains("vz:"), "a mark is for customers: {case}");
                for maker in VENDORS {
                    // Anthropic's calls have no place for what Google seals.
                    let is_lost = endpoint == Endpoint::Messages && maker == Vendor::Google;
                    let comes_back = maker == one && maker == other && !is_lost;
                    assert_eq!(seen.contains(maker.seal()), comes_back, "{case}");
                }
            }
        }
    }
}
