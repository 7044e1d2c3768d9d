//! Requests, sizes and cuts.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use vuzo_domain::chat::{FaultKind, Reply, ReplyChunk, UpstreamCall};
use vuzo_domain::port::ChatProvider as _;
use vuzo_providers::{Dialect, Patience};

use super::{call, plain_call};
use crate::fake::{Act, Fake, adapter, short_patience, streamed, whole};
use crate::outcome::{self, Outcome};

const ANSWER: &str = r#"{"id":"resp_1","object":"response","status":"completed","output":[],"usage":{"input_tokens":3,"output_tokens":2}}"#;

fn event(kind: &str, rest: &str) -> String {
    format!("event: {kind}\ndata: {{\"type\":\"{kind}\"{rest}}}\n\n")
}

async fn sent(call: &UpstreamCall) -> (String, String) {
    let answer = whole("200 OK", "application/json", ANSWER.as_bytes());
    let fake = Fake::start(move |_| vec![Act::Send(answer.clone())]).await;
    let outcome = outcome::of(&fake.adapter(Dialect::OpenAi), call).await;
    assert!(outcome.is_ok(), "{outcome:?}");
    let request = fake.seen().pop().expect("a request");
    assert!(
        request
            .head
            .to_ascii_lowercase()
            .contains("authorization: bearer sk-operator"),
        "{}",
        request.head
    );
    (request.path, String::from_utf8(request.body).expect("text"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_customers_own_body_is_sent_on() {
    let body = r#"{"model":"m", "input":"Hi","sim":{},"models":["x"],"service_tier":"auto","metadata":{"a":"b"},"store":true,"max_output_tokens":900,"tools":[{"type":"custom","name":"c"}]}"#;
    let mut call = call(body, false);
    call.output_limit = Some(77);
    let (path, plain) = sent(&call).await;
    assert_eq!(path, "/responses");
    assert_eq!(
        plain,
        r#"{"model":"upstream-model", "input":"Hi","store":false,"max_output_tokens":77,"tools":[{"type":"custom","name":"c"}],"service_tier":"default"}"#
    );
    call.capabilities = Arc::new(["reasoning".to_owned()]);
    let (_, reasoning) = sent(&call).await;
    let seals = r#","include":["reasoning.encrypted_content"]}"#;
    let plain = plain.strip_suffix('}').expect("an object");
    assert_eq!(reasoning, format!("{plain}{seals}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_event_may_be_large() {
    let created = event("response.created", r#","response":{"id":"r","output":[]}"#);
    for (length, is_taken) in [(12 << 20, true), (17 << 20, false)] {
        let text = "a".repeat(length);
        let last = event(
            "response.completed",
            &format!(
                r#","response":{{"id":"r","output":[{{"type":"message","content":[{{"type":"output_text","text":"{text}"}}]}}],"usage":{{"input_tokens":3,"output_tokens":2}}}}"#
            ),
        );
        let bytes = [created.as_bytes(), last.as_bytes()].concat();
        let pieces: Vec<&[u8]> = bytes.chunks(60_000).collect();
        let fake = Fake::saying(streamed(&pieces)).await;
        let outcome = outcome::of(&fake.adapter(Dialect::OpenAi), &plain_call(true)).await;
        let ending = match outcome {
            Err(fault) => Err(fault),
            Ok(Outcome::Stream(told)) => told.ending.expect("an ending"),
            Ok(whole @ Outcome::Whole(_)) => panic!("{whole:?}"),
        };
        match ending {
            Ok(end) => {
                assert!(is_taken);
                let frame = end.usage_frame.expect("the last event");
                assert!(frame.len() > length);
                assert_eq!(end.report.consumption.expect("counts").output, 2);
            }
            Err(fault) => {
                assert!(!is_taken, "{fault:?}");
                assert_eq!(fault.kind, FaultKind::Garbled);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_cut_is_closed_in_its_wire() {
    let frames = [
        event(
            "response.created",
            r#","sequence_number":0,"response":{"id":"r","status":"in_progress","incomplete_details":null,"output":[],"usage":null}"#,
        ),
        event(
            "response.output_item.added",
            r#","sequence_number":1,"output_index":0,"item":{"id":"msg_1","type":"message","status":"in_progress","content":[],"role":"assistant"}"#,
        ),
        event(
            "response.output_text.delta",
            r#","sequence_number":2,"item_id":"msg_1","output_index":0,"content_index":0,"delta":"Hello""#,
        ),
    ];
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n".to_vec();
    let bytes = [head, frames.concat().into_bytes()].concat();
    let fake = Fake::start(move |_| vec![Act::Send(bytes.clone()), Act::Stall]).await;
    let reply = fake.adapter(Dialect::OpenAi).open(&plain_call(true)).await;
    let Ok(Reply::Stream(mut stream)) = reply else {
        panic!("no stream")
    };
    let mut told = 0;
    while told < 5 {
        match stream.next().await.expect("a piece").expect("content") {
            ReplyChunk::Content { output_bytes, .. } => told += output_bytes,
            end @ ReplyChunk::End { .. } => panic!("{end:?}"),
        }
    }
    let Some(ReplyChunk::End {
        frames,
        usage_frame,
        report,
    }) = stream.cut()
    else {
        panic!("no end")
    };
    assert_eq!((report.output_bytes, report.consumption), (5, None));
    let closing = String::from_utf8(frames.to_vec()).expect("text");
    assert!(
        closing.starts_with("event: response.output_text.done\n"),
        "{closing}"
    );
    let last = usage_frame.expect("the last event");
    let data = last
        .strip_prefix(b"event: response.incomplete\ndata: ")
        .expect("its name");
    let last = String::from_utf8(data.to_vec()).expect("text");
    assert!(last.contains(r#""reason":"max_output_tokens""#), "{last}");
    assert!(last.contains(r#""text":"Hello""#), "{last}");
    assert!(
        last.contains(&plain_call(true).generation.to_string()),
        "{last}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_response_is_garbled() {
    for is_stream in [false, true] {
        for (content_type, body) in [
            ("text/html", "<html>"),
            ("application/json", ""),
            ("application/json", "null"),
            ("application/json", "[]"),
            ("application/json", "{}"),
            ("application/json", r#"{"id":"r","output":"#),
            (
                "application/json",
                r#"{"id":"r","status":"queued","output":[]}"#,
            ),
            ("text/event-stream", "data: {}\n\n"),
            ("text/event-stream", "data: 7\n\n"),
            ("text/event-stream", "data: [DONE]\n\n"),
            ("text/event-stream", ": nothing\n\n"),
            ("text/event-stream", "data: \u{fffd}\n\n"),
        ] {
            let fake = Fake::saying(whole("200 OK", content_type, body.as_bytes())).await;
            let outcome = outcome::of(&fake.adapter(Dialect::OpenAi), &plain_call(is_stream)).await;
            let fault = match outcome {
                Err(fault) => fault,
                Ok(Outcome::Stream(told)) => told.ending.expect("an ending").expect_err("a fault"),
                Ok(Outcome::Whole(reply)) => panic!("{content_type} {body}: {reply:?}"),
            };
            assert_eq!(fault.kind, FaultKind::Garbled, "{content_type} {body}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_opening_waits_for_what_follows_and_is_not_lost() {
    let opening = event(
        "response.created",
        r#","sequence_number":0,"response":{"id":"r","status":"in_progress","incomplete_details":null,"output":[],"usage":null}"#,
    );
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n".to_vec();
    let bytes = [head, opening.into_bytes()].concat();
    let fake = Fake::start(move |_| vec![Act::Send(bytes.clone()), Act::Stall]).await;
    let patience = Patience {
        first_event: Duration::from_secs(2),
        ..short_patience()
    };
    let reply = adapter(&fake.base_url, Dialect::OpenAi, patience)
        .open(&plain_call(true))
        .await;
    let Ok(Reply::Stream(stream)) = reply else {
        panic!("no stream")
    };
    let Some(ReplyChunk::End {
        frames,
        usage_frame,
        ..
    }) = stream.cut()
    else {
        panic!("no end")
    };
    assert!(frames.starts_with(b"event: response.created\n"));
    let last = usage_frame.expect("the last event");
    assert!(last.starts_with(b"event: response.incomplete\n"));
}
