use std::borrow::Cow;

use super::*;
use crate::sse::FrameSplitter;
use crate::talk::messages::MessageReader;
use crate::talk::{Reader, Usage};

fn head() -> Head {
    Head {
        id: "gen_1".to_owned(),
        model: "fast \"one\"".to_owned(),
        created: 1,
    }
}

fn text(text: &str) -> Event<'_> {
    Event::Text {
        choice: 0,
        text: Cow::Borrowed(text),
    }
}

fn call<'a>(call: u32, id: &'a str, name: &'a str) -> Event<'a> {
    Event::Call {
        choice: 0,
        call,
        id: Cow::Borrowed(id),
        name: Cow::Borrowed(name),
        seal: None,
    }
}

fn arguments(call: u32, json: &str) -> Event<'_> {
    Event::Arguments {
        choice: 0,
        call,
        json: Cow::Borrowed(json),
    }
}

fn finish(why: Finish) -> Event<'static> {
    Event::Finish { choice: 0, why }
}

/// What a stream of these events comes to, and its usage frame.
fn stream(events: &[Event<'_>], usage: Option<&Usage>) -> (String, String) {
    let mut writer = MessageWriter::new(head());
    let mut out = Vec::new();
    for event in events {
        writer.event(event, &mut out);
    }
    writer.close(&mut out);
    let frame = writer.usage_frame(usage).unwrap();
    (
        String::from_utf8(out).unwrap(),
        String::from_utf8(frame).unwrap(),
    )
}

const BEGIN: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"gen_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"fast \\\"one\\\"\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":0,\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,\"cache_creation\":{\"ephemeral_5m_input_tokens\":0,\"ephemeral_1h_input_tokens\":0},\"output_tokens\":0,\"output_tokens_details\":{\"thinking_tokens\":0},\"service_tier\":\"standard\"}}}\n\n";

#[test]
fn text_is_one_block() {
    let usage = Usage {
        input: 10,
        cache_read: 3,
        cache_write: 2,
        cache_write_long: 1,
        audio_input: 4,
        output: 5,
        reasoning: 6,
    };
    let events = [text("Hi"), text(" \"you\"\n"), finish(Finish::Stop)];
    let (out, frame) = stream(&events, Some(&usage));
    let expected = [
        BEGIN,
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hi\"}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" \\\"you\\\"\\n\"}}\n\n",
        "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
    ];
    assert_eq!(out, expected.concat());
    assert_eq!(
        frame,
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"input_tokens\":14,\"cache_creation_input_tokens\":3,\"cache_read_input_tokens\":3,\"cache_creation\":{\"ephemeral_5m_input_tokens\":2,\"ephemeral_1h_input_tokens\":1},\"output_tokens\":11,\"output_tokens_details\":{\"thinking_tokens\":6},\"service_tier\":\"standard\"}}\n\n"
    );
}

#[test]
fn an_answer_without_anything_and_one_cut_short_are_closed() {
    let (out, frame) = stream(&[], None);
    assert_eq!(out, BEGIN);
    assert!(frame.contains("\"stop_reason\":\"max_tokens\""));
    // Where nobody counted, the counts of the bill can come.
    assert!(!frame.contains("usage"), "{frame}");
    let (out, frame) = stream(&[text("Hi")], None);
    assert!(out.ends_with(
        "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
    ));
    assert!(frame.contains("\"stop_reason\":\"max_tokens\""));
    let (_, frame) = stream(
        &[text("Hi"), finish(Finish::StopSequence("X\"".to_owned()))],
        None,
    );
    assert!(frame.contains(r#""stop_reason":"stop_sequence","stop_sequence":"X\"""#));
}

/// The blocks of a stream in a few words, checked for the order that the wire wants.
fn blocks(out: &str) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    let mut open = None;
    for frame in out.split_terminator("\n\n") {
        let (event, data) = frame.split_once("\ndata: ").unwrap();
        let event = event.strip_prefix("event: ").unwrap();
        let data: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!(data["type"], event);
        match event {
            "content_block_start" => {
                assert_eq!(open, None, "{out}");
                assert_eq!(data["index"], blocks.len());
                open = Some(blocks.len());
                let block = &data["content_block"];
                let kind = block["type"].as_str().unwrap();
                blocks.push(match kind {
                    "tool_use" => {
                        assert_eq!(block["input"], serde_json::json!({}));
                        format!(
                            "{} {}: ",
                            block["id"].as_str().unwrap(),
                            block["name"].as_str().unwrap()
                        )
                    }
                    "redacted_thinking" => format!("sealed: {}", block["data"].as_str().unwrap()),
                    kind => format!("{kind}: "),
                });
            }
            "content_block_delta" => {
                let index = open.expect("an open block");
                assert_eq!(data["index"], index);
                let delta = &data["delta"];
                let piece = ["text", "thinking", "partial_json", "signature"]
                    .iter()
                    .find_map(|name| delta[*name].as_str())
                    .unwrap();
                blocks[index].push_str(piece);
            }
            "content_block_stop" => assert_eq!(data["index"], open.take().unwrap()),
            other => assert_eq!(other, "message_start"),
        }
    }
    assert_eq!(open, None, "{out}");
    blocks
}

#[test]
fn blocks_follow_each_other_whatever_the_provider_mixes() {
    let events = [
        Event::Thought {
            choice: 0,
            text: "Hmm".into(),
        },
        Event::Signature {
            choice: 0,
            signature: "sig".into(),
        },
        Event::SealedThought {
            choice: 0,
            data: "zzz".into(),
        },
        text("Hi"),
        call(0, "call|1.a", "first"),
        call(1, "call_2", "second"),
        arguments(1, "{\"b\":"),
        arguments(0, "{\"a\":\"}\\\""),
        arguments(1, "2}"),
        arguments(0, "\"}"),
        call(2, "call_3", "third"),
        arguments(2, "{}"),
        text(" bye"),
        finish(Finish::Stop),
    ];
    let (out, frame) = stream(&events, None);
    assert_eq!(
        blocks(&out),
        [
            "thinking: Hmmsig",
            "sealed: zzz",
            "text: Hi",
            "call_1_a first: {\"a\":\"}\\\"\"}",
            "call_2 second: {\"b\":2}",
            "call_3 third: {}",
            "text:  bye",
        ]
    );
    assert!(frame.contains("\"stop_reason\":\"tool_use\""));
}

#[test]
fn calls_without_arguments_and_unfinished_ones_are_still_blocks() {
    let events = [
        call(0, "a", "first"),
        call(1, "b", "second"),
        arguments(1, "{\"x\""),
    ];
    let (out, _) = stream(&events, None);
    assert_eq!(blocks(&out), ["a first: ", "b second: {\"x\""]);
    // A thought of which only the signature is told has a block as well.
    let events = [
        Event::Signature {
            choice: 0,
            signature: "s".into(),
        },
        text("Hi"),
    ];
    assert_eq!(
        blocks(&stream(&events, None).0),
        ["thinking: s", "text: Hi"]
    );
    // Another answer has no place.
    let events = [
        text("Hi"),
        Event::Text {
            choice: 1,
            text: "no".into(),
        },
    ];
    assert_eq!(blocks(&stream(&events, None).0), ["text: Hi"]);
}

#[test]
fn what_is_written_reads_as_what_was_told() {
    let events = [
        Event::Thought {
            choice: 0,
            text: "Hmm".into(),
        },
        Event::Signature {
            choice: 0,
            signature: "vz:google:sig".into(),
        },
        text("Hi"),
        call(0, "a", "first"),
        arguments(0, "{\"a\":1}"),
        finish(Finish::Calls),
    ];
    let usage = Usage {
        input: 10,
        output: 3,
        reasoning: 2,
        ..Usage::default()
    };
    let (mut out, frame) = stream(&events, Some(&usage));
    out.push_str(&frame);
    out.push_str("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
    let mut splitter = FrameSplitter::new();
    splitter.push(out.as_bytes());
    let mut reader = MessageReader::new();
    let (mut answer, mut before) = (Answer::default(), Answer::default());
    while let Some(frame) = splitter.next_frame().unwrap() {
        reader
            .frame(&frame, &mut |event| answer.add(&event))
            .unwrap();
    }
    for event in &events {
        before.add(event);
    }
    assert_eq!(answer, before);
    assert_eq!(reader.usage(), Some(usage));
    let body = MessageWriter::new(head()).whole(&answer, Some(&usage));
    let mut again = Answer::default();
    let mut reader = MessageReader::new();
    reader.whole(&body, &mut |event| again.add(&event)).unwrap();
    assert_eq!(again, before);
    assert_eq!(reader.usage(), Some(usage));
}

#[test]
fn a_whole_message_has_everything_that_clients_look_for() {
    let mut answer = Answer::default();
    for event in [
        text("Hi"),
        call(0, "x", "f"),
        arguments(0, "{\"cut"),
        finish(Finish::Length),
    ] {
        answer.add(&event);
    }
    let body = MessageWriter::new(head()).whole(&answer, None);
    assert_eq!(
        String::from_utf8(body).unwrap(),
        r#"{"id":"gen_1","type":"message","role":"assistant","model":"fast \"one\"","content":[{"type":"text","text":"Hi"},{"type":"tool_use","id":"x","name":"f","input":{"INVALID_JSON":"{\"cut"}}],"stop_reason":"max_tokens","stop_sequence":null}"#
    );
    let body = MessageWriter::new(head()).whole(&Answer::default(), None);
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["content"], serde_json::json!([]));
    let told = MessageWriter::new(head()).whole(&answer, Some(&Usage::default()));
    let told: serde_json::Value = serde_json::from_slice(&told).unwrap();
    assert_eq!(told["usage"]["output_tokens"], 0);
}
