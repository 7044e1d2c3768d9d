use super::*;

#[test]
fn all_four_keys_are_always_there() {
    let plain = ErrorBody::new("server_error", "Oops");
    assert_eq!(
        String::from_utf8(plain.to_json()).unwrap(),
        r#"{"error":{"message":"Oops","type":"server_error","param":null,"code":null}}"#
    );
    let full = ErrorBody::new("insufficient_quota", "No \"credit\"")
        .param(Some("model"))
        .code(Some("insufficient_quota"))
        .with("generation_id", "gen_1");
    assert_eq!(
        String::from_utf8(full.to_sse()).unwrap(),
        concat!(
            r#"data: {"error":{"message":"No \"credit\"","type":"insufficient_quota","param":"model","#,
            r#""code":"insufficient_quota","generation_id":"gen_1"}}"#,
            "\n\n"
        )
    );
}

const UNSAID: &str = "The provider reported an error without saying which.";

/// Body, message, code, kind.
type Shape = (
    &'static str,
    &'static str,
    Option<&'static str>,
    Option<&'static str>,
);

const SHAPES: &[Shape] = &[
    (
        r#"{"error":{"message":"bad key","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#,
        "bad key",
        Some("invalid_api_key"),
        Some("invalid_request_error"),
    ),
    (
        r#"{"error":{"code":402,"message":"no credits"},"user_id":"u"}"#,
        "no credits",
        Some("402"),
        None,
    ),
    (
        r#"{"error":{"code":502,"message":"down","metadata":{"provider_name":"P","error_type":"provider_unavailable"}}}"#,
        "down",
        Some("502"),
        Some("provider_unavailable"),
    ),
    (
        r#"{"code":"Some code","error":"Some text"}"#,
        "Some text",
        Some("Some code"),
        None,
    ),
    (
        r#"{"error":"Some text","code":503}"#,
        "Some text",
        Some("503"),
        None,
    ),
    (
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
        "Overloaded",
        None,
        Some("overloaded_error"),
    ),
    (
        r#"[{"error":{"code":429,"message":"quota","status":"RESOURCE_EXHAUSTED"}}]"#,
        "quota",
        Some("429"),
        Some("RESOURCE_EXHAUSTED"),
    ),
    (
        r#"{"message":"no route","code":404}"#,
        "no route",
        Some("404"),
        None,
    ),
    (r#"{"detail":"Not Found"}"#, "Not Found", None, None),
    (r#"{"error":{}}"#, UNSAID, None, None),
    (r#"{"error":true}"#, UNSAID, None, None),
    (
        r#"{"error":{"message":"caf\u00e9 \"x\""}}"#,
        "café \"x\"",
        None,
        None,
    ),
    // Cut off after the error: what is known is kept.
    (
        r#"{"error":{"message":"m","code":"c"},"x":"#,
        "m",
        Some("c"),
        None,
    ),
];

#[test]
fn every_known_shape_of_a_providers_error_is_read() {
    for (body, message, code, kind) in SHAPES {
        let fault = UpstreamFault::read(body.as_bytes()).expect(body);
        assert_eq!(
            (
                fault.message.as_str(),
                fault.code.as_deref(),
                fault.kind.as_deref()
            ),
            (*message, *code, *kind),
            "{body}"
        );
    }
}

#[test]
fn bodies_without_an_error_hold_none() {
    for body in [
        "",
        "<html>",
        "{}",
        "[]",
        "null",
        r#"{"error":null}"#,
        r#"{"error":false}"#,
        r#"{"error":""}"#,
        r#"{"choices":[]}"#,
        r#"{"error":"#,
    ] {
        assert_eq!(UpstreamFault::read(body.as_bytes()), None, "{body}");
    }
}
