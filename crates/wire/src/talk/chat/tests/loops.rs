//! A loop of tools: what a provider signs comes back to it, through the customer's hands.

use serde_json::{Map, Value, json};

use crate::talk::chat::{ChunkWriter, read};
use crate::talk::{Answer, Event, Finish, Head, Part, Writer};

/// Two signed thoughts, a sealed one, a text, and two calls of which one is sealed.
fn events() -> Vec<Event<'static>> {
    let choice = 0;
    let thought = |text: &'static str| Event::Thought {
        choice,
        text: text.into(),
    };
    let signature = |signature: &'static str| Event::Signature {
        choice,
        signature: signature.into(),
    };
    let call = |call, id: &'static str, seal: Option<&'static str>| Event::Call {
        choice,
        call,
        id: id.into(),
        name: "f".into(),
        seal: seal.map(Into::into),
    };
    let arguments = |call, json: &'static str| Event::Arguments {
        choice,
        call,
        json: json.into(),
    };
    vec![
        thought("Let \"me\""),
        thought(" see"),
        signature("vz:anthropic:c2ln"),
        Event::SealedThought {
            choice,
            data: "vz:anthropic:b3BhcXVl".into(),
        },
        thought("again"),
        signature("vz:anthropic:c2lnMg=="),
        Event::Text {
            choice,
            text: "One moment".into(),
        },
        call(0, "call_a", Some("vz:google:c2VhbA==")),
        arguments(0, "{\"a\""),
        arguments(0, ":1}"),
        call(1, "call_b", None),
        Event::Finish {
            choice,
            why: Finish::Calls,
        },
    ]
}

const EXPECTED: &[&str] = &[
    "thought Let \"me\" see / vz:anthropic:c2ln",
    "sealed vz:anthropic:b3BhcXVl",
    "thought again / vz:anthropic:c2lnMg==",
    "text One moment",
    "call call_a f {\"a\":1} / vz:google:c2VhbA==",
    "call call_b f {} / -",
];

fn writer() -> ChunkWriter {
    ChunkWriter::new(Head::default(), false)
}

/// What the provider will get of a message that a client gives back.
fn given_back(message: &Value) -> Vec<String> {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "x"}, message]});
    let request = read(body.to_string().as_bytes()).expect("a request");
    let parts = request.talk.turns[1].parts.iter();
    let or_none = |text: &Option<String>| text.as_deref().unwrap_or("-").to_owned();
    parts
        .map(|part| match part {
            Part::Thought { text, signature } => format!("thought {text} / {}", or_none(signature)),
            Part::SealedThought { data } => format!("sealed {data}"),
            Part::Text { text, .. } => format!("text {text}"),
            Part::Call {
                id,
                name,
                arguments,
                seal,
                ..
            } => format!("call {id} {name} {arguments} / {}", or_none(seal)),
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn a_whole_message_can_be_given_back_as_it_came() {
    let mut answer = Answer::default();
    for event in events() {
        answer.add(&event);
    }
    let body = writer().whole(&answer, None);
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(given_back(&body["choices"][0]["message"]), EXPECTED);
}

/// Puts deltas together as clients do: texts are joined, lists with an index are merged
/// by it, and `reasoning_details` are appended as they come.
fn accumulate(message: &mut Map<String, Value>, delta: &Value) {
    for (name, value) in delta.as_object().expect("a delta") {
        match (message.get_mut(name), value) {
            (Some(Value::String(said)), Value::String(more)) if name != "role" => {
                said.push_str(more);
            }
            (Some(Value::Array(list)), Value::Array(more)) if name == "tool_calls" => {
                for fragment in more {
                    match list
                        .iter_mut()
                        .find(|call| call["index"] == fragment["index"])
                    {
                        Some(Value::Object(call)) => {
                            let function = call["function"].as_object_mut().expect("a function");
                            accumulate(function, &fragment["function"]);
                        }
                        _ => list.push(fragment.clone()),
                    }
                }
            }
            (Some(Value::Array(list)), Value::Array(more)) => list.extend(more.iter().cloned()),
            _ => {
                message.insert(name.clone(), value.clone());
            }
        }
    }
}

#[test]
fn a_streamed_message_can_be_given_back_as_it_was_put_together() {
    let mut writer = writer();
    let mut out = Vec::new();
    for event in events() {
        writer.event(&event, &mut out);
    }
    let frames = String::from_utf8(out).expect("text");
    let mut message = Map::new();
    for frame in frames.split_terminator("\n\n") {
        let json = frame.strip_prefix("data: ").expect("a frame");
        let chunk: Value = serde_json::from_str(json).expect("JSON");
        accumulate(&mut message, &chunk["choices"][0]["delta"]);
    }
    assert_eq!(given_back(&Value::Object(message)), EXPECTED);
}
