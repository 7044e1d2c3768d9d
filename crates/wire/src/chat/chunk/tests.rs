use super::*;

fn chunk(choices: &str, more: &str) -> Vec<u8> {
    format!(r#"{{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{choices}]{more}}}"#)
        .into_bytes()
}

fn delta(delta: &str) -> Vec<u8> {
    chunk(
        &format!(r#"{{"index":0,"delta":{{{delta}}},"finish_reason":null}}"#),
        "",
    )
}

const XAI: &[u8] = br#"{"id":"c1","object":"chat.completion.chunk","created":1,"model":"grok-x","choices":[],"usage":{"prompt_tokens":307,"completion_tokens":26,"total_tokens":560,"prompt_tokens_details":{"text_tokens":307,"audio_tokens":0,"image_tokens":0,"cached_tokens":306},"completion_tokens_details":{"reasoning_tokens":227,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0},"num_sources_used":0,"cost_in_usd_ticks":1497500}}"#;
const OPENROUTER: &[u8] = br#"{"id":"gen-1","model":"a/b","provider":"X","choices":[{"index":0,"delta":{"content":""},"finish_reason":null}],"service_tier":"flex","usage":{"prompt_tokens":14,"completion_tokens":163,"total_tokens":177,"cost":1.4e-05,"is_byok":true,"prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":5,"audio_tokens":null},"completion_tokens_details":null,"cost_details":{"upstream_inference_cost":0.00014,"x":null}}}"#;

#[test]
fn usage_is_suspected_only_where_it_can_be() {
    for (data, expected) in [
        (&chunk("", "")[..], false),
        (&chunk("", r#","usage":null"#), false),
        (&chunk("", r#","usage" : null"#), false),
        (&chunk("", r#","usage":{}"#), true),
        (&chunk("", r#","usage" : {"prompt_tokens":1}"#), true),
        (&delta(r#""content":"\"usage\":{}""#), false),
        (&delta(r#""content":"usage""#), false),
        (b"not json", false),
        (XAI, true),
        (OPENROUTER, true),
    ] {
        assert_eq!(
            may_hold_usage(data),
            expected,
            "{}",
            String::from_utf8_lossy(data)
        );
    }
}

#[test]
fn xai_usage_is_read_as_stated() {
    let expected = Usage {
        prompt_tokens: Some(307),
        completion_tokens: Some(26),
        total_tokens: Some(560),
        cached_tokens: Some(306),
        prompt_audio_tokens: Some(0),
        prompt_image_tokens: Some(0),
        reasoning_tokens: Some(227),
        completion_audio_tokens: Some(0),
        cost_in_usd_ticks: Some(1_497_500),
        model: Some("grok-x".into()),
        ..Usage::default()
    };
    assert_eq!(parse_usage(XAI), Some(expected));
}

#[test]
fn openrouter_usage_keeps_the_cost_as_text() {
    let expected = Usage {
        prompt_tokens: Some(14),
        completion_tokens: Some(163),
        total_tokens: Some(177),
        cached_tokens: Some(0),
        cache_write_tokens: Some(5),
        cost: Some("1.4e-05".into()),
        upstream_cost: Some("0.00014".into()),
        is_byok: Some(true),
        service_tier: Some("flex".into()),
        model: Some("a/b".into()),
        ..Usage::default()
    };
    assert_eq!(parse_usage(OPENROUTER), Some(expected));
}

#[test]
fn odd_usage_is_tolerated() {
    let usage = |inside: &str| parse_usage(&chunk("", &format!(r#","usage":{inside}"#)));
    assert_eq!(usage("null"), None);
    assert_eq!(usage("7"), None);
    assert_eq!(usage("[]"), None);
    assert_eq!(usage("{}").unwrap().prompt_tokens, None);
    let tokens = |value: &str| {
        usage(&format!(r#"{{"prompt_tokens":{value}}}"#))
            .unwrap()
            .prompt_tokens
    };
    assert_eq!(tokens("0"), Some(0));
    assert_eq!(tokens("null"), None);
    assert_eq!(tokens("12.0"), Some(12));
    assert_eq!(tokens("12.5"), None);
    assert_eq!(tokens("-1"), None);
    assert_eq!(tokens("\"9\""), None);
    assert_eq!(tokens("99999999999999999999999"), None);
    assert_eq!(tokens("4294967296"), Some(4_294_967_296));
    let cost = |value: &str| usage(&format!(r#"{{"cost":{value}}}"#)).unwrap().cost;
    assert_eq!(cost("0").as_deref(), Some("0"));
    assert_eq!(cost("\"0.10\"").as_deref(), Some("0.10"));
    assert_eq!(cost("\"free\""), None);
    assert_eq!(cost("null"), None);
    let deepseek = usage(r#"{"prompt_cache_hit_tokens":4,"prompt_tokens_details":{}}"#).unwrap();
    assert_eq!(deepseek.cached_tokens, Some(4));
    assert_eq!(
        usage(r#"{"prompt_tokens_details":{"cached_tokens":[]}}"#)
            .unwrap()
            .cached_tokens,
        None
    );
    assert_eq!(Usage::read(br#"{"usage":{"prompt_tokens":1"#), None);
}

#[test]
fn output_is_measured_in_every_place_it_can_stand() {
    for (inside, bytes) in [
        (r#""role":"assistant","content":"""#, 0),
        (r#""content":"Hello""#, 5),
        (r#""content":"a\nb""#, 4),
        (r#""content":"é""#, 2),
        (r#""content":null,"refusal":"No.""#, 3),
        (r#""reasoning_content":"hmm""#, 3),
        (r#""reasoning":"hmm","content":"x""#, 4),
        (r#""reasoning":"hmm","reasoning_content":"hmm""#, 3),
        (
            r#""reasoning_content":"ab","reasoning":"abcd","content":"x""#,
            5,
        ),
        (
            r#""reasoning":"hmm","reasoning_details":[{"type":"reasoning.text","text":"hmm"}]"#,
            3,
        ),
        (
            r#""tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":""}}]"#,
            0,
        ),
        (
            r#""tool_calls":[{"index":0,"function":{"arguments":"{\"a"}}]"#,
            4,
        ),
        (
            r#""tool_calls":[{"function":{"arguments":"12"}},{"custom":{"input":"345"}}]"#,
            5,
        ),
        (r#""function_call":{"name":"f","arguments":"{}"}"#, 2),
        (r#""audio":{"id":"a","data":"AAAA","transcript":"hey"}"#, 3),
        (r#""tool_calls":null,"audio":null,"function_call":null"#, 0),
        ("", 0),
    ] {
        assert_eq!(output_bytes(&delta(inside)), bytes, "{inside}");
    }
    let two = r#"{"index":0,"delta":{"content":"ab"}},{"index":1,"delta":{"content":"c"}}"#;
    assert_eq!(output_bytes(&chunk(two, "")), 3);
    assert_eq!(
        output_bytes(br#"{"choices":[{"index":0,"message":{"content":"whole"}}]}"#),
        5
    );
    assert_eq!(
        output_bytes(br#"{"choices":[{"index":0,"text":"legacy"}]}"#),
        6
    );
    assert_eq!(output_bytes(b"<html>"), 0);
    assert_eq!(
        output_bytes(br#"{"choices":[{"delta":{"content":"kept"}},{"del"#),
        4
    );
}

#[test]
fn the_end_is_recognised() {
    let ended = |reason: &str| {
        chunk(
            &format!(r#"{{"index":0,"delta":{{}},"finish_reason":{reason}}}"#),
            "",
        )
    };
    assert_eq!(finish_reason(&ended("\"stop\"")), Some("stop"));
    assert!(is_terminal(&ended("\"length\"")));
    assert_eq!(finish_reason(&ended("null")), None);
    assert_eq!(finish_reason(&ended("\"\"")), None);
    assert_eq!(finish_reason(&chunk(r#"{"index":0,"delta":{}}"#, "")), None);
    assert_eq!(
        finish_reason(&delta(r#""content":"\"finish_reason\":\"stop\"""#)),
        None
    );
    let second = r#"{"index":0,"delta":{},"finish_reason":null},{"index":1,"delta":{},"finish_reason":"tool_calls"}"#;
    assert_eq!(finish_reason(&chunk(second, "")), Some("tool_calls"));
}

#[test]
fn errors_in_a_stream_are_recognised() {
    for (data, message, code, kind) in [
        (
            r#"{"id":"gen-1","object":"chat.completion.chunk","created":1,"model":"a/b","provider":"X","error":{"code":"server_error","message":"Provider disconnected"},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}"#,
            "Provider disconnected",
            Some("server_error"),
            None,
        ),
        (
            r#"{"id":"gen-1","error":{"code":502,"message":"bad","metadata":{"error_type":"provider_unavailable"}},"choices":[]}"#,
            "bad",
            Some("502"),
            Some("provider_unavailable"),
        ),
        (
            r#"{"id":"gen-1","choices":[{"index":0,"delta":{},"finish_reason":"error","error":{"code":502,"message":"inner"}}]}"#,
            "inner",
            Some("502"),
            None,
        ),
        (
            r#"{"choices":[{"index":0,"delta":{},"finish_reason":"error"}]}"#,
            "The provider ended its answer with an error.",
            None,
            None,
        ),
        (r#"{"error":"busy"}"#, "busy", None, None),
        (r#"{"code":"c","error":"busy"}"#, "busy", Some("c"), None),
        (
            r#"{"error":{"message":"m","type":"t","param":null,"code":null}}"#,
            "m",
            None,
            Some("t"),
        ),
        (
            r#"{"type":"error","error":{"type":"overloaded_error","message":"o"}}"#,
            "o",
            None,
            Some("overloaded_error"),
        ),
    ] {
        let fault = error_of(data.as_bytes()).expect(data);
        assert_eq!(
            (
                fault.message.as_str(),
                fault.code.as_deref(),
                fault.kind.as_deref()
            ),
            (message, code, kind)
        );
    }
    for data in [
        r#"{"error":null,"choices":[]}"#,
        r#"{"error":"","choices":[]}"#,
        r#"{"choices":[{"error":null,"delta":{"content":"x"}}]}"#,
        r#"{"choices":[{"delta":{"content":"an \"error\":{} in words"}}]}"#,
    ] {
        assert_eq!(error_of(data.as_bytes()), None, "{data}");
    }
}

#[test]
fn the_usage_chunk_has_no_choices() {
    assert!(choices_empty(XAI) && choices_empty(br#"{"choices": [ ]}"#));
    assert!(
        !choices_empty(OPENROUTER)
            && !choices_empty(b"{}")
            && !choices_empty(br#"{"choices":null}"#)
    );
}

#[test]
fn one_pass_tells_everything() {
    let data = chunk(
        r#"{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}"#,
        r#","usage":{"prompt_tokens":1}"#,
    );
    let facts = ChunkFacts::of(&data);
    assert_eq!(
        (facts.id, facts.model, facts.choices),
        (Some("c1"), Some("m"), Some(1))
    );
    assert_eq!((facts.finish_reason, facts.output_bytes), (Some("stop"), 2));
    assert_eq!(facts.usage, Some(&br#"{"prompt_tokens":1}"#[..]));
    assert!(facts.whole && facts.error().is_none());
    assert_eq!(facts.usage().unwrap().prompt_tokens, Some(1));
    assert!(!ChunkFacts::of(b"{\"id\":\"x\",").whole);
}

#[test]
fn ids_are_replaced() {
    for (data, expected) in [
        (
            r#"{"id":"c1","choices":[]}"#,
            r#"{"id":"gen_1","choices":[]}"#,
        ),
        (
            r#"{ "id" : "c1" , "x":"id" }"#,
            r#"{ "id" : "gen_1" , "x":"id" }"#,
        ),
        (
            r#"{"choices":[{"id":"call_1"}],"id":"c1"}"#,
            r#"{"choices":[{"id":"call_1"}],"id":"gen_1"}"#,
        ),
        (r#"{"id":null,"x":1}"#, r#"{"id":"gen_1","x":1}"#),
        (r#"{"id":"a\"b","x":1}"#, r#"{"id":"gen_1","x":1}"#),
        (
            r#"{"choices":[{"id":"call_1"}]}"#,
            r#"{"choices":[{"id":"call_1"}],"id":"gen_1"}"#,
        ),
        ("{}", r#"{"id":"gen_1"}"#),
        ("{ }", r#"{"id":"gen_1" }"#),
        ("[1]", "[1]"),
        ("not json", "not json"),
        (r#"{"x":"#, r#"{"x":"#),
    ] {
        let mut out = b"data: ".to_vec();
        replace_id(data.as_bytes(), "gen_1", &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), format!("data: {expected}"));
    }
}

#[test]
fn null_usage_is_stripped() {
    for (data, expected, stripped) in [
        (r#"{"id":"a","usage":null}"#, r#"{"id":"a"}"#, true),
        (r#"{"usage": null , "id":"a"}"#, r#"{"id":"a"}"#, true),
        (
            r#"{"id":"a","usage":{"x":1}}"#,
            r#"{"id":"a","usage":{"x":1}}"#,
            false,
        ),
        (
            r#"{"id":"a","x":{"usage":null}}"#,
            r#"{"id":"a","x":{"usage":null}}"#,
            false,
        ),
        (r#"{"id":"a"}"#, r#"{"id":"a"}"#, false),
        (r#"{"x":"usage","usage":null}"#, r#"{"x":"usage"}"#, true),
        (r#"{"usage":null,"#, r#"{"usage":null,"#, false),
    ] {
        let mut out = Vec::new();
        assert_eq!(
            strip_usage_null(data.as_bytes(), &mut out),
            stripped,
            "{data}"
        );
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}

#[test]
fn relay_does_both() {
    for (data, strip, expected) in [
        (
            r#"{"id":"a","c":[],"usage":null}"#,
            true,
            r#"{"id":"g","c":[]}"#,
        ),
        (
            r#"{"id":"a","c":[],"usage":null}"#,
            false,
            r#"{"id":"g","c":[],"usage":null}"#,
        ),
        (r#"{"id":"a","c":[]}"#, true, r#"{"id":"g","c":[]}"#),
        (r#"{"usage":null}"#, true, r#"{"id":"g"}"#),
        (r#"{"usage":null,"c":1}"#, true, r#"{"c":1,"id":"g"}"#),
        (r#"{"usage":null,"c""#, true, r#"{"usage":null,"c""#),
    ] {
        let mut out = Vec::new();
        relay(data.as_bytes(), "g", strip, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}

/// Whatever a provider sends, cut anywhere, nothing panics and edits of broken payloads change nothing.
#[test]
fn truncated_payloads_are_harmless() {
    for data in [XAI, OPENROUTER] {
        for end in 0..data.len() {
            let cut = &data[..end];
            assert!(!ChunkFacts::of(cut).whole);
            assert_eq!(parse_usage(cut), None);
            let _ = (error_of(cut), finish_reason(cut), choices_empty(cut));
            let mut out = Vec::new();
            assert!(!strip_usage_null(cut, &mut out));
            assert_eq!(out, cut);
        }
    }
}
