use super::*;
use crate::sse::FrameSplitter;

fn read(reader: &mut ChunkReader, data: &str) -> (Vec<String>, Result<(), ReadFault>) {
    let mut splitter = FrameSplitter::new();
    splitter.push(format!("data: {data}\n\n").as_bytes());
    let frame = splitter.next_frame().expect("short").expect("whole");
    let mut seen = Vec::new();
    let read = reader.frame(&frame, &mut |event| seen.push(format!("{event:?}")));
    (seen, read)
}

fn whole(body: &str) -> Result<Vec<String>, ReadFault> {
    let mut seen = Vec::new();
    ChunkReader::new(1).whole(body.as_bytes(), &mut |event| {
        seen.push(format!("{event:?}"));
    })?;
    Ok(seen)
}

#[test]
fn errors_in_all_shapes_end_the_answer() {
    for (data, message, code) in [
        (
            r#"{"error":{"message":"m","type":"t","param":null,"code":"c"}}"#,
            "m",
            Some("c"),
        ),
        (
            r#"{"code":"unavailable","error":"The service is currently unavailable"}"#,
            "The service is currently unavailable",
            Some("unavailable"),
        ),
        (
            r#"{"id":"gen-1","error":{"code":"server_error","message":"Provider disconnected"},"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"error"}]}"#,
            "Provider disconnected",
            Some("server_error"),
        ),
        (
            r#"{"id":"gen-1","error":{"code":502,"message":"m"},"choices":[]}"#,
            "m",
            Some("502"),
        ),
        (
            r#"{"choices":[{"index":0,"delta":{},"finish_reason":"error","error":{"code":502,"message":"inner"}}]}"#,
            "inner",
            Some("502"),
        ),
        (
            r#"{"object":"error","message":"vllm","code":400}"#,
            "vllm",
            Some("400"),
        ),
    ] {
        for outcome in [
            read(&mut ChunkReader::new(1), data),
            (Vec::new(), whole(data).map(drop)),
        ] {
            assert_eq!(outcome.0, Vec::<String>::new(), "{data}");
            let Err(ReadFault::Stated(fault)) = outcome.1 else {
                panic!("{data}: {:?}", outcome.1);
            };
            assert_eq!(
                (fault.message.as_str(), fault.code.as_deref()),
                (message, code)
            );
        }
    }
}

#[test]
fn words_about_errors_are_no_errors() {
    let data =
        r#"{"choices":[{"index":0,"delta":{"content":"\"error\": {\"message\"}"}}],"error":null}"#;
    let (seen, read) = read(&mut ChunkReader::new(1), data);
    assert_eq!((seen.len(), read), (1, Ok(())));
}

#[test]
fn what_the_wire_does_not_know_is_garbled_or_nothing() {
    for body in [
        "",
        "[]",
        "<html>502</html>",
        "{}",
        r#"{"choices":["#,
        "null",
    ] {
        assert!(matches!(whole(body), Err(ReadFault::Garbled(_))), "{body}");
    }
    for data in ["[]", "{", "x", r#"{"choices":[{"delta":{]}"#] {
        let (_, read) = read(&mut ChunkReader::new(1), data);
        assert!(matches!(read, Err(ReadFault::Garbled(_))), "{data}");
    }
    for data in [
        "{}",
        r#"{"choices":[]}"#,
        r#"{"choices":[7,{"index":-1,"delta":null},{"delta":{"content":["x",{"type":"y"}]}}]}"#,
        r#"{"choices":[{"index":4000000,"delta":{"content":"far"}}]}"#,
        r#"{"choices":[{"delta":{"tool_calls":[1,{}],"reasoning":7,"reasoning_details":[0]}}]}"#,
    ] {
        let mut reader = ChunkReader::new(1);
        assert_eq!(read(&mut reader, data), (Vec::new(), Ok(())), "{data}");
        assert!(!reader.is_complete() && !reader.is_over());
    }
}

/// The calls that fragments come to, as `number id name arguments`.
fn calls(fragments: &[&str]) -> Vec<String> {
    let mut reader = ChunkReader::new(1);
    let mut answer = crate::talk::Answer::default();
    let mut splitter = FrameSplitter::new();
    for fragment in fragments {
        let data = format!(
            "data: {{\"id\":\"a\",\"choices\":[{{\"index\":0,\"delta\":{{\"tool_calls\":[{fragment}]}}}}]}}\n\n"
        );
        splitter.push(data.as_bytes());
    }
    splitter.push(b"data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n");
    while let Some(frame) = splitter.next_frame().expect("short") {
        let read = reader.frame(&frame, &mut |event| answer.add(&event));
        assert_eq!(read, Ok(()));
    }
    let items = answer.choices[0].items.iter();
    items
        .map(|item| match item {
            crate::talk::Item::Call {
                id,
                name,
                arguments,
                number,
                ..
            } => format!("{number} {id} {name} {arguments}"),
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn calls_are_told_apart_whatever_names_them() {
    let whole = |id: &str, name: &str| {
        format!(
            r#"{{"index":0,"id":"{id}","type":"function","function":{{"name":"{name}","arguments":"{{}}"}}}}"#
        )
    };
    // Every call under the same index.
    assert_eq!(
        calls(&[&whole("a", "f"), &whole("b", "g")]),
        ["0 a f {}", "1 b g {}"]
    );
    // Indexes with gaps, interleaved.
    assert_eq!(
        calls(&[
            r#"{"index":1,"id":"a","function":{"name":"f","arguments":"{"}}"#,
            r#"{"index":3,"id":"b","function":{"name":"g"}}"#,
            r#"{"index":1,"function":{"arguments":"}"}},{"index":3,"function":{"arguments":"{}"}}"#,
        ]),
        ["0 a f {}", "1 b g {}"]
    );
    // Without index; id and name repeated in every fragment.
    assert_eq!(
        calls(&[
            r#"{"id":"a","function":{"name":"f","arguments":"{"}}"#,
            r#"{"id":"a","function":{"name":"f","arguments":"}"}}"#,
            r#"{"function":{"arguments":" "}}"#,
        ]),
        ["0 a f {} "]
    );
    // Without index and id; arguments as JSON; null arguments.
    assert_eq!(
        calls(&[
            r#"{"function":{"name":"f","arguments":{"a":[1]}}}"#,
            r#"{"id":"","function":{"name":"f","arguments":null}}"#,
        ]),
        [r#"0 call_a_0_0 f {"a":[1]}"#, "1 call_a_0_1 f "]
    );
    // Arguments before the name, and a call that never gets one.
    assert_eq!(
        calls(&[
            r#"{"index":0,"id":"a","function":{"arguments":"{"}}"#,
            r#"{"index":0,"function":{"name":"f","arguments":"}"}}"#,
            r#"{"index":1,"id":"b","function":{"arguments":"{}"}}"#,
        ]),
        ["0 a f {}", "1 b unnamed {}"]
    );
}

#[test]
fn legacy_calls_are_calls() {
    let mut reader = ChunkReader::new(1);
    let (first, _) = read(
        &mut reader,
        r#"{"id":"x","choices":[{"index":0,"delta":{"function_call":{"name":"f","arguments":""}}}]}"#,
    );
    let (then, _) = read(
        &mut reader,
        r#"{"choices":[{"index":0,"delta":{"function_call":{"arguments":"{}"}},"finish_reason":"function_call"}]}"#,
    );
    assert_eq!(
        first,
        [r#"Call { choice: 0, call: 0, id: "call_x_0_0", name: "f", seal: None }"#]
    );
    assert_eq!(
        then,
        [
            r#"Arguments { choice: 0, call: 0, json: "{}" }"#,
            "Finish { choice: 0, why: Calls }"
        ]
    );
}

#[test]
fn thoughts_under_both_names_are_told_once() {
    let data = r#"{"choices":[{"delta":{"content":"c","reasoning":"t","reasoning_content":"t"}}]}"#;
    let (seen, _) = read(&mut ChunkReader::new(1), data);
    assert_eq!(
        seen,
        [
            r#"Thought { choice: 0, text: "t" }"#,
            r#"Text { choice: 0, text: "c" }"#
        ]
    );
}

#[test]
fn finish_reasons_come_in_every_shade() {
    for (reason, calls, why) in [
        ("\"stop\"", false, "Stop"),
        ("\"stop\"", true, "Calls"),
        ("\"length\"", true, "Length"),
        ("\"tool_calls\"", true, "Calls"),
        ("\"function_call\"", false, "Calls"),
        ("\"content_filter\"", false, "Filtered"),
        ("\"end_turn\"", false, "Stop"),
        ("\"\"", true, "Calls"),
        ("\"\"", false, "Stop"),
        ("null", false, "Stop"),
    ] {
        let call = r#","tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}]"#;
        let call = if calls { call } else { "" };
        let body = format!(
            r#"{{"choices":[{{"message":{{"content":"x"{call}}},"finish_reason":{reason}}}]}}"#
        );
        let seen = whole(&body).expect("an answer");
        let expected = format!("Finish {{ choice: 0, why: {why} }}");
        assert_eq!(seen.last(), Some(&expected), "{reason} {calls}");
    }
}

#[test]
fn answers_without_a_number_are_numbered_in_a_whole_body() {
    let body = r#"{"choices":[{"message":{"content":"a"}},{"message":{"content":[{"type":"text","text":"b"}]}}]}"#;
    assert_eq!(
        whole(body).expect("an answer"),
        [
            r#"Text { choice: 0, text: "a" }"#,
            "Finish { choice: 0, why: Stop }",
            r#"Text { choice: 1, text: "b" }"#,
            "Finish { choice: 1, why: Stop }"
        ]
    );
}

#[test]
fn usage_is_disjoint_and_the_highest_snapshot_stands() {
    let usage = |stated: &str| {
        let mut reader = ChunkReader::new(1);
        for usage in stated.split('|') {
            let (_, read) = read(&mut reader, &format!(r#"{{"choices":[],"usage":{usage}}}"#));
            assert_eq!(read, Ok(()));
        }
        reader
            .usage()
            .map(|usage| (usage.input, usage.cache_read, usage.output, usage.reasoning))
    };
    for (stated, expected) in [
        (
            r#"{"prompt_tokens":9,"completion_tokens":2}"#,
            Some((9, 0, 2, 0)),
        ),
        (
            r#"{"prompt_tokens":9,"total_tokens":11}"#,
            Some((9, 0, 2, 0)),
        ),
        (
            r#"{"completion_tokens":2,"total_tokens":11}"#,
            Some((9, 0, 2, 0)),
        ),
        (r#"{"total_tokens":11}"#, None),
        ("null", None),
        ("{}", None),
        (
            r#"{"prompt_tokens":9,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":12},"completion_tokens_details":{"reasoning_tokens":5}}"#,
            Some((0, 9, 0, 2)),
        ),
        (
            r#"{"prompt_tokens":9,"completion_tokens":1}|{"prompt_tokens":9,"completion_tokens":7}|{"prompt_tokens":9,"completion_tokens":3}"#,
            Some((9, 0, 7, 0)),
        ),
        (
            r#"{"prompt_tokens":0,"completion_tokens":0}"#,
            Some((0, 0, 0, 0)),
        ),
    ] {
        assert_eq!(usage(stated), expected, "{stated}");
    }
}
