use super::*;

/// A stream with all that may be in one, cut by its events.
pub(super) const EVENTS: [&str; 21] = [
    r#"{"type":"response.created","sequence_number":0,"response":{"id":"resp_1","object":"response","status":"in_progress","incomplete_details":null,"model":"gpt-x-2026","output":[],"metadata":{},"store":false,"usage":null}}"#,
    r#"{"type":"response.in_progress","sequence_number":1,"response":{"id":"resp_1","status":"in_progress","output":[]}}"#,
    r#"{"type":"response.output_item.added","sequence_number":2,"output_index":0,"item":{"id":"rs_1","type":"reasoning","encrypted_content":"gAAA","summary":[]}}"#,
    r#"{"type":"response.reasoning_summary_part.added","sequence_number":3,"item_id":"rs_1","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}}"#,
    r#"{"type":"response.reasoning_summary_text.delta","sequence_number":4,"item_id":"rs_1","output_index":0,"summary_index":0,"delta":"Hm \"so\""}"#,
    r#"{"type":"response.output_item.done","sequence_number":5,"output_index":0,"item":{"id":"rs_1","type":"reasoning","encrypted_content":"gAAAfull","summary":[{"type":"summary_text","text":"Hm \"so\""}]}}"#,
    r#"{"type":"response.output_item.added","sequence_number":6,"output_index":1,"item":{"id":"msg_1","type":"message","status":"in_progress","content":[],"role":"assistant"}}"#,
    r#"{"type":"response.content_part.added","sequence_number":7,"item_id":"msg_1","output_index":1,"content_index":0,"part":{"type":"output_text","annotations":[],"text":""}}"#,
    r#"{"type":"response.output_text.delta","sequence_number":8,"item_id":"msg_1","output_index":1,"content_index":0,"delta":"Gr\u00fc","logprobs":[],"obfuscation":"abc"}"#,
    r#"{"type":"response.output_text.delta","sequence_number":9,"item_id":"msg_1","output_index":1,"content_index":0,"delta":"ße"}"#,
    r#"{"type":"response.refusal.delta","sequence_number":10,"item_id":"msg_1","output_index":1,"content_index":1,"delta":"No."}"#,
    r#"{"type":"response.output_item.added","sequence_number":11,"output_index":2,"item":{"id":"fc_1","type":"function_call","status":"in_progress","arguments":"","call_id":"call_1","name":"look"}}"#,
    r#"{"type":"response.function_call_arguments.delta","sequence_number":12,"item_id":"fc_1","output_index":2,"delta":"{\"at\":"}"#,
    r#"{"type":"response.output_item.added","sequence_number":13,"output_index":3,"item":{"id":"ctc_1","type":"custom_tool_call","status":"in_progress","input":"","call_id":"call_2","name":"run"}}"#,
    r#"{"type":"response.custom_tool_call_input.delta","sequence_number":14,"item_id":"ctc_1","output_index":3,"delta":"ls"}"#,
    r#"{"type":"response.output_item.added","sequence_number":15,"output_index":4,"item":{"id":"rs_2","type":"reasoning","summary":[]}}"#,
    r#"{"type":"response.reasoning_summary_text.delta","sequence_number":16,"item_id":"rs_2","output_index":4,"summary_index":0,"delta":"One"}"#,
    r#"{"type":"response.reasoning_summary_text.delta","sequence_number":17,"item_id":"rs_2","output_index":4,"summary_index":1,"delta":"Two"}"#,
    r#"{"type":"response.audio.delta","sequence_number":18,"response_id":"resp_1","delta":"QUJD"}"#,
    r#"{"type":"response.new_kind","sequence_number":19,"anything":{"response":{"id":"resp_1"}}}"#,
    r#"{"type":"response.reasoning_text.delta","sequence_number":20,"item_id":"rs_9","output_index":9,"content_index":0,"delta":"lost"}"#,
];

const LAST: &str = r#"{"type":"response.completed","sequence_number":21,"response":{"id":"resp_1","status":"completed","error":null,"model":"gpt-x-2026","service_tier":"default","output":[{"type":"message","content":[{"type":"output_text","text":"abc","annotations":[]},{"type":"refusal","refusal":"de"}]},{"type":"reasoning","summary":[{"type":"summary_text","text":"f"}],"encrypted_content":"gAAAA"},{"type":"function_call","arguments":"{}"},{"type":"custom_tool_call","input":"g"}],"usage":{"input_tokens":100,"input_tokens_details":{"cached_tokens":40,"cache_write_tokens":8},"output_tokens":50,"output_tokens_details":{"reasoning_tokens":30},"total_tokens":150}}}"#;

fn rewritten(body: &str, change: &Change<'_>) -> String {
    String::from_utf8(rewrite(body.as_bytes(), change).unwrap()).unwrap()
}

const PLAIN: Change<'static> = Change {
    model: "gpt-x",
    output_limit: None,
    service_tier: None,
    reasons: false,
};

#[test]
fn a_request_changes_where_it_must_and_nowhere_else() {
    for (body, expected) in [
        (
            r#"{ "model" : "m", "input":"x" }"#,
            r#"{ "model" : "gpt-x", "input":"x","store":false }"#,
        ),
        (
            r#"{"store":true,"models":["a"],"input":"x","sim":{},"model":"m","service_tier":"auto","metadata":{"a":"b"},"background":false,"new":{"x" : 1}}"#,
            r#"{"store":false,"input":"x","model":"gpt-x","new":{"x" : 1}}"#,
        ),
        (
            r#"{"model":"m","input":"x","max_output_tokens":9,"store":null}"#,
            r#"{"model":"gpt-x","input":"x","max_output_tokens":9,"store":false}"#,
        ),
    ] {
        assert_eq!(rewritten(body, &PLAIN), expected);
    }
    let clamped = Change {
        output_limit: Some(5),
        ..PLAIN
    };
    for (body, expected) in [
        (
            r#"{"model":"m","max_output_tokens":9,"store":false}"#,
            r#"{"model":"gpt-x","max_output_tokens":5,"store":false}"#,
        ),
        (
            r#"{"model":"m"}"#,
            r#"{"model":"gpt-x","max_output_tokens":5,"store":false}"#,
        ),
    ] {
        assert_eq!(rewritten(body, &clamped), expected);
    }
    let tiered = Change {
        service_tier: Some("flex"),
        ..PLAIN
    };
    assert_eq!(
        rewritten(r#"{"service_tier":"auto","model":"m"}"#, &tiered),
        r#"{"model":"gpt-x","store":false,"service_tier":"flex"}"#
    );
    assert!(rewrite(b"[]", &PLAIN).is_err());
    assert!(rewrite(b"{\"model\"", &PLAIN).is_err());
}

#[test]
fn reasoning_is_asked_for_where_the_customer_relies_on_a_store() {
    let reasons = Change {
        reasons: true,
        ..PLAIN
    };
    let seal = r#""reasoning.encrypted_content""#;
    for (given, expected) in [
        (
            String::new(),
            format!(r#","store":false,"include":[{seal}]"#),
        ),
        (
            r#","include":[]"#.to_owned(),
            format!(r#","include":[{seal}],"store":false"#),
        ),
        (
            r#","include":null"#.to_owned(),
            format!(r#","include":[{seal}],"store":false"#),
        ),
        (
            r#","include":[ "a" ]"#.to_owned(),
            format!(r#","include":[ "a" ,{seal}],"store":false"#),
        ),
        (
            format!(r#","include":["a",{seal}]"#),
            format!(r#","include":["a",{seal}],"store":false"#),
        ),
        (
            r#","store":true"#.to_owned(),
            format!(r#","store":false,"include":[{seal}]"#),
        ),
        (
            r#","store":false"#.to_owned(),
            r#","store":false"#.to_owned(),
        ),
        (
            r#","store":false,"include":["a"]"#.to_owned(),
            r#","store":false,"include":["a"]"#.to_owned(),
        ),
    ] {
        let body = format!(r#"{{"model":"m"{given}}}"#);
        assert_eq!(
            rewritten(&body, &reasons),
            format!(r#"{{"model":"gpt-x"{expected}}}"#)
        );
    }
}

#[test]
fn reasoning_that_the_provider_cannot_open_stays_here() {
    let good = r#"{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAAA"}"#;
    let ours =
        r#"{"type":"reasoning","id":"rs_2","summary":[],"encrypted_content":"vz1:signature:s"}"#;
    let hidden = r#"{"encrypted_content":"\u0076z1:x","type":"reason\u0069ng"}"#;
    let stored = r#"{"type":"reasoning","id":"rs_3","summary":[],"encrypted_content":null}"#;
    let said = r#"{"role":"user","content":"reasoning"}"#;
    for (items, expected) in [
        (vec![said, good, said], vec![said, good, said]),
        (vec![ours, said], vec![said]),
        (vec![said, hidden, stored, good], vec![said, good]),
        (vec![stored], vec![]),
    ] {
        let body = format!(r#"{{"model":"m","input":[{}]}}"#, items.join(" , "));
        let untouched = items.len() == expected.len();
        let comma = if untouched { " , " } else { "," };
        let expected = expected.join(comma);
        assert_eq!(
            rewritten(&body, &PLAIN),
            format!(r#"{{"model":"gpt-x","input":[{expected}],"store":false}}"#)
        );
    }
    let text = r#"{"model":"m","input":"reasoning"}"#;
    assert!(rewritten(text, &PLAIN).contains(r#""input":"reasoning""#));
}

fn facts(event: &str) -> EventFacts<'_> {
    EventFacts::of(event.as_bytes()).unwrap()
}

#[test]
fn an_event_tells_how_the_response_stands() {
    for (event, turn) in [
        (EVENTS[0], Turn::On),
        (EVENTS[8], Turn::On),
        (LAST, Turn::Over),
        (
            r#"{"type":"response.incomplete","response":{}}"#,
            Turn::Over,
        ),
        (r#"{"type":"response.failed","response":{}}"#, Turn::Failed),
        (r#"{"type":"response.cancelled"}"#, Turn::Failed),
        (r#"{"type":"error","message":"m"}"#, Turn::Failed),
        (r#"{"error":{"message":"m"}}"#, Turn::Failed),
        (r#"{"error":null}"#, Turn::On),
        (r#"{"type":"response.queued","error":{}}"#, Turn::On),
    ] {
        assert_eq!(facts(event).turn(), turn, "{event}");
    }
    for bad in ["", "7", "[]", "{", "{}x", "null"] {
        assert!(EventFacts::of(bad.as_bytes()).is_none(), "{bad}");
    }
    let bytes: u64 = EVENTS.iter().map(|event| facts(event).output_bytes).sum();
    // What is added, as it stands in JSON; sound is counted as it comes.
    assert_eq!(bytes, 9 + 8 + 3 + 3 + 8 + 2 + 3 + 3 + 4 + 4);
}

#[test]
fn a_fault_is_found_wherever_it_stands() {
    for (event, message, code) in [
        (
            r#"{"type":"response.failed","response":{"error":{"code":"rate_limit_exceeded","message":"Slow."}}}"#,
            "Slow.",
            Some("rate_limit_exceeded"),
        ),
        (
            r#"{"type":"error","code":"server_error","message":"Broken.","param":null,"sequence_number":3}"#,
            "Broken.",
            Some("server_error"),
        ),
        (
            r#"{"type":"error","error":{"type":"x","code":"server_error","message":"Broken."}}"#,
            "Broken.",
            Some("server_error"),
        ),
        (
            r#"{"type":"response.failed","response":{"error":null}}"#,
            "The provider ended its answer with an error.",
            None,
        ),
    ] {
        let fault = facts(event).fault();
        assert_eq!((&*fault.message, fault.code.as_deref()), (message, code));
    }
}

#[test]
fn a_response_tells_what_it_took() {
    let response = ResponseFacts::of(facts(LAST).response.unwrap());
    assert!(response.whole && response.has_output && response.error().is_none());
    assert_eq!(
        (response.status, response.model),
        (Some("completed"), Some("gpt-x-2026"))
    );
    assert_eq!(response.output_bytes, 9);
    let usage = response.usage().unwrap();
    let prompt = (
        usage.prompt_tokens,
        usage.cached_tokens,
        usage.cache_write_tokens,
    );
    assert_eq!(prompt, (Some(100), Some(40), Some(8)));
    let answer = (
        usage.completion_tokens,
        usage.reasoning_tokens,
        usage.total_tokens,
    );
    assert_eq!(answer, (Some(50), Some(30), Some(150)));
    assert_eq!(usage.service_tier.as_deref(), Some("default"));
    for (json, input) in [
        (r#"{"usage":null}"#, None),
        (r#"{"usage":7}"#, None),
        (r#"{"usage":{}}"#, Some(None)),
        (
            r#"{"usage":{"input_tokens":null,"input_tokens_details":null}}"#,
            Some(None),
        ),
        (r#"{"usage":{"input_tokens":-1}}"#, Some(None)),
        (r#"{"usage":{"input_tokens":12.0}}"#, Some(Some(12))),
        (r#"{"usage":{"input_tokens":0}}"#, Some(Some(0))),
    ] {
        let usage = ResponseFacts::of(json.as_bytes()).usage();
        assert_eq!(usage.map(|usage| usage.prompt_tokens), input, "{json}");
    }
}

fn relayed(event: &str, metadata: Option<&str>) -> String {
    let mut out = Vec::new();
    relay_event(event.as_bytes(), &facts(event), "gen_7", metadata, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn events_keep_every_byte_but_our_id() {
    for event in EVENTS.iter().chain([&LAST]) {
        let kind = facts(event).kind.unwrap();
        let own = if kind == "response.new_kind" {
            (*event).to_owned()
        } else {
            event.replace("\"resp_1\"", "\"gen_7\"")
        };
        assert_eq!(
            relayed(event, None),
            format!("event: {kind}\ndata: {own}\n\n")
        );
    }
    assert!(relayed(EVENTS[0], Some(r#"{"a":"b"}"#)).contains(r#""metadata":{"a":"b"},"store""#));
    assert_eq!(
        relayed("{\"type\":\"x\",\r\n\"response\":{\n}}", None),
        "event: x\ndata: {\"type\":\"x\",  \"response\":{ }}\n\n"
    );
    assert_eq!(relayed(r#"{"a":1}"#, None), "data: {\"a\":1}\n\n");
}

/// What a cut after so many events makes of the rest.
fn cut(after: usize) -> Option<(String, String)> {
    let mut transcript = Transcript::default();
    for event in EVENTS.iter().take(after) {
        let facts = facts(event);
        let response = facts.response.map(|response| {
            let mut ours = Vec::new();
            relay_response(response, "gen_7", None, &mut ours);
            ours
        });
        transcript.note(&facts, response.as_deref());
    }
    let mut out = Vec::new();
    transcript.close(&mut out);
    let last = transcript.incomplete()?;
    Some((
        String::from_utf8(out).unwrap(),
        String::from_utf8(last).unwrap(),
    ))
}

#[test]
fn a_cut_closes_what_is_open() {
    assert_eq!(cut(0), None);
    let (closing, last) = cut(EVENTS.len()).unwrap();
    let expected = include_str!("tests/cut.txt");
    let came = format!("{closing}{last}");
    assert_eq!(came, expected, "\n{came}");
}

#[test]
fn a_cut_anywhere_is_a_stream() {
    for after in 1..=EVENTS.len() {
        let (closing, last) = cut(after).unwrap();
        let first = u64::try_from(after).unwrap();
        let text = [closing, last].concat();
        for (number, frame) in (first..).zip(text.split_terminator("\n\n")) {
            let (name, data) = frame.split_once("\ndata: ").unwrap();
            let value: serde_json::Value = serde_json::from_str(data).unwrap();
            assert_eq!(name.strip_prefix("event: "), value["type"].as_str());
            assert_eq!(value["sequence_number"], number);
        }
    }
}

#[test]
fn nothing_panics_on_rubbish() {
    for event in EVENTS.iter().chain([&LAST]) {
        for at in 0..event.len() {
            let bytes = event.as_bytes();
            let mut changed = bytes.to_vec();
            changed[at] = [b'"', b'}', b'[', 0xff, b'9'][at % 5];
            for data in [&bytes[..at], &changed] {
                let _any = ResponseFacts::of(data).usage();
                let mut out = Vec::new();
                relay_response(data, "gen_7", Some("{}"), &mut out);
                if let Some(facts) = EventFacts::of(data) {
                    let _any = (facts.turn(), facts.fault());
                    relay_event(data, &facts, "gen_7", None, &mut out);
                    let mut transcript = Transcript::default();
                    transcript.note(&facts, facts.response);
                    transcript.close(&mut out);
                    let _any = transcript.incomplete();
                }
            }
        }
    }
}
