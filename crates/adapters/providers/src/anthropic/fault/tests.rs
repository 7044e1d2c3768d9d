use super::*;

fn error(kind: &str, message: &str, code: &str) -> String {
    format!(
        r#"{{"type":"error","error":{{"type":"{kind}","message":"{message}","details":{{"error_code":"{code}"}}}},"request_id":"req_1"}}"#
    )
}

fn bad(status: u16, param: Option<&str>) -> FaultKind {
    FaultKind::BadRequest {
        status,
        param: param.map(str::to_owned),
        code: None,
    }
}

fn too_long() -> FaultKind {
    FaultKind::BadRequest {
        status: 400,
        param: Some("messages".to_owned()),
        code: Some("context_length_exceeded".to_owned()),
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn what_follows_from_each_complaint() {
    let too_low = "Your credit balance is too low to access the Anthropic API.";
    let limits = "You have reached your specified API usage limits.";
    for (status, body, kind) in [
        (
            400,
            error("invalid_request_error", "max_tokens: Field required", ""),
            bad(400, Some("max_tokens")),
        ),
        (
            400,
            error(
                "invalid_request_error",
                "messages.0.content.1: bad image",
                "",
            ),
            bad(400, Some("messages.0.content.1")),
        ),
        (
            400,
            error(
                "invalid_request_error",
                "prompt is too long: 200001 tokens",
                "",
            ),
            too_long(),
        ),
        (
            400,
            error("invalid_request_error", too_low, ""),
            FaultKind::OurAccount,
        ),
        (
            400,
            error("invalid_request_error", limits, ""),
            FaultKind::OurAccount,
        ),
        (
            401,
            error("authentication_error", "invalid x-api-key", ""),
            FaultKind::OurAccount,
        ),
        (
            402,
            error("billing_error", "pay", ""),
            FaultKind::OurAccount,
        ),
        (
            403,
            error("permission_error", "no", ""),
            FaultKind::OurAccount,
        ),
        (
            404,
            error("not_found_error", "model: claude-9", ""),
            FaultKind::NotServed,
        ),
        (404, "<html>".to_owned(), FaultKind::NotServed),
        (
            409,
            error("conflict_error", "again", ""),
            FaultKind::Failing,
        ),
        (
            413,
            error("request_too_large", "too large", ""),
            bad(413, None),
        ),
        (413, "<html>".to_owned(), bad(413, None)),
        (
            429,
            error("rate_limit_error", "slow down", ""),
            FaultKind::RateLimited,
        ),
        (
            429,
            error("rate_limit_error", "slow down", "ramp_limit_exceeded"),
            FaultKind::RateLimited,
        ),
        (
            429,
            error("rate_limit_error", "stop", "enforced_spend_limit_reached"),
            FaultKind::OurAccount,
        ),
        (
            429,
            error("rate_limit_error", "stop", "contract_spend_limit_reached"),
            FaultKind::OurAccount,
        ),
        (500, error("api_error", "oops", ""), FaultKind::Failing),
        (504, error("timeout_error", "late", ""), FaultKind::TimedOut),
        (
            529,
            error("overloaded_error", "Overloaded", ""),
            FaultKind::Overloaded,
        ),
        (529, String::new(), FaultKind::Overloaded),
        (503, String::new(), FaultKind::Overloaded),
        (400, "<html>nginx</html>".to_owned(), FaultKind::OurAccount),
        (307, String::new(), FaultKind::OurAccount),
    ] {
        let fault = of_status(status, body.as_bytes(), Some(Duration::from_secs(3)));
        assert_eq!(fault.kind, kind, "{status} {body}");
        let waits = !matches!(kind, FaultKind::OurAccount | FaultKind::NotServed);
        assert_eq!(fault.retry_after.is_some(), waits, "{status} {body}");
        if !matches!(kind, FaultKind::BadRequest { .. }) {
            for secret in ["x-api-key", "credit", "limit", "claude-9"] {
                assert!(!fault.message.contains(secret), "{}", fault.message);
            }
        }
        assert!(
            fault
                .detail
                .is_some_and(|detail| detail.contains(&status.to_string()))
        );
    }
}

#[test]
fn errors_inside_an_answer_are_judged_by_their_type() {
    for (kind, expected) in [
        ("overloaded_error", FaultKind::Overloaded),
        ("rate_limit_error", FaultKind::RateLimited),
        ("invalid_request_error", bad(400, None)),
        ("something_new", FaultKind::Failing),
    ] {
        let body = error(kind, "words", "");
        assert_eq!(
            of_body(body.as_bytes()).map(|fault| fault.kind),
            Some(expected.clone())
        );
        let stated = vuzo_wire::error::UpstreamFault::read(body.as_bytes()).unwrap();
        let fault = of_read(&ReadFault::Stated(stated), body.as_bytes());
        assert_eq!(fault.kind, expected);
    }
    assert_eq!(of_body(b"{}"), None);
    assert_eq!(of_body(b"<html>"), None);
    let fault = of_read(&ReadFault::Garbled("what"), b"raw");
    assert_eq!(fault.kind, FaultKind::Garbled);
}
