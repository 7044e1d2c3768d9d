//! What goes wrong there, and whose fault it is.

use std::time::Duration;

use vuzo_domain::chat::FaultKind;

use super::{FRAMES, both_calls, fault_of};
use crate::fake::{streamed, whole};

fn error(kind: &str, message: &str) -> String {
    format!(
        r#"{{"type":"error","error":{{"type":"{kind}","message":"{message}"}},"request_id":"req_1"}}"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn complaints_fall_on_who_can_mend_them() {
    let bad = |param: Option<&str>| FaultKind::BadRequest {
        status: 400,
        param: param.map(str::to_owned),
        code: None,
    };
    let low = "Your credit balance is too low to access the Anthropic API.";
    for (status, body, expected) in [
        (
            400,
            error("invalid_request_error", "max_tokens: too large"),
            bad(Some("max_tokens")),
        ),
        (
            400,
            error("invalid_request_error", low),
            FaultKind::OurAccount,
        ),
        (
            401,
            error("authentication_error", "invalid x-api-key"),
            FaultKind::OurAccount,
        ),
        (
            404,
            error("not_found_error", "model: x"),
            FaultKind::NotServed,
        ),
        (
            429,
            error("rate_limit_error", "slow"),
            FaultKind::RateLimited,
        ),
        (500, error("api_error", "oops"), FaultKind::Failing),
        (
            529,
            error("overloaded_error", "Overloaded"),
            FaultKind::Overloaded,
        ),
    ] {
        let mut answer = format!("HTTP/1.1 {status} X\r\nretry-after: 7\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
        answer.extend_from_slice(body.as_bytes());
        for asked in both_calls(false).into_iter().chain(both_calls(true)) {
            let fault = fault_of(answer.clone(), &asked).await;
            assert_eq!(fault.kind, expected, "{body}");
            let waits = matches!(
                expected,
                FaultKind::RateLimited | FaultKind::Overloaded | FaultKind::Failing
            );
            if waits {
                assert_eq!(fault.retry_after, Some(Duration::from_secs(7)));
            }
            if fault.kind == FaultKind::OurAccount {
                for words in ["x-api-key", "credit", "model: x"] {
                    assert!(!fault.message.contains(words), "{}", fault.message);
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_inside_a_stream_ends_it() {
    let overloaded = format!(
        "event: error\ndata: {}\n\n",
        error("overloaded_error", "Overloaded")
    );
    for (begun, spoken, input) in [
        (0, 0, None),
        (1, 0, Some(3)),
        (2, 0, Some(3)),
        (4, 7, Some(3)),
    ] {
        let frames = format!("{}{overloaded}", FRAMES[..begun].concat());
        for asked in both_calls(true) {
            let fault = fault_of(streamed(&[frames.as_bytes()]), &asked).await;
            assert_eq!(fault.kind, FaultKind::Overloaded, "{begun}");
            let report = fault.report.expect("what came before");
            assert_eq!(report.output_bytes, spoken);
            // The prompt is counted; the output is what was said.
            let counted = report.consumption;
            assert_eq!(counted.map(|counted| counted.input), input, "{begun}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_answer_is_garbled() {
    let html: &[u8] = b"<!doctype html><html><body>Welcome to the proxy</body></html>";
    for is_stream in [false, true] {
        for (content_type, body) in [
            ("text/html", html),
            ("application/json", html),
            ("text/event-stream", html),
            ("application/json", b"{\"type\":\"message\",\"content\":["),
            ("application/json", b""),
            ("application/json", b"null"),
            ("application/json", b"[]"),
            ("application/json", b"{}"),
            ("application/json", b"\xff\xfe{}"),
            ("text/event-stream", b"data: {}\n\n"),
            ("text/event-stream", b"data: 7\n\n"),
            ("text/event-stream", b": only comments\n\n: and more\n\n"),
            ("text/event-stream", b"data: \xff\xff\n\n"),
            (
                "text/event-stream",
                b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
            ),
        ] {
            for asked in both_calls(is_stream) {
                let fault = fault_of(whole("200 OK", content_type, body), &asked).await;
                assert_eq!(
                    fault.kind,
                    FaultKind::Garbled,
                    "{content_type}: {:?}",
                    String::from_utf8_lossy(body)
                );
            }
        }
    }
    // Without a reason for its end, a stream broke off.
    for asked in both_calls(true) {
        let fault = fault_of(streamed(&[FRAMES[..6].concat().as_bytes()]), &asked).await;
        assert_eq!(fault.kind, FaultKind::Garbled);
    }
}
