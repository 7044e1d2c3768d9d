use super::*;
use crate::sse::FrameSplitter;
use crate::talk::{Answer, Item};

/// Reads a stream, in reads of so many bytes, and gives what happened as lines.
fn read(
    stream: &str,
    step: usize,
    mut reader: MessageReader,
) -> (MessageReader, Vec<String>, Result<(), ReadFault>) {
    let mut splitter = FrameSplitter::new();
    let mut told = Vec::new();
    for bytes in stream.as_bytes().chunks(step) {
        splitter.push(bytes);
        while let Some(frame) = splitter.next_frame().unwrap() {
            if let Err(fault) = reader.frame(&frame, &mut |event| told.push(line(&event))) {
                return (reader, told, Err(fault));
            }
        }
    }
    (reader, told, Ok(()))
}

fn line(event: &Event<'_>) -> String {
    match event {
        Event::Text { text, .. } => format!("text {text}"),
        Event::Refusal { text, .. } => format!("refusal {text}"),
        Event::Thought { text, .. } => format!("thought {text}"),
        Event::Signature { signature, .. } => format!("signature {signature}"),
        Event::SealedThought { data, .. } => format!("sealed {data}"),
        Event::Call { call, id, name, .. } => format!("call {call} {id} {name}"),
        Event::Arguments { call, json, .. } => format!("arguments {call} {json}"),
        Event::Logprobs { json, .. } => format!("logprobs {json}"),
        Event::Finish { why, .. } => format!("finish {why:?}"),
    }
}

/// Frames as the provider writes them.
fn stream(payloads: &[&str]) -> String {
    let frames = payloads.iter().map(|payload| {
        let kind = payload.split('"').nth(3).unwrap();
        ["event: ", kind, "\ndata: ", payload, "\n\n"].concat()
    });
    frames.collect()
}

const START: &str = r#"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"claude-x","stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":47,"cache_creation_input_tokens":9,"cache_read_input_tokens":5,"output_tokens":2}}}"#;
const STOP: &str = r#"{"type":"message_stop"}"#;

fn delta(index: u64, delta: &str) -> String {
    format!(r#"{{"type":"content_block_delta","index":{index},"delta":{delta}}}"#)
}

fn begin(index: u64, block: &str) -> String {
    format!(r#"{{"type":"content_block_start","index":{index},"content_block":{block}}}"#)
}

fn end(index: u64) -> String {
    format!(r#"{{"type":"content_block_stop","index":{index}}}"#)
}

/// Thinking, text and two tools, with everything that is odd about the wire.
fn everything() -> String {
    let payloads = [
        START.to_owned(),
        r#"{"type":"ping"}"#.to_owned(),
        begin(0, r#"{"type":"thinking","thinking":"","signature":""}"#),
        delta(0, r#"{"type":"thinking_delta","thinking":"Hmm"}"#),
        delta(0, r#"{"type":"signature_delta","signature":"sig=="}"#),
        end(0),
        begin(1, r#"{"type":"redacted_thinking","data":"zzz"}"#),
        end(1),
        begin(2, r#"{"type":"text","text":""}"#),
        r#"{"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"Grüße \n🦀"  }          }   "#.to_owned(),
        delta(2, r#"{"type":"citations_delta","citation":{"type":"x"}}"#),
        end(2),
        begin(3, r#"{"type":"tool_use","id":"toolu_a","name":"first","input":{}}"#),
        delta(3, r#"{"type":"input_json_delta","partial_json":""}"#),
        delta(3, r#"{"type":"input_json_delta","partial_json":"{\"a\":"}"#),
        delta(3, r#"{"type":"input_json_delta","partial_json":"1}"}"#),
        end(3),
        begin(4, r#"{"type":"tool_use","id":"toolu_b","name":"second","input":{}}"#),
        delta(4, r#"{"type":"input_json_delta","partial_json":""}"#),
        end(4),
        r#"{"type":"something_new","index":5}"#.to_owned(),
        r#"{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":40,"input_tokens":48,"cache_creation":{"ephemeral_5m_input_tokens":4,"ephemeral_1h_input_tokens":5},"output_tokens_details":{"thinking_tokens":11}}}"#.to_owned(),
        STOP.to_owned(),
    ];
    let payloads: Vec<&str> = payloads.iter().map(String::as_str).collect();
    stream(&payloads)
}

#[test]
fn everything_in_a_stream_is_told_however_it_is_cut() {
    let text = everything();
    for step in [1, 2, 3, 7, 64, text.len()] {
        let (reader, told, outcome) = read(&text, step, MessageReader::new());
        assert_eq!(outcome, Ok(()));
        assert_eq!(
            told,
            [
                "thought Hmm",
                "signature vz:anthropic:sig==",
                "sealed vz:anthropic:zzz",
                "text Grüße \n🦀",
                "call 0 toolu_a first",
                "arguments 0 {\"a\":",
                "arguments 0 1}",
                "call 1 toolu_b second",
                "arguments 1 {}",
                "finish Calls",
            ]
        );
        assert!(reader.is_over() && reader.is_complete() && reader.has_begun());
        assert_eq!(reader.served_model(), Some("claude-x"));
        assert_eq!(
            reader.usage(),
            Some(Usage {
                input: 48,
                cache_read: 5,
                cache_write: 4,
                cache_write_long: 5,
                output: 29,
                reasoning: 11,
                ..Usage::default()
            })
        );
    }
}

#[test]
fn a_stream_cut_anywhere_is_not_complete_before_its_end() {
    let text = everything();
    let reason = text.find("event: message_delta").unwrap();
    let told = text[reason..].find("\n\n").unwrap() + reason + 2;
    for cut in 0..=text.len() {
        if !text.is_char_boundary(cut) {
            continue;
        }
        let (reader, _, outcome) = read(&text[..cut], 4096, MessageReader::new());
        assert_eq!(outcome, Ok(()), "cut at {cut}");
        assert_eq!(reader.is_complete(), cut >= told, "cut at {cut}");
        assert_eq!(reader.is_over(), cut == text.len(), "cut at {cut}");
    }
}

#[test]
fn mutated_streams_never_panic_and_never_finish_twice() {
    let text = everything().into_bytes();
    let mut seed: u64 = 7;
    for _ in 0..4_000 {
        let mut bytes = text.clone();
        for _ in 0..3 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = usize::try_from(seed >> 33).unwrap() % bytes.len();
            bytes[at] = b"{}[]\",:0nx\\\n\xff"[usize::try_from(seed >> 20).unwrap() % 13];
        }
        let mut splitter = FrameSplitter::new();
        splitter.push(&bytes);
        let mut reader = MessageReader::new();
        let mut finished = 0;
        while let Ok(Some(frame)) = splitter.next_frame() {
            let outcome = reader.frame(&frame, &mut |event| {
                finished += usize::from(matches!(event, Event::Finish { .. }));
            });
            if outcome.is_err() {
                break;
            }
        }
        assert!(finished <= 1);
        let _whole = MessageReader::new().whole(&bytes, &mut |_| {});
    }
}

/// Streams of a beginning, these payloads and an end, with what is counted.
fn counted(payloads: &[&str], reader: MessageReader) -> Option<Usage> {
    let (reader, _, outcome) = read(&stream(payloads), 512, reader);
    assert_eq!(outcome, Ok(()));
    reader.usage()
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn usage_is_replaced_and_never_added() {
    let usage = |json: &str| {
        format!(r#"{{"type":"message_delta","delta":{{"stop_reason":"end_turn"}},"usage":{json}}}"#)
    };
    let of = |input, cache_read, cache_write, cache_write_long, output, reasoning| {
        Some(Usage {
            input,
            cache_read,
            cache_write,
            cache_write_long,
            audio_input: 0,
            output,
            reasoning,
        })
    };
    let cases: &[(&[&str], Option<Usage>)] = &[
        // What the end leaves out, the beginning has said.
        (&[r#"{"output_tokens":15}"#], of(47, 5, 9, 0, 15, 0)),
        (
            &[r#"{"output_tokens":15,"input_tokens":null}"#],
            of(47, 5, 9, 0, 15, 0),
        ),
        (
            &[
                r#"{"output_tokens":15,"input_tokens":12,"cache_read_input_tokens":0,"cache_creation_input_tokens":0}"#,
            ],
            of(12, 0, 0, 0, 15, 0),
        ),
        // Several snapshots are cumulative.
        (
            &[r#"{"output_tokens":15}"#, r#"{"output_tokens":20}"#],
            of(47, 5, 9, 0, 20, 0),
        ),
        (&[r#"{"output_tokens":0}"#], of(47, 5, 9, 0, 0, 0)),
        // Parts of the writes, whichever way they are stated.
        (
            &[r#"{"output_tokens":1,"cache_creation":{"ephemeral_1h_input_tokens":9}}"#],
            of(47, 5, 0, 9, 1, 0),
        ),
        (
            &[
                r#"{"output_tokens":1,"cache_creation":{"ephemeral_5m_input_tokens":6,"ephemeral_1h_input_tokens":6}}"#,
            ],
            of(47, 5, 6, 6, 1, 0),
        ),
        (
            &[
                r#"{"output_tokens":1,"cache_creation_input_tokens":12,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":5}}"#,
            ],
            of(47, 5, 7, 5, 1, 0),
        ),
        // Thoughts are inside the output, and never more than it.
        (
            &[r#"{"output_tokens":10,"output_tokens_details":{"thinking_tokens":4}}"#],
            of(47, 5, 9, 0, 6, 4),
        ),
        (
            &[r#"{"output_tokens":3,"output_tokens_details":{"thinking_tokens":4}}"#],
            of(47, 5, 9, 0, 0, 3),
        ),
        (
            &[
                r#"{"output_tokens":12.0,"server_tool_use":{"web_search_requests":0},"iterations":[]}"#,
            ],
            of(47, 5, 9, 0, 12, 0),
        ),
        // No count at the end: the placeholder stands for what was said, here nothing.
        (&["{}"], of(47, 5, 9, 0, 2, 0)),
    ];
    for (ends, expected) in cases {
        let mut payloads = vec![START.to_owned()];
        payloads.extend(ends.iter().map(|end| usage(end)));
        payloads.push(STOP.to_owned());
        let payloads: Vec<&str> = payloads.iter().map(String::as_str).collect();
        assert_eq!(
            counted(&payloads, MessageReader::new()),
            *expected,
            "{ends:?}"
        );
    }
    let written = of(47, 5, 0, 9, 15, 0);
    let end = usage(r#"{"output_tokens":15}"#);
    let payloads = [START, end.as_str(), START, STOP];
    let reader = MessageReader::new().with_long_cache(true);
    // A beginning that comes again after the end says nothing new.
    assert_eq!(counted(&payloads, reader), written);
    assert_eq!(
        counted(
            &[r#"{"type":"message_start","message":{}}"#, STOP],
            MessageReader::new()
        ),
        None
    );
}

#[test]
fn an_answer_that_breaks_off_counts_what_was_said() {
    let text = "x".repeat(400);
    let said = delta(0, &format!(r#"{{"type":"text_delta","text":"{text}"}}"#));
    let open = begin(0, r#"{"type":"text","text":""}"#);
    let usage = counted(&[START, open.as_str(), said.as_str()], MessageReader::new());
    let usage = usage.unwrap();
    assert_eq!((usage.input, usage.output), (47, 100));
}

#[test]
fn every_reason_of_an_end() {
    for (reason, sequence, expected) in [
        ("end_turn", "null", Finish::Stop),
        ("max_tokens", "null", Finish::Length),
        ("model_context_window_exceeded", "null", Finish::Length),
        (
            "stop_sequence",
            "\"END\"",
            Finish::StopSequence("END".to_owned()),
        ),
        ("stop_sequence", "null", Finish::Stop),
        ("tool_use", "null", Finish::Calls),
        ("pause_turn", "null", Finish::Stop),
        ("refusal", "null", Finish::Filtered),
        ("something_new", "null", Finish::Stop),
    ] {
        let end = format!(
            r#"{{"type":"message_delta","delta":{{"stop_reason":"{reason}","stop_sequence":{sequence}}},"usage":{{"output_tokens":1}}}}"#
        );
        let (reader, told, _) = read(&stream(&[START, &end, STOP]), 99, MessageReader::new());
        assert_eq!(told, [format!("finish {expected:?}")]);
        assert!(reader.is_complete());
    }
}

#[test]
fn errors_are_told_whatever_they_look_like() {
    for (payload, kind) in [
        (
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
            Some("overloaded_error"),
        ),
        (
            r#"{"error":{"type":"api_error","message":"Overloaded"}}"#,
            Some("api_error"),
        ),
        (r#"{"type":"error"}"#, None),
    ] {
        let frames = format!("event: error\ndata: {payload}\n\n");
        let (_, _, outcome) = read(&frames, 99, MessageReader::new());
        match outcome {
            Err(ReadFault::Stated(fault)) => assert_eq!(fault.kind.as_deref(), kind),
            other => panic!("{payload}: {other:?}"),
        }
    }
    let (_, _, outcome) = read("data: {\"type\":\n\n", 99, MessageReader::new());
    assert_eq!(outcome, Err(NOT_JSON));
}

#[test]
fn a_beginning_that_holds_the_answer_is_the_answer() {
    let start = START.replace(
        r#""content":[]"#,
        r#""content":[{"type":"text","text":"Hi"}]"#,
    );
    let end = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}}"#;
    let (_, told, _) = read(&stream(&[&start, end, STOP]), 99, MessageReader::new());
    assert_eq!(told, ["text Hi", "finish Stop"]);
    // Where blocks come as well, they are the answer.
    let block = begin(0, r#"{"type":"text","text":""}"#);
    let piece = delta(0, r#"{"type":"text_delta","text":"Hello"}"#);
    let (_, told, _) = read(
        &stream(&[&start, &block, &piece, end, STOP]),
        99,
        MessageReader::new(),
    );
    assert_eq!(told, ["text Hello", "finish Stop"]);
}

#[test]
fn the_arguments_of_the_answer_tool_are_the_answer() {
    let payloads = [
        START.to_owned(),
        begin(0, r#"{"type":"tool_use","id":"toolu_a","name":"json_answer","input":{}}"#),
        delta(0, r#"{"type":"input_json_delta","partial_json":""}"#),
        delta(0, r#"{"type":"input_json_delta","partial_json":"{\"a\":1}"}"#),
        end(0),
        r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":9}}"#.to_owned(),
        STOP.to_owned(),
    ];
    let payloads: Vec<&str> = payloads.iter().map(String::as_str).collect();
    let reader = MessageReader::new().with_answer_tool(Some("json_answer"));
    let (_, told, _) = read(&stream(&payloads), 50, reader);
    assert_eq!(told, ["text {\"a\":1}", "finish Stop"]);
}

#[test]
fn a_whole_message_is_the_same_answer() {
    let body = br#"{"id":"msg_01","type":"message","role":"assistant","model":"claude-x","content":[
        {"type":"thinking","thinking":"Hmm","signature":"s"},{"type":"redacted_thinking","data":"d"},
        {"type":"text","text":"Hi"},{"type":"tool_use","id":"toolu_1","name":"f","input":{"a":[1]}},
        {"type":"server_tool_use","id":"x","name":"web_search","input":{}}],
        "stop_reason":"tool_use","stop_sequence":null,"stop_details":null,
        "usage":{"input_tokens":21,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":6,"output_tokens_details":{"thinking_tokens":2}}}"#;
    let mut reader = MessageReader::new();
    let mut answer = Answer::default();
    reader.whole(body, &mut |event| answer.add(&event)).unwrap();
    assert_eq!(answer.choices.len(), 1);
    let choice = &answer.choices[0];
    assert_eq!(choice.why, Some(Finish::Calls));
    assert_eq!(
        choice.items,
        [
            Item::Thought {
                text: "Hmm".to_owned(),
                signature: Some("vz:anthropic:s".to_owned())
            },
            Item::SealedThought("vz:anthropic:d".to_owned()),
            Item::Text("Hi".to_owned()),
            Item::Call {
                id: "toolu_1".to_owned(),
                name: "f".to_owned(),
                arguments: r#"{"a":[1]}"#.to_owned(),
                seal: None,
                number: 0,
            },
        ]
    );
    let usage = reader.usage().unwrap();
    assert_eq!((usage.input, usage.output, usage.reasoning), (21, 4, 2));
}

#[test]
fn a_body_that_is_no_message_is_told_apart() {
    for body in [
        "",
        "{}",
        "[]",
        "<html>",
        "{\"content\":1}",
        "{\"content\":[1]}",
        "null",
    ] {
        let outcome = MessageReader::new().whole(body.as_bytes(), &mut |_| {});
        assert_eq!(outcome, Err(NOT_A_MESSAGE), "{body}");
    }
    let refused = br#"{"type":"error","error":{"type":"invalid_request_error","message":"No."}}"#;
    let outcome = MessageReader::new().whole(refused, &mut |_| {});
    assert!(matches!(outcome, Err(ReadFault::Stated(fault)) if fault.message == "No."));
    // A refusal has no content at all.
    let refusal = br#"{"type":"message","content":[],"stop_reason":"refusal","usage":{"input_tokens":3,"output_tokens":0}}"#;
    let mut told = Vec::new();
    let mut reader = MessageReader::new();
    reader
        .whole(refusal, &mut |event| told.push(line(&event)))
        .unwrap();
    assert_eq!(told, ["finish Filtered"]);
}
