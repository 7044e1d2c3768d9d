use super::*;
use vuzo_wire::error::UpstreamFault;

fn name(kind: &FaultKind) -> String {
    match kind {
        FaultKind::OurAccount => "account".to_owned(),
        FaultKind::NotServed => "model".to_owned(),
        FaultKind::RateLimited => "pace".to_owned(),
        FaultKind::Overloaded => "overload".to_owned(),
        FaultKind::Failing => "failing".to_owned(),
        FaultKind::TimedOut => "late".to_owned(),
        FaultKind::BadRequest {
            code: Some(code), ..
        } => code.clone(),
        FaultKind::BadRequest { status, .. } => format!("request {status}"),
        other => format!("{other:?}"),
    }
}

const PER_MINUTE: &str = r#"{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":"m","quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier","quotaValue":"5"}]},{"@type":"type.googleapis.com/google.rpc.Help","links":[{"url":"u"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.4s"}]}}"#;

#[test]
fn what_is_ours_is_never_the_customers() {
    let error = |code: u16, status: &str, message: &str| {
        format!(r#"{{"error":{{"code":{code},"message":"{message}","status":"{status}"}}}}"#)
    };
    let invalid_key = r#"{"error":{"code":400,"message":"API Key not found.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}]}}"#;
    let per_day = PER_MINUTE.replace("PerMinute", "PerDay");
    for (status, body, expected) in [
        (400, invalid_key.to_owned(), "account"),
        (
            400,
            error(400, "FAILED_PRECONDITION", "User location is not supported"),
            "account",
        ),
        (
            400,
            error(400, "INVALID_ARGUMENT", "Invalid value at seed"),
            "request 400",
        ),
        (
            400,
            error(
                400,
                "INVALID_ARGUMENT",
                "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
            ),
            "context_length_exceeded",
        ),
        (400, String::new(), "request 400"),
        (401, error(401, "UNAUTHENTICATED", "m"), "account"),
        (403, error(403, "PERMISSION_DENIED", "leaked"), "account"),
        (
            403,
            error(
                403,
                "PERMISSION_DENIED",
                "You do not have permission to access the File abc or it may not exist.",
            ),
            "request 400",
        ),
        (
            404,
            error(404, "NOT_FOUND", "models/x is not found"),
            "model",
        ),
        (404, "<html>".to_owned(), "model"),
        (413, String::new(), "request 413"),
        (429, PER_MINUTE.to_owned(), "pace"),
        (429, format!("[{PER_MINUTE}]"), "pace"),
        (429, per_day, "model"),
        (429, String::new(), "pace"),
        (499, error(499, "CANCELLED", "m"), "failing"),
        (500, error(500, "INTERNAL", "m"), "failing"),
        (503, error(503, "UNAVAILABLE", "m"), "overload"),
        (504, error(504, "DEADLINE_EXCEEDED", "m"), "late"),
        (302, String::new(), "account"),
    ] {
        let fault = of_status(status, body.as_bytes(), None);
        assert_eq!(name(&fault.kind), expected, "{status} {body}");
        assert!(!fault.message.is_empty());
        assert!(
            !fault.message.to_lowercase().contains("quota"),
            "{}",
            fault.message
        );
    }
}

#[test]
fn the_time_to_wait_is_passed_on() {
    for (delay, millis) in [
        ("34.4s", Some(34_400)),
        ("0s", Some(0)),
        ("999999s", Some(3_600_000)),
        ("-1s", None),
        ("NaNs", None),
        ("soon", None),
    ] {
        let body = PER_MINUTE.replace("34.4s", delay);
        let fault = of_status(429, body.as_bytes(), None);
        assert_eq!(
            fault.retry_after,
            millis.map(Duration::from_millis),
            "{delay}"
        );
    }
    let header = Some(Duration::from_secs(7));
    assert_eq!(of_status(503, b"", header).retry_after, header);
}

#[test]
fn errors_inside_of_answers_are_judged_alike() {
    let stated = |code: Option<&str>, kind: &str| {
        ReadFault::Stated(UpstreamFault {
            message: "m".to_owned(),
            code: code.map(str::to_owned),
            kind: Some(kind.to_owned()),
        })
    };
    let exhausted = stated(Some("429"), "RESOURCE_EXHAUSTED");
    for (trouble, raw, expected) in [
        (&exhausted, format!("data: {PER_MINUTE}\r\n\r\n"), "pace"),
        (
            &exhausted,
            format!("data: [{}]\n\n", PER_MINUTE.replace("PerMinute", "PerDay")),
            "model",
        ),
        (&exhausted, "data: x".to_owned(), "pace"),
        (&stated(None, "UNAVAILABLE"), String::new(), "overload"),
        (
            &stated(None, "INVALID_ARGUMENT"),
            String::new(),
            "request 400",
        ),
        (
            &stated(None, "MALFORMED_FUNCTION_CALL"),
            String::new(),
            "failing",
        ),
        (&ReadFault::Garbled("x"), String::new(), "Garbled"),
    ] {
        let fault = of_read(trouble, raw.as_bytes());
        assert_eq!(name(&fault.kind), expected, "{raw}");
    }
}
