//! What the gateway learns from a body.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::chat::{ChatRequest, LimitField};

fn parse(body: &str) -> ChatRequest<'_> {
    ChatRequest::parse(body.as_bytes()).unwrap()
}

#[test]
fn the_smallest_request_has_defaults() {
    let body = r#"{"model":"m","messages":[{"role":"user","content":"x"}]}"#;
    let request = parse(body);
    assert_eq!(request.model, "m");
    assert!(matches!(request.model, Cow::Borrowed(_)));
    assert_eq!(
        (request.n, request.stream, request.include_usage),
        (1, false, false)
    );
    assert_eq!(
        (request.max_output_tokens, request.limit_field),
        (None, None)
    );
    assert_eq!((request.has_tools, request.long_cache), (false, false));
    assert_eq!(
        (request.images, request.audio_bytes, request.file_bytes),
        (0, 0, 0)
    );
    assert_eq!(
        (request.service_tier, request.user.as_deref()),
        (None, None)
    );
    assert!(request.metadata.is_none() && request.fallbacks.is_empty());
    assert_eq!(request.body(), body);
    assert_eq!(request.prompt_bytes, 31);
}

#[test]
fn every_stated_fact_is_found() {
    let request = parse(
        r#"{"messages":[{"role":"user","content":"x"}],"model":"a\u002fb","models":["c","d"],"fallbacks":["e"],"stream":true,
            "stream_options":{"include_usage":true},"max_completion_tokens":77,"n":3,"service_tier":"priority",
            "user":"ann","metadata":{"k":"v"},"tools":[{"type":"function","function":{"name":"f"}}],"x":null}"#,
    );
    assert_eq!(request.model, "a/b");
    assert_eq!(request.fallbacks, ["c", "d", "e"]);
    assert!(request.stream && request.include_usage && request.has_tools);
    assert_eq!(request.max_output_tokens, Some(77));
    assert_eq!(request.limit_field, Some(LimitField::MaxCompletionTokens));
    assert_eq!((request.n, request.service_tier), (3, Some("priority")));
    assert_eq!(request.user.as_deref(), Some("ann"));
    assert_eq!(request.metadata.map(RawValue::get), Some(r#"{"k":"v"}"#));
    assert_eq!(request.raw("n"), Some("3"));
    assert_eq!(
        request.field("models").map(RawValue::get),
        Some(r#"["c","d"]"#)
    );
    assert_eq!((request.raw("x"), request.raw("absent")), (None, None));
    assert_eq!(request.names().last(), Some("x"));
}

#[test]
fn prompt_bytes_cover_what_a_provider_reads() {
    let base = parse(r#"{"model":"m","messages":[{"role":"user","content":"x"}]}"#).prompt_bytes;
    for (fields, bytes) in [
        (
            r#""tools":[{"type":"function","function":{"name":"f"}}]"#,
            45,
        ),
        (r#""functions":[{"name":"f"}]"#, 14),
        (r#""response_format":{"type":"text"}"#, 15),
        (r#""prediction":{"type":"content","content":"x"}"#, 32),
        (r#""documents":["abc"]"#, 7),
        (
            r#""user":"someone","temperature":1,"metadata":{"a":"b"}"#,
            0,
        ),
        (r#""tools":null"#, 0),
    ] {
        let body =
            format!(r#"{{"model":"m","messages":[{{"role":"user","content":"x"}}],{fields}}}"#);
        assert_eq!(parse(&body).prompt_bytes - base, bytes, "{fields}");
    }
}

#[test]
fn media_are_counted_apart() {
    let bytes = |part: &str| {
        let body = format!(r#"{{"model":"m","messages":[{{"role":"user","content":[{part}]}}]}}"#);
        let request = parse(&body);
        let around = u64::try_from(r#"[{"role":"user","content":[]}]"#.len() + part.len()).unwrap();
        (
            around - request.prompt_bytes,
            request.images,
            request.audio_bytes,
            request.file_bytes,
        )
    };
    let image = |url: &str| format!(r#"{{"type":"image_url","image_url":{{"url":"{url}"}}}}"#);
    assert_eq!(
        bytes(&image("data:image/png;base64,AAAABBBB")),
        (8, 1, 0, 0)
    );
    assert_eq!(bytes(&image("https://example.com/a.png")), (0, 1, 0, 0));
    assert_eq!(bytes(&image("data:image/svg+xml,<svg/>")), (0, 1, 0, 0));
    let two = format!(
        "{},{}",
        image("data:image/png;base64,AAAA"),
        image("DATA:image/png;base64,BBBB")
    );
    assert_eq!(bytes(&two), (8, 2, 0, 0));
    assert_eq!(
        bytes(r#"{"input_audio":{"data":"AAAAAA==","format":"wav"},"type":"input_audio"}"#),
        (8, 0, 4, 0)
    );
    let file = r#"{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,AAAAAAA="}}"#;
    assert_eq!(bytes(file), (8, 0, 0, 5));
    // A part is what its type says: media smuggled beside text stays in the prompt.
    let smuggled =
        r#"{"type":"text","text":"x","image_url":{"url":"data:image/png;base64,AAAABBBB"}}"#;
    assert_eq!(bytes(smuggled), (0, 0, 0, 0));
}

#[test]
fn a_long_cache_life_is_seen_wherever_it_is_asked_for() {
    let long = |fields: &str| parse(&format!(r#"{{"model":"m",{fields}}}"#)).long_cache;
    let content = |hint: &str| {
        let part = format!(r#"{{"type":"text","text":"x",{hint}}}"#);
        long(&format!(
            r#""messages":[{{"role":"user","content":[{part}]}}]"#
        ))
    };
    assert!(content(
        r#""cache_control":{"type":"ephemeral","ttl":"1h"}"#
    ));
    assert!(content(
        r#""prompt_cache_breakpoint":{"mode":"explicit","ttl":"30m"}"#
    ));
    assert!(content(r#""cache_control":{"\u0074tl":"1h"}"#));
    assert!(!content(r#""cache_control":{"type":"ephemeral"}"#));
    assert!(!content(
        r#""cache_control":{"type":"ephemeral","ttl":"5m"}"#
    ));
    assert!(!content(r#""note":{"ttl":"1h"}"#));
    let messages = r#""messages":[{"role":"user","content":"x"}]"#;
    assert!(long(&format!(
        r#"{messages},"prompt_cache_options":{{"ttl":"30m"}}"#
    )));
    let tool = r#"{"type":"function","function":{"name":"f"},"cache_control":{"ttl":"1h"}}"#;
    assert!(long(&format!(r#"{messages},"tools":[{tool}]"#)));
}
