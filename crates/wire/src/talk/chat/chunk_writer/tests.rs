use super::*;
use crate::talk::{Choice, Item};

fn head() -> Head {
    Head {
        id: "gen_1".to_owned(),
        model: "a \"model\"".to_owned(),
        created: 7,
    }
}

fn text(choice: u32, text: &str) -> Event<'_> {
    Event::Text {
        choice,
        text: text.into(),
    }
}

fn call(call: u32, name: &str) -> Event<'_> {
    Event::Call {
        choice: 0,
        call,
        id: format!("call_{call}").into(),
        name: name.into(),
        seal: None,
    }
}

fn finish(why: Finish) -> Event<'static> {
    Event::Finish { choice: 0, why }
}

/// The deltas and finish reasons of the frames, as JSON.
fn frames(writer: &mut ChunkWriter, events: &[Event<'_>]) -> Vec<String> {
    let mut out = Vec::new();
    for event in events {
        writer.event(event, &mut out);
    }
    writer.close(&mut out);
    let out = String::from_utf8(out).expect("text");
    out.split_terminator("\n\n")
        .map(|frame| {
            let json = frame.strip_prefix("data: ").expect("a frame");
            let chunk: serde_json::Value = serde_json::from_str(json).expect("JSON");
            assert_eq!(chunk["id"], "gen_1");
            assert_eq!(chunk["object"], "chat.completion.chunk");
            assert_eq!(chunk["created"], 7);
            assert_eq!(chunk["model"], "a \"model\"");
            let choice = &chunk["choices"][0];
            format!(
                "{} {} {}",
                choice["index"], choice["delta"], choice["finish_reason"]
            )
        })
        .collect()
}

const FIRST: &str = r#"0 {"content":"","refusal":null,"role":"assistant"} null"#;

#[test]
fn what_is_cut_short_ends_at_its_limit() {
    let writer = || ChunkWriter::new(head(), false);
    assert_eq!(frames(&mut writer(), &[]), [FIRST, r#"0 {} "length""#]);
    assert_eq!(
        frames(&mut writer(), &[text(0, "a"), text(2, "b")]),
        [
            FIRST,
            r#"0 {"content":"a"} null"#,
            r#"2 {"content":"","refusal":null,"role":"assistant"} null"#,
            r#"2 {"content":"b"} null"#,
            r#"0 {} "length""#,
            r#"2 {} "length""#,
        ]
    );
    // Arguments that were not to be are not made up.
    assert_eq!(
        frames(&mut writer(), &[call(0, "f")])
            .last()
            .map(String::as_str),
        Some(r#"0 {} "length""#)
    );
    let mut whole = writer();
    frames(&mut whole, &[text(0, "a"), finish(Finish::Stop)]);
    let mut out = Vec::new();
    whole.close(&mut out);
    assert_eq!(out, b"");
}

#[test]
fn tools_without_arguments_get_an_object() {
    let mut writer = ChunkWriter::new(head(), false);
    let events = [
        call(0, "f"),
        call(1, "g"),
        Event::Arguments {
            choice: 0,
            call: 1,
            json: "{\"a\":1}".into(),
        },
        finish(Finish::Calls),
    ];
    assert_eq!(
        frames(&mut writer, &events)[3..],
        [
            r#"0 {"tool_calls":[{"function":{"arguments":"{\"a\":1}"},"index":1}]} null"#,
            r#"0 {"tool_calls":[{"function":{"arguments":"{}"},"index":0}]} null"#,
            r#"0 {} "tool_calls""#,
        ]
    );
}

#[test]
fn customers_with_functions_get_function_calls() {
    let mut writer = ChunkWriter::new(head(), false).with_functions();
    assert_eq!(
        frames(&mut writer, &[call(0, "f"), finish(Finish::Calls)]),
        [
            FIRST,
            r#"0 {"function_call":{"arguments":"","name":"f"}} null"#,
            r#"0 {"function_call":{"arguments":"{}"}} null"#,
            r#"0 {} "function_call""#,
        ]
    );
    let answer = Answer {
        choices: vec![Choice {
            items: vec![Item::Call {
                id: "a".to_owned(),
                name: "f".to_owned(),
                arguments: String::new(),
                seal: None,
                number: 0,
            }],
            ..Choice::default()
        }],
    };
    let body = writer.whole(&answer, None);
    let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    let choice = &body["choices"][0];
    assert_eq!(choice["message"]["function_call"]["arguments"], "{}");
    assert_eq!(choice["message"]["content"], serde_json::Value::Null);
    assert_eq!(choice["finish_reason"], "function_call");
    assert!(body.get("usage").is_none());
}

#[test]
fn finish_reasons_are_those_that_clients_know() {
    for (why, word) in [
        (Finish::Stop, "stop"),
        (Finish::StopSequence("x".to_owned()), "stop"),
        (Finish::Length, "length"),
        (Finish::Calls, "tool_calls"),
        (Finish::Filtered, "content_filter"),
    ] {
        let frames = frames(&mut ChunkWriter::new(head(), false), &[finish(why)]);
        assert_eq!(frames, [FIRST.to_owned(), format!("0 {{}} \"{word}\"")]);
    }
}

#[test]
fn thoughts_are_numbered_and_sealed_calls_keep_their_seal() {
    let thought = |text: &'static str| Event::Thought {
        choice: 0,
        text: text.into(),
    };
    let events = [
        thought("a"),
        text(0, "x"),
        thought("b"),
        Event::Signature {
            choice: 0,
            signature: "s".into(),
        },
        Event::SealedThought {
            choice: 0,
            data: "d".into(),
        },
        Event::Call {
            choice: 0,
            call: 0,
            id: "i".into(),
            name: "f".into(),
            seal: Some("g".into()),
        },
        finish(Finish::Calls),
    ];
    let frames = frames(&mut ChunkWriter::new(head(), false), &events);
    assert_eq!(
        frames[1..7],
        [
            r#"0 {"reasoning_content":"a","reasoning_details":[{"index":0,"text":"a","type":"reasoning.text"}]} null"#,
            r#"0 {"content":"x"} null"#,
            r#"0 {"reasoning_content":"b","reasoning_details":[{"index":1,"text":"b","type":"reasoning.text"}]} null"#,
            r#"0 {"reasoning_details":[{"index":1,"signature":"s","type":"reasoning.text"}]} null"#,
            r#"0 {"reasoning_details":[{"data":"d","index":2,"type":"reasoning.encrypted"}]} null"#,
            r#"0 {"tool_calls":[{"extra_content":{"google":{"thought_signature":"g"}},"function":{"arguments":"","name":"f"},"id":"i","index":0,"type":"function"}]} null"#,
        ]
    );
}

#[test]
fn usage_is_told_to_those_who_ask() {
    let usage = Usage {
        input: 1,
        cache_read: 2,
        cache_write: 3,
        cache_write_long: 4,
        audio_input: 5,
        output: 6,
        reasoning: 7,
    };
    assert_eq!(
        ChunkWriter::new(head(), false).usage_frame(Some(&usage)),
        None
    );
    let mut writer = ChunkWriter::new(head(), true);
    assert_eq!(writer.usage_frame(None), None);
    let frame = writer.usage_frame(Some(&usage)).expect("a frame");
    let json = frame
        .strip_prefix(b"data: ")
        .and_then(|frame| frame.strip_suffix(b"\n\n"))
        .expect("a frame");
    let mut finished = Vec::new();
    let finish = crate::chat::Finish {
        generation_id: "gen_2",
        amount: "0.5",
        currency: "USD",
        model: None,
        completion_tokens: None,
        counts: None,
    };
    crate::chat::completion::finish_usage_chunk(json, &finish, &mut finished);
    assert_eq!(
        String::from_utf8(finished).expect("text"),
        r#"{"id":"gen_2","object":"chat.completion.chunk","created":7,"model":"a \"model\"","choices":[],"usage":{"prompt_tokens":15,"completion_tokens":13,"total_tokens":28,"prompt_tokens_details":{"cached_tokens":2,"cache_write_tokens":7,"audio_tokens":5},"completion_tokens_details":{"reasoning_tokens":7,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0},"cost":0.5,"cost_details":{"amount":"0.5","currency":"USD","generation_id":"gen_2"}}}"#
    );
}

#[test]
fn numbers_have_their_digits() {
    for number in [0, 9, 10, 1_234_567_890, u64::MAX] {
        let mut out = Vec::new();
        push_number(number, &mut out);
        assert_eq!(out, number.to_string().as_bytes());
    }
}
