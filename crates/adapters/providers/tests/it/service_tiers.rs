//! Service tiers: what each vendor is told of them, and what each dialect tells.

use std::sync::Arc;

use serde_json::{Value, json};
use vuzo_domain::chat::{Endpoint, Envelope, UpstreamCall};
use vuzo_domain::port::{ChatProvider, Clock};
use vuzo_domain::pricing::{ServedTier, ServiceTier};
use vuzo_domain::time::Timestamp;
use vuzo_providers::{Bridged, Dialect};

use crate::fake::{Fake, call, streamed, whole};
use crate::outcome::{self, Outcome};
use crate::{anthropic, gemini};

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(1_795_168_800)
    }
}

const VENDORS: [&str; 5] = ["openai", "xai", "openrouter", "anthropic", "google"];
const ENDPOINTS: [Endpoint; 4] = [
    Endpoint::ChatCompletions,
    Endpoint::Completions,
    Endpoint::Responses,
    Endpoint::Messages,
];

/// A vendor as the program wires it.
fn vendor(name: &str, fake: &Fake) -> Box<dyn ChatProvider> {
    let shaped = |dialect: Dialect| {
        let adapter = Arc::new(fake.adapter(dialect));
        Bridged::new(adapter, Arc::new(Stopped), dialect)
    };
    match name {
        "anthropic" => Box::new(anthropic::adapter(&fake.base_url)),
        "google" => Box::new(gemini::adapter(&fake.base_url)),
        "openai" => Box::new(
            shaped(Dialect::OpenAi).speaking(&[Endpoint::ChatCompletions, Endpoint::Responses]),
        ),
        "xai" => Box::new(shaped(Dialect::XAi)),
        _ => Box::new(shaped(Dialect::OpenRouter)),
    }
}

fn asking(endpoint: Endpoint, stream: bool, tier: Option<ServiceTier>) -> UpstreamCall {
    let mut body = match endpoint {
        Endpoint::Completions => json!({"prompt": "Hi"}),
        Endpoint::Responses => json!({"input": "Hi"}),
        _ => json!({"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 9}),
    };
    body["model"] = json!("m");
    body["stream"] = json!(stream);
    // What the customer said is not what the vendor is told: the price decides that.
    body["service_tier"] = json!("auto");
    let mut asked = call(&body.to_string(), stream, true, 1);
    asked.service_tier = tier;
    asked.envelope = Arc::new(Envelope {
        endpoint,
        ..Envelope::clone(&asked.envelope)
    });
    asked
}

/// An answer in the vendor's wire that was served in this tier.
fn answer(vendor: &str, endpoint: Endpoint, stream: bool, tier: &str) -> Vec<u8> {
    let usage = json!({"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5});
    let frames: Vec<Value> = match vendor {
        "google" => vec![json!({
            "candidates": [{"index": 0, "content": {"parts": [{"text": "Hi"}]}, "finishReason": "STOP"}],
            "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5, "serviceTier": tier},
        })],
        "anthropic" => {
            let usage = json!({"input_tokens": 3, "output_tokens": 2, "service_tier": tier});
            let message = |content: Value, reason: Value| json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": content, "stop_reason": reason, "stop_sequence": null, "usage": usage});
            if !stream {
                let text = json!([{"type": "text", "text": "Hi"}]);
                let whole = message(text, json!("end_turn")).to_string();
                return whole_answer(&whole);
            }
            vec![
                json!({"type": "message_start", "message": message(json!([]), Value::Null)}),
                json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
                json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}}),
                json!({"type": "content_block_stop", "index": 0}),
                json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}),
                json!({"type": "message_stop"}),
            ]
        }
        "openai" if endpoint == Endpoint::Responses => {
            let usage = json!({"input_tokens": 3, "output_tokens": 2, "total_tokens": 5});
            let response = |status: &str, tier: &str, usage: &Value| json!({"id": "resp_1", "object": "response", "status": status, "model": "m", "service_tier": tier, "output": [], "usage": usage});
            let last = response("completed", tier, &usage);
            if !stream {
                return whole_answer(&last.to_string());
            }
            // It begins with what was asked for.
            let first = response("in_progress", "auto", &Value::Null);
            vec![
                json!({"type": "response.created", "sequence_number": 0, "response": first}),
                json!({"type": "response.completed", "sequence_number": 1, "response": last}),
            ]
        }
        _ => {
            let base = |object: &str, choices: Value, usage: &Value| json!({"id": "c1", "object": object, "created": 1, "model": "m", "choices": choices, "usage": usage, "service_tier": tier});
            if !stream {
                let choices = json!([{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}]);
                return whole_answer(&base("chat.completion", choices, &usage).to_string());
            }
            let object = "chat.completion.chunk";
            let said = json!([{"index": 0, "delta": {"content": "Hi"}, "finish_reason": null}]);
            let over = json!([{"index": 0, "delta": {}, "finish_reason": "stop"}]);
            vec![
                base(object, said, &Value::Null),
                base(object, over, &Value::Null),
                base(object, json!([]), &usage),
            ]
        }
    };
    if !stream {
        return whole_answer(&frames[0].to_string());
    }
    let mut text = String::new();
    for frame in &frames {
        if let Some(kind) = frame["type"].as_str() {
            text.extend(["event: ", kind, "\n"]);
        }
        text.extend(["data: ", &frame.to_string(), "\n\n"]);
    }
    if !matches!(vendor, "google" | "anthropic") && endpoint != Endpoint::Responses
        || matches!(vendor, "xai" | "openrouter")
    {
        text.push_str("data: [DONE]\n\n");
    }
    streamed(&[text.as_bytes()])
}

fn whole_answer(body: &str) -> Vec<u8> {
    whole("200 OK", "application/json", body.as_bytes())
}

/// The word that stands in the request, if any.
fn told(vendor: &str, sent: &[u8]) -> Option<String> {
    let sent: Value = serde_json::from_slice(sent).expect("JSON");
    let field = if vendor == "google" {
        "serviceTier"
    } else {
        "service_tier"
    };
    sent.get(field)
        .map(|word| word.as_str().expect("a word").to_owned())
}

/// The word in the last place where an answer of this dialect has one.
fn shown(endpoint: Endpoint, told: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(told);
    let documents = text
        .lines()
        .filter_map(|line| line.strip_prefix("data: ").or(Some(line)))
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let places = match endpoint {
        Endpoint::Responses => ["/service_tier", "/response/service_tier"],
        Endpoint::Messages => ["/usage/service_tier", "/usage/service_tier"],
        _ => ["/service_tier", "/service_tier"],
    };
    let words = documents.filter_map(|json| {
        let found = places
            .iter()
            .find_map(|place| json.pointer(place)?.as_str());
        found.map(str::to_owned)
    });
    words.collect::<Vec<_>>().pop()
}

struct Came {
    sent: Option<String>,
    report: Option<ServedTier>,
    shown: Option<String>,
}

async fn came(name: &str, asked: &UpstreamCall, served: &str) -> Came {
    let (endpoint, stream) = (asked.envelope.endpoint, asked.envelope.stream);
    let fake = Fake::saying(answer(name, endpoint, stream, served)).await;
    let outcome = outcome::of(&*vendor(name, &fake), asked).await;
    let (report, text) = match outcome {
        Ok(Outcome::Whole(whole)) => (whole.report, whole.body.to_vec()),
        Ok(Outcome::Stream(told)) => {
            let end = told.ending.expect("an ending").expect("a good one");
            let usage = end.usage_frame.unwrap_or_default();
            (end.report, [told.content, end.frames, usage].concat())
        }
        Err(fault) => panic!("{name} by {endpoint:?}: {fault:?}"),
    };
    let request = fake.seen().pop().expect("a request");
    Came {
        sent: told(name, &request.body),
        report: report.served_tier,
        shown: shown(endpoint, &text),
    }
}

/// What a vendor is told, and the words in which it says what it served.
fn words(vendor: &str, tier: Option<ServiceTier>) -> (Option<&'static str>, &'static str) {
    match (vendor, tier) {
        ("openai", None) => (Some("default"), "default"),
        ("google", None) => (None, "standard"),
        ("anthropic", None) => (Some("standard_only"), "standard"),
        (_, None) => (None, "default"),
        // It can be given, and not be insisted on.
        ("anthropic", Some(ServiceTier::Priority)) => (Some("auto"), "priority"),
        ("anthropic", Some(_)) => (Some("standard_only"), "standard"),
        (_, Some(tier)) => (Some(tier.name()), tier.name()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_vendor_is_told_and_each_dialect_tells() {
    for name in VENDORS {
        for tier in [None, Some(ServiceTier::Flex), Some(ServiceTier::Priority)] {
            let (sent, served) = words(name, tier);
            let given = ServedTier::from_word(served);
            for endpoint in ENDPOINTS {
                for stream in [false, true] {
                    let at = format!("{name} by {endpoint:?}, {tier:?}, stream {stream}");
                    let came = came(name, &asking(endpoint, stream, tier), served).await;
                    assert_eq!(came.sent.as_deref(), sent, "{at}");
                    assert_eq!(came.report, given, "{at}");
                    let shown = match endpoint {
                        // The older wire has no place for it.
                        Endpoint::Completions => None,
                        Endpoint::Messages if served == "default" => Some("standard"),
                        Endpoint::Messages => Some(served),
                        _ if served == "standard" => Some("default"),
                        _ => Some(served),
                    };
                    // A passed message says it where the vendor does: at its beginning.
                    let is_passed = name == "anthropic" && endpoint == Endpoint::Messages;
                    if !(is_passed && stream) {
                        assert_eq!(came.shown.as_deref(), shown, "{at}");
                    }
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tier_that_was_not_given_is_reported() {
    for name in VENDORS {
        let (_, standard) = words(name, None);
        let asked = asking(Endpoint::ChatCompletions, true, Some(ServiceTier::Priority));
        let came = came(name, &asked, standard).await;
        assert_eq!(came.report, Some(ServedTier::Standard), "{name}");
        assert_eq!(came.shown.as_deref(), Some("default"), "{name}");
        // And words that nobody knows, as they are.
        for (word, report) in [
            ("gold", Some(ServedTier::Unknown("gold".into()))),
            ("auto", None),
        ] {
            let came = self::came(name, &asked, word).await;
            assert_eq!(came.report, report, "{name}");
        }
    }
}
