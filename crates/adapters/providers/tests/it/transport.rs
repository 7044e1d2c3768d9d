//! Connections, requests and timers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use vuzo_domain::chat::{FaultKind, Reply};
use vuzo_domain::port::ChatProvider as _;
use vuzo_providers::{Dialect, Patience};

use crate::fake::{Act, Fake, adapter, call, plain_call, short_patience, streamed, whole};
use crate::outcome::{self, Outcome};

const ANSWER: &str = r#"{"id":"a","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#;

fn good() -> Act {
    Act::Send(whole("200 OK", "application/json", ANSWER.as_bytes()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_closed_too_early_is_tried_once_more() {
    let fake = Fake::start(|request| {
        if request.number == 0 {
            vec![Act::Close]
        } else {
            vec![good()]
        }
    })
    .await;
    let outcome = outcome::of(&fake.adapter(Dialect::OpenAi), &plain_call(false)).await;
    assert!(outcome.is_ok(), "{outcome:?}");
    assert_eq!(fake.seen().len(), 2);

    let fake = Fake::start(|_| vec![Act::Close]).await;
    let outcome = outcome::of(&fake.adapter(Dialect::OpenAi), &plain_call(false)).await;
    assert_eq!(outcome.expect_err("a fault").kind, FaultKind::Unreachable);
    assert_eq!(fake.seen().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_twice_after_the_first_byte() {
    let fake = Fake::start(|_| {
        vec![
            Act::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_vec()),
            Act::Close,
        ]
    })
    .await;
    let outcome = outcome::of(&fake.adapter(Dialect::OpenAi), &plain_call(false)).await;
    assert_eq!(outcome.expect_err("a fault").kind, FaultKind::Garbled);
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base_url = format!("http://{}", listener.local_addr().expect("address"));
    drop(listener);
    let adapter = adapter(&base_url, Dialect::OpenAi, short_patience());
    let outcome = outcome::of(&adapter, &plain_call(false)).await;
    assert_eq!(outcome.expect_err("a fault").kind, FaultKind::Unreachable);
}

#[tokio::test(flavor = "multi_thread")]
async fn keep_alives_do_not_prolong_the_wait_for_the_first_event() {
    let head =
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n: processing\n\n".to_vec();
    let fake = Fake::start(move |_| vec![Act::Send(head.clone()), Act::Stall]).await;
    let patience = Patience {
        first_byte: Duration::from_millis(100),
        between_reads: Duration::from_secs(40),
        ..short_patience()
    };
    let begin = Instant::now();
    let outcome = outcome::of(
        &adapter(&fake.base_url, Dialect::OpenRouter, patience),
        &plain_call(true),
    )
    .await;
    let kind = match outcome {
        Err(fault) => fault.kind,
        Ok(Outcome::Stream(told)) => told.ending.expect("an ending").expect_err("a fault").kind,
        Ok(whole @ Outcome::Whole(_)) => panic!("{whole:?}"),
    };
    assert_eq!(kind, FaultKind::TimedOut);
    assert!(begin.elapsed() < Duration::from_secs(20));
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_not_followed() {
    let fake = Fake::start(|_| {
        vec![Act::Send(
            b"HTTP/1.1 307 X\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n".to_vec(),
        )]
    })
    .await;
    let outcome = outcome::of(&fake.adapter(Dialect::OpenAi), &plain_call(false)).await;
    assert_eq!(outcome.expect_err("a fault").kind, FaultKind::OurAccount);
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_after_is_passed_on() {
    let fake = Fake::saying(
        b"HTTP/1.1 429 X\r\nretry-after: 7\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            .to_vec(),
    )
    .await;
    let outcome = outcome::of(&fake.adapter(Dialect::OpenAi), &plain_call(true)).await;
    let fault = outcome.expect_err("a fault");
    assert_eq!(
        (fault.kind, fault.retry_after),
        (FaultKind::RateLimited, Some(Duration::from_secs(7)))
    );
}

/// What the provider gets to see of a body, and with which headers.
async fn forwarded(dialect: Dialect, body: &str, output_limit: Option<u64>) -> (String, String) {
    let fake = Fake::start(|_| vec![good()]).await;
    let mut call = call(body, false, false, 1);
    call.output_limit = output_limit;
    let outcome = outcome::of(&fake.adapter(dialect), &call).await;
    assert!(outcome.is_ok(), "{outcome:?}");
    let request = fake.seen().pop().expect("a request");
    assert_eq!(request.path, "/chat/completions");
    (
        String::from_utf8(request.body).expect("text"),
        request.head.to_ascii_lowercase(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_request_is_rewritten_and_nothing_else_of_it_changes() {
    let body = r#"{"model":"m", "messages":[{"role":"user","content":"Hi"}],"sim":{"n":1},"models":["x"],"fallbacks":["y"],"provider":{"sort":"price"},"plugins":[],"transforms":[],"route":"fallback","service_tier":"priority","metadata":{"a":"b"},"temperature":0.5}"#;
    // Where the account there decides what nobody asks for, the standard tier is asked for.
    let tier = r#""service_tier":"default","#;
    for (dialect, field, tier) in [
        (Dialect::OpenAi, "max_completion_tokens", tier),
        (Dialect::XAi, "max_completion_tokens", ""),
        (Dialect::OpenRouter, "max_tokens", ""),
    ] {
        let (sent, head) = forwarded(dialect, body, Some(77)).await;
        let expected = format!(
            r#"{{"model":"upstream-model", "messages":[{{"role":"user","content":"Hi"}}],{tier}"temperature":0.5,"{field}":77}}"#
        );
        assert_eq!(sent, expected);
        assert!(head.contains("authorization: bearer sk-operator"), "{head}");
        assert!(head.contains("accept-encoding: identity"), "{head}");
        assert_eq!(
            head.contains("http-referer: https://vuzo.test"),
            dialect == Dialect::OpenRouter
        );
        assert_eq!(
            head.contains("x-openrouter-title: vuzo"),
            dialect == Dialect::OpenRouter
        );
    }
    let named = r#"{"model":"m","messages":[{"role":"user","content":"Hi"}],"max_tokens":900}"#;
    let (sent, _) = forwarded(Dialect::OpenAi, named, Some(5)).await;
    assert_eq!(
        sent,
        r#"{"model":"upstream-model","messages":[{"role":"user","content":"Hi"}],"max_tokens":5,"service_tier":"default"}"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_provider_refuses_of_tools_and_names_is_left_out() {
    let body = |system: &str, tool: &str| {
        format!(
            r#"{{"model":"upstream-model","messages":[{{"role":"system",{system}"content":"Be kind"}},{{"role":"user","name":"ada","content":"Hi"}}],"tools":[{{"type":"function","function":{{"name":"f"{tool}}}}}],"max_tokens":5}}"#
        )
    };
    let given = body(r#""name":"rules","#, r#","strict":true"#);
    let (sent, _) = forwarded(Dialect::XAi, &given, Some(5)).await;
    assert_eq!(sent, body("", ""));
    let (sent, _) = forwarded(Dialect::OpenRouter, &given, Some(5)).await;
    assert_eq!(sent, given);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_always_asked_for_its_usage() {
    let frames: [&[u8]; 1] = [b"data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"];
    let fake = Fake::saying(streamed(&frames)).await;
    let outcome = outcome::of(&fake.adapter(Dialect::OpenAi), &plain_call(true)).await;
    assert!(matches!(outcome, Ok(Outcome::Stream(_))), "{outcome:?}");
    let body = String::from_utf8(fake.seen().pop().expect("a request").body).expect("text");
    assert!(
        body.ends_with(
            r#""stream":true,"service_tier":"default","stream_options":{"include_usage":true}}"#
        ),
        "{body}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_stream_hangs_up() {
    let gone = Arc::new(tokio::sync::Notify::new());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base_url = format!("http://{}", listener.local_addr().expect("address"));
    let mut running = tokio::task::JoinSet::new();
    let told = Arc::clone(&gone);
    running.spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let (mut socket, _) = listener.accept().await.expect("a connection");
        let mut buffer = [0; 4096];
        let _request = socket.read(&mut buffer).await;
        let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";
        socket.write_all(head).await.expect("sent");
        while matches!(socket.read(&mut buffer).await, Ok(read) if read > 0) {}
        told.notify_one();
    });
    let reply = adapter(&base_url, Dialect::OpenAi, short_patience())
        .open(&plain_call(true))
        .await;
    let Ok(Reply::Stream(stream)) = reply else {
        panic!("no stream")
    };
    drop(stream);
    tokio::time::timeout(Duration::from_secs(20), gone.notified())
        .await
        .expect("it hung up");
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_are_there_leave_in_few_pieces() {
    let frame =
        b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"word\"}}]}\n\n".as_slice();
    let end: &[u8] = b"data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let mut frames = vec![frame; 50];
    frames.push(end);
    let fake = Fake::saying(streamed(&frames)).await;
    let mut fewest = usize::MAX;
    // The network may cut the bytes anywhere, so the best of a few tries counts.
    for _ in 0..5 {
        let adapter = fake.adapter(Dialect::OpenAi);
        // On a worker of the runtime, as the application's pump is.
        let mut pump = tokio::task::JoinSet::new();
        pump.spawn(async move { outcome::of(&adapter, &plain_call(true)).await });
        let outcome = pump.join_next().await.expect("a task").expect("no panic");
        let Ok(Outcome::Stream(told)) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(told.output_bytes, 200);
        fewest = fewest.min(told.pieces);
    }
    assert!(fewest <= 10, "50 chunks left in {fewest} pieces at best");
}
