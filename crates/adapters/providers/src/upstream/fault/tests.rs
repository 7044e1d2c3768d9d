use super::*;

fn kind(status: u16, body: &str) -> &'static str {
    match of_status(status, body.as_bytes(), None).kind {
        FaultKind::OurAccount => "account",
        FaultKind::NotServed => "model",
        FaultKind::RateLimited => "pace",
        FaultKind::Overloaded => "overload",
        FaultKind::Failing => "failing",
        FaultKind::BadRequest { .. } => "request",
        _ => "other",
    }
}

#[test]
fn what_is_ours_is_never_the_customers() {
    for (status, body, expected) in [
        (401, "", "account"),
        (
            402,
            r#"{"error":{"message":"slow_down","code":"rate_limit_exceeded"}}"#,
            "account",
        ),
        (
            403,
            r#"{"error":{"message":"Country not supported","code":"unsupported_country_region_territory"}}"#,
            "account",
        ),
        (
            400,
            r#"{"error":{"message":"Your credit balance is too low"}}"#,
            "account",
        ),
        (
            400,
            r#"{"error":{"message":"foo/bar is not a valid model ID","code":400}}"#,
            "model",
        ),
        (
            400,
            r#"{"error":{"message":"Invalid schema for function 'get_api_key'"}}"#,
            "request",
        ),
        (404, "<html>not found</html>", "account"),
        (
            404,
            r#"{"error":{"message":"No such File object: f"}}"#,
            "request",
        ),
        (
            404,
            r#"{"error":{"message":"No endpoints found that support image input"}}"#,
            "request",
        ),
        (405, "", "account"),
        (301, "", "account"),
        (413, "", "request"),
        (422, r#"{"detail":"x"}"#, "request"),
        (
            429,
            r#"{"error":{"message":"m","type":"insufficient_quota","code":"credit_balance_exhausted"}}"#,
            "account",
        ),
        (
            429,
            r#"{"error":{"message":"slow","code":"slow_down"}}"#,
            "pace",
        ),
        (429, "", "pace"),
        (
            400,
            r#"{"code":"x","error":"The service is currently unavailable"}"#,
            "failing",
        ),
        (408, "", "failing"),
        (500, "", "failing"),
        (524, "", "failing"),
    ] {
        assert_eq!(kind(status, body), expected, "{status} {body}");
    }
}

#[test]
fn who_has_too_much_to_do_is_told_from_who_is_broken() {
    for (status, body, expected) in [
        (502, "", "failing"),
        (503, "", "overload"),
        (529, "", "overload"),
        (
            503,
            r#"{"error":{"message":"m","code":503,"metadata":{"error_type":"provider_unavailable"}}}"#,
            "overload",
        ),
        (
            500,
            r#"{"error":{"message":"m","type":"overloaded_error"}}"#,
            "overload",
        ),
    ] {
        assert_eq!(kind(status, body), expected, "{status} {body}");
    }
}

#[test]
fn the_operators_names_stay_hidden() {
    assert_eq!(
        words::presentable("Limit in (org-AbCdEfGhIj) for sk-proj-123456789 on org-wide keys"),
        "Limit in [hidden] for [hidden] on org-wide keys"
    );
    assert_eq!(
        words::presentable(&"ü".repeat(2_000)).chars().count(),
        1_000
    );
}

#[test]
fn a_refusal_has_the_code_that_the_provider_names_in_words() {
    let refusal = |code: &str, class: &str| {
        format!(
            r#"{{"error":{{"message":"m","code":{code},"metadata":{{"error_type":"{class}"}}}}}}"#
        )
    };
    for (code, class, expected) in [
        (
            "400",
            "context_length_exceeded",
            Some("context_length_exceeded"),
        ),
        ("\"400\"", "string_too_long", Some("string_too_long")),
        ("\"own_word\"", "string_too_long", Some("own_word")),
        ("400", "invalid_request_error", None),
        ("400", "something_new", None),
    ] {
        let fault = of_status(400, refusal(code, class).as_bytes(), None);
        let FaultKind::BadRequest { code: said, .. } = fault.kind else {
            panic!("{fault:?}");
        };
        assert_eq!(said.as_deref(), expected, "{code} {class}");
    }
}
