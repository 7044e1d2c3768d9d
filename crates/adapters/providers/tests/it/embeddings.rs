//! Embeddings: asked for and answered in the customer's own wire.

use std::sync::Arc;

use vuzo_domain::chat::{Endpoint, FaultKind, ProviderFault, Reply, UpstreamCall, WholeReply};
use vuzo_domain::port::ChatProvider as _;
use vuzo_domain::usage::Consumption;
use vuzo_providers::Dialect;

use crate::fake::{Act, Fake, call, whole};

const ANSWER: &str = r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.25,-1]}],"model":"te-3-0125","usage":{"prompt_tokens":5,"total_tokens":5}}"#;

fn asking(body: &str) -> UpstreamCall {
    let mut call = call(body, false, false, 1);
    Arc::make_mut(&mut call.envelope).endpoint = Endpoint::Embeddings;
    call
}

async fn told(answer: &str, input: &str) -> Result<WholeReply, ProviderFault> {
    let fake = Fake::saying(whole("200 OK", "application/json", answer.as_bytes())).await;
    let body = format!(r#"{{"model":"m","input":{input}}}"#);
    match fake.adapter(Dialect::OpenAi).open(&asking(&body)).await? {
        Reply::Whole(whole) => Ok(whole),
        other @ Reply::Stream(_) => panic!("{other:?}"),
    }
}

fn input(tokens: u64) -> Consumption {
    Consumption {
        input: tokens,
        ..Consumption::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_request_and_the_answer_pass_through() {
    let fake = Fake::saying(whole("200 OK", "application/json", ANSWER.as_bytes())).await;
    let asked = r#"{"input":["a","b"],"model":"m","encoding_format":"base64","metadata":{"a":"b"},"sim":1,"later":1.0}"#;
    let reply = fake.adapter(Dialect::OpenAi).open(&asking(asked)).await;
    let Ok(Reply::Whole(reply)) = reply else {
        panic!("{reply:?}");
    };
    assert_eq!(reply.body, ANSWER, "not a byte is changed");
    assert_eq!(reply.report.consumption, Some(input(5)));
    assert_eq!(reply.report.served_model.as_deref(), Some("te-3-0125"));
    assert_eq!(reply.report.output_bytes, 0);
    let seen = fake.seen().remove(0);
    assert_eq!(seen.path, "/embeddings");
    assert!(
        seen.head
            .to_ascii_lowercase()
            .contains("authorization: bearer sk-operator")
    );
    assert_eq!(
        String::from_utf8_lossy(&seen.body),
        r#"{"input":["a","b"],"model":"upstream-model","encoding_format":"base64","later":1.0}"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_is_stated_or_counted_or_estimated() {
    for (usage, asked, expected) in [
        (
            r#","usage":{"prompt_tokens":7,"total_tokens":7}"#,
            "\"x\"",
            Some(input(7)),
        ),
        (r#","usage":{"prompt_tokens":7}"#, "\"x\"", Some(input(7))),
        (r#","usage":{"total_tokens":7}"#, "\"x\"", Some(input(7))),
        (
            r#","usage":{"prompt_tokens":0,"total_tokens":0}"#,
            "\"x\"",
            Some(input(0)),
        ),
        ("", "\"x\"", None),
        (r#","usage":null"#, "\"x\"", None),
        // Who sends tokens has counted them.
        ("", "[[1,2],[3]]", Some(input(3))),
        (
            r#","usage":{"prompt_tokens":4,"total_tokens":4}"#,
            "[1,2,3]",
            Some(input(4)),
        ),
    ] {
        let answer = format!(r#"{{"data":[]{usage}}}"#);
        let reply = told(&answer, asked).await.expect("an answer");
        assert_eq!(reply.report.consumption, expected, "{answer} {asked}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_answer_is_a_fault() {
    for (answer, kind) in [
        ("<html></html>", FaultKind::Garbled),
        ("{}", FaultKind::Garbled),
        (&ANSWER[..60], FaultKind::Garbled),
        (
            r#"{"error":{"message":"overloaded","code":503}}"#,
            FaultKind::Overloaded,
        ),
    ] {
        let fault = told(answer, "\"x\"").await.expect_err(answer);
        assert_eq!(fault.kind, kind, "{answer}");
    }
    for (status, is_customers) in [("400 X", true), ("401 X", false), ("500 X", false)] {
        let body =
            br#"{"error":{"message":"no","type":"invalid_request_error","param":"dimensions"}}"#;
        let fake = Fake::saying(whole(status, "application/json", body)).await;
        let adapter = fake.adapter(Dialect::OpenAi);
        let call = asking(r#"{"model":"m","input":"x","dimensions":7}"#);
        let fault = adapter.open(&call).await.expect_err(status);
        let blamed = matches!(fault.kind, FaultKind::BadRequest { .. });
        assert_eq!(blamed, is_customers, "{status}: {fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_cut_anywhere_is_no_answer() {
    let bytes = whole("200 OK", "application/json", ANSWER.as_bytes());
    for end in (0..bytes.len()).step_by(7) {
        let cut = bytes[..end].to_vec();
        let fake = Fake::start(move |_| vec![Act::Send(cut.clone()), Act::Close]).await;
        let call = asking(r#"{"model":"m","input":"x"}"#);
        let outcome = fake.adapter(Dialect::OpenAi).open(&call).await;
        assert!(outcome.is_err(), "cut at {end}: {outcome:?}");
    }
}
