//! Answers in OpenAI's responses wire, byte by byte. To add one, write its `request` and
//! `events` parts, run the test, read what it wrote, and take it over.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use vuzo_wire::talk::{
    Answer, Event, Finish, Head, Usage, Writer,
    responses::{Echo, ResponseWriter, read},
};

mod events;

fn head() -> Head {
    Head {
        id: "gen_0197a1b2c3d4".to_owned(),
        model: "fast".to_owned(),
        created: 1_795_168_800,
    }
}

/// A file's parts.
struct Case {
    given: String,
    request: String,
    events: Vec<Event<'static>>,
    usage: Option<Usage>,
    expected: String,
}

fn case(text: &str) -> Case {
    let (given, expected) = text.split_once("=== stream\n").expect("a stream");
    let rest = given.strip_prefix("=== request\n").expect("a request");
    let (request, lines) = rest.split_once("=== events\n").expect("events");
    let (mut told, mut usage) = (Vec::new(), None);
    for line in lines.lines() {
        let value: Value = serde_json::from_str(line).expect("an event");
        match events::usage(&value) {
            Some(counts) => usage = Some(counts),
            None => told.push(events::event(&value)),
        }
    }
    Case {
        given: given.to_owned(),
        request: request.to_owned(),
        events: told,
        usage,
        expected: format!("=== stream\n{expected}"),
    }
}

fn writer(case: &Case) -> ResponseWriter {
    read(case.request.as_bytes()).expect("a good request");
    ResponseWriter::new(head(), Echo::of(case.request.as_bytes()))
}

fn stream(case: &Case) -> String {
    let mut writer = writer(case);
    let mut out = Vec::new();
    for event in &case.events {
        writer.event(event, &mut out);
    }
    writer.close(&mut out);
    out.extend(
        writer
            .usage_frame(case.usage.as_ref())
            .expect("a last event"),
    );
    String::from_utf8(out).expect("text")
}

fn whole(case: &Case) -> String {
    let mut answer = Answer::default();
    for event in &case.events {
        answer.add(event);
    }
    let body = writer(case).whole(&answer, case.usage.as_ref());
    String::from_utf8(body).expect("text")
}

fn cases() -> Vec<(PathBuf, Case)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/responses/golden");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .expect("golden files")
        .map(|entry| entry.expect("entry").path())
        .collect();
    paths.sort();
    assert!(paths.len() >= 14, "only {} golden files", paths.len());
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("text");
        (path, case(&text))
    };
    paths.into_iter().map(read).collect()
}

#[test]
fn answers_come_out_as_written() {
    let actual = Path::new(env!("CARGO_TARGET_TMPDIR")).join("responses");
    fs::create_dir_all(&actual).expect("folder");
    let mut wrong = String::new();
    for (path, case) in cases() {
        let came = format!("=== stream\n{}=== whole\n{}\n", stream(&case), whole(&case));
        if came != case.expected {
            let name = path.file_name().expect("name");
            fs::write(actual.join(name), format!("{}{came}", case.given)).expect("written");
            let _infallible = writeln!(wrong, "{}\n{came}", name.display());
        }
    }
    let folder = actual.display();
    assert!(wrong.is_empty(), "{wrong}\nwhat came is in {folder}");
}

/// The events of a stream, checked to be numbered and named as they must.
fn frames(stream: &str) -> Vec<Value> {
    let mut frames = Vec::new();
    for (number, frame) in stream.split_terminator("\n\n").enumerate() {
        let (name, data) = frame.split_once('\n').expect("two lines");
        let data = data.strip_prefix("data: ").expect("data");
        let value: Value = serde_json::from_str(data).expect("JSON");
        assert_eq!(name.strip_prefix("event: "), value["type"].as_str());
        assert_eq!(value["sequence_number"], number);
        frames.push(value);
    }
    frames
}

/// What a client makes of a stream that never looks at its last event.
fn gathered(frames: &[Value]) -> Vec<Value> {
    let mut items: Vec<Value> = Vec::new();
    for frame in frames {
        let index = |name: &str| usize::try_from(frame[name].as_u64().expect(name)).expect(name);
        let kind = frame["type"].as_str().expect("a type");
        match kind {
            "response.output_item.added" => {
                assert_eq!(index("output_index"), items.len(), "dense and in order");
                items.push(frame["item"].clone());
            }
            "response.output_item.done" => {
                let item = &mut items[index("output_index")];
                let sealed = frame["item"]["encrypted_content"].clone();
                if !sealed.is_null() {
                    item["encrypted_content"] = sealed;
                }
                if !item["status"].is_null() {
                    item["status"] = frame["item"]["status"].clone();
                }
                assert_eq!(*item, frame["item"], "what was gathered");
            }
            "response.content_part.added" | "response.reasoning_summary_part.added" => {
                let list = if kind.contains("summary") {
                    "summary"
                } else {
                    "content"
                };
                let parts = items[index("output_index")][list]
                    .as_array_mut()
                    .expect(list);
                parts.push(frame["part"].clone());
            }
            _ if kind.strip_suffix(".delta").is_some() => {
                let item = &mut items[index("output_index")];
                assert_eq!(item["id"], frame["item_id"]);
                let text = match kind {
                    "response.function_call_arguments.delta" => &mut item["arguments"],
                    "response.refusal.delta" => {
                        &mut item["content"][index("content_index")]["refusal"]
                    }
                    "response.output_text.delta" => {
                        let part = &mut item["content"][index("content_index")];
                        let more = frame["logprobs"].as_array().expect("logprobs").clone();
                        part["logprobs"]
                            .as_array_mut()
                            .expect("logprobs")
                            .extend(more);
                        &mut part["text"]
                    }
                    _ => &mut item["summary"][index("summary_index")]["text"],
                };
                let grown = format!(
                    "{}{}",
                    text.as_str().expect("text"),
                    frame["delta"].as_str().expect("a delta")
                );
                *text = Value::String(grown);
            }
            _ => {}
        }
    }
    items
}

#[test]
fn the_last_event_says_what_the_others_said() {
    for (path, case) in cases() {
        let frames = frames(&stream(&case));
        let last = &frames.last().expect("an event")["response"];
        assert_eq!(
            last["output"].as_array().expect("an output"),
            &gathered(&frames),
            "{}",
            path.display()
        );
        assert_eq!(frames[0]["type"], "response.created");
        assert_eq!(frames[1]["type"], "response.in_progress");
    }
}

#[test]
fn a_stream_may_be_cut_after_any_event() {
    for (_, mut case) in cases() {
        while case.events.pop().is_some() {
            let frames = frames(&stream(&case));
            let last = frames.last().expect("an event");
            assert_eq!(last["type"], "response.incomplete");
            let reason = &last["response"]["incomplete_details"]["reason"];
            assert_eq!(reason, "max_output_tokens");
            assert_eq!(
                last["response"]["output"].as_array().expect("an output"),
                &gathered(&frames)
            );
        }
    }
}

#[test]
fn what_is_sealed_comes_back() {
    let request = br#"{"model":"m","input":"x","include":["reasoning.encrypted_content"]}"#;
    let mut writer = ResponseWriter::new(head(), Echo::of(request));
    let mut answer = Answer::default();
    for line in [
        r#"{"thought":"Let me see."}"#,
        r#"{"signature":"sig:=="}"#,
        r#"{"sealed":"opaque"}"#,
        r#"{"call":[0,"call_1","look","seal\"1"]}"#,
        r#"{"arguments":[0,"{}"]}"#,
        r#"{"finish":"calls"}"#,
    ] {
        answer.add(&events::event(&serde_json::from_str(line).expect("JSON")));
    }
    let body: Value = serde_json::from_slice(&writer.whole(&answer, None)).expect("JSON");
    let mut input = body["output"].as_array().expect("output").clone();
    input.push(serde_json::json!({"type":"function_call_output","call_id":"call_1","output":"x"}));
    let next = serde_json::json!({"model":"m","input":input}).to_string();
    let talk = read(next.as_bytes()).expect("a good request").talk;
    let parts = format!("{:?}", talk.turns[0].parts);
    for part in [
        r#"Thought { text: "Let me see.", signature: Some("sig:==") }"#,
        r#"SealedThought { data: "opaque" }"#,
        r#"seal: Some("seal\"1")"#,
    ] {
        assert!(parts.contains(part), "{parts}");
    }
    assert_eq!(talk.turns.len(), 2);
}

#[test]
fn other_answers_than_the_first_are_not_told() {
    let mut writer = ResponseWriter::new(head(), Echo::default());
    let mut out = Vec::new();
    let text = "no".into();
    writer.event(&Event::Text { choice: 1, text }, &mut out);
    let why = Finish::Stop;
    writer.event(&Event::Finish { choice: 1, why }, &mut out);
    assert!(out.is_empty());
}
