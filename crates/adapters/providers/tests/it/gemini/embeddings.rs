//! Embeddings from Gemini, in OpenAI's shape.

use std::sync::Arc;

use serde_json::{Value, json};
use vuzo_domain::chat::{Endpoint, Envelope, FaultKind, UpstreamCall};

use super::adapter;
use crate::fake::{Act, Fake, Request, call, whole};
use crate::outcome::{self, Outcome};

fn asked(body: &str) -> UpstreamCall {
    let call = call(body, false, false, 1);
    let envelope = Envelope {
        endpoint: Endpoint::Embeddings,
        prompt_bytes: 40,
        ..Envelope::clone(&call.envelope)
    };
    UpstreamCall {
        envelope: Arc::new(envelope),
        ..call
    }
}

/// A vector for each text, all alike.
fn vectors(request: &Request) -> Vec<Act> {
    let body: Value = serde_json::from_slice(&request.body).expect("JSON");
    let count = body["requests"].as_array().expect("requests").len();
    let answer = json!({"embeddings": vec![json!({"values": [3.0, -4.0]}); count]});
    let answer = answer.to_string();
    vec![Act::Send(whole(
        "200 OK",
        "application/json",
        answer.as_bytes(),
    ))]
}

async fn answered(body: &str) -> (Value, Vec<Request>, vuzo_domain::chat::UsageReport) {
    let fake = Fake::start(vectors).await;
    let outcome = outcome::of(&adapter(&fake.base_url), &asked(body)).await;
    let Ok(Outcome::Whole(reply)) = outcome else {
        panic!("{outcome:?}")
    };
    let body = serde_json::from_slice(&reply.body).expect("JSON");
    (body, fake.seen(), reply.report)
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_come_in_openais_shape() {
    let (body, seen, report) = answered(r#"{"model":"m","input":["a","b"]}"#).await;
    assert_eq!(
        body,
        json!({
            "object": "list",
            "data": [
                {"object": "embedding", "index": 0, "embedding": [3, -4]},
                {"object": "embedding", "index": 1, "embedding": [3, -4]},
            ],
            "model": "m",
            "usage": {"prompt_tokens": 10, "total_tokens": 10},
        })
    );
    // The vendor counts nothing, so it is estimated, and said to be.
    assert_eq!(report.consumption, None);
    let [request] = seen.as_slice() else {
        panic!("{} requests", seen.len())
    };
    assert_eq!(request.path, "/models/upstream-model:batchEmbedContents");
    assert_eq!(
        String::from_utf8(request.body.clone()).expect("text"),
        r#"{"requests":[{"model":"models/upstream-model","content":{"parts":[{"text":"a"}]}},{"model":"models/upstream-model","content":{"parts":[{"text":"b"}]}}]}"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn shortened_vectors_are_of_length_one() {
    let (body, seen, _) =
        answered(r#"{"model":"m","input":"a","dimensions":2,"encoding_format":"base64"}"#).await;
    // 0.6 and -0.8 as little-endian floats.
    assert_eq!(body["data"][0]["embedding"], "mpkZP83MTL8=");
    let sent: Value = serde_json::from_slice(&seen[0].body).expect("JSON");
    assert_eq!(sent["requests"][0]["outputDimensionality"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_texts_go_in_several_requests() {
    let texts: Vec<String> = (0..205).map(|number| number.to_string()).collect();
    let (body, seen, _) = answered(&json!({"model": "m", "input": texts}).to_string()).await;
    assert_eq!(seen.len(), 3);
    let data = body["data"].as_array().expect("vectors");
    assert_eq!(data.len(), 205);
    assert_eq!(data[204]["index"], 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_refused() {
    let fake = Fake::start(|_| vec![Act::Close]).await;
    let outcome = outcome::of(
        &adapter(&fake.base_url),
        &asked(r#"{"model":"m","input":[[1,2]]}"#),
    )
    .await;
    let FaultKind::BadRequest { status, param, .. } = outcome.expect_err("a refusal").kind else {
        panic!("not the customer's")
    };
    assert_eq!((status, param.as_deref()), (400, Some("input")));
    assert_eq!(fake.seen().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_holds_no_vectors_is_a_fault() {
    for (status, body, expected) in [
        ("200 OK", "<html>", FaultKind::Garbled),
        ("200 OK", "{}", FaultKind::Garbled),
        (
            "200 OK",
            r#"{"embeddings":[{"values":[]}]}"#,
            FaultKind::Garbled,
        ),
        (
            "200 OK",
            r#"{"embeddings":[{"values":[1]},{"values":[1]}]}"#,
            FaultKind::Garbled,
        ),
        (
            "200 OK",
            r#"{"embeddings":[{"values":["a"]}]}"#,
            FaultKind::Garbled,
        ),
        (
            "200 OK",
            r#"{"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}"#,
            FaultKind::Overloaded,
        ),
        (
            "404 X",
            r#"{"error":{"code":404,"message":"m","status":"NOT_FOUND"}}"#,
            FaultKind::NotServed,
        ),
    ] {
        let fake = Fake::saying(whole(status, "application/json", body.as_bytes())).await;
        let outcome = outcome::of(
            &adapter(&fake.base_url),
            &asked(r#"{"model":"m","input":"a"}"#),
        )
        .await;
        assert_eq!(outcome.expect_err(body).kind, expected, "{body}");
    }
}
