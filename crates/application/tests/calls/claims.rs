//! Idempotency keys.

use bytes::Bytes;
use core::time::Duration;
use futures_util::FutureExt;
use vuzo_application::access::Caller;
use vuzo_application::chat::{Answered, CallError};
use vuzo_domain::chat::{FaultKind, ProviderFault, ReplyStream};
use vuzo_domain::key::Environment;
use vuzo_domain::limit::Limits;
use vuzo_memory::Script;

use crate::bench::{
    Bench, INPUT, OUTPUT, consumed, end, envelope, expect_stream, expect_whole, piece, read, whole,
};

const RICH: i64 = 1_000_000_000;

async fn plain(bench: &Bench) -> Caller {
    bench.caller(Environment::Live, Limits::default()).await
}

#[tokio::test(start_paused = true)]
async fn the_same_request_gets_the_same_answer_and_is_charged_once() {
    for stream in [false, true] {
        let script = if stream {
            Script::Pieces(vec![piece("hello"), end(consumed(1, 2))])
        } else {
            whole("hello", 1, 2)
        };
        let bench = Bench::with(RICH, [script]).await;
        let caller = plain(&bench).await;
        let first = bench
            .call_as(caller.clone(), envelope(stream, Some(10)), Some("once"))
            .await;
        let text = if stream {
            read(expect_stream(first).1).await
        } else {
            expect_whole(first).2
        };
        let again = bench
            .call_as(caller, envelope(stream, Some(10)), Some("once"))
            .await;
        let Answered::Replay {
            content_type, body, ..
        } = again.unwrap()
        else {
            panic!("not a replay");
        };
        assert_eq!(body, text.as_bytes());
        assert_eq!(
            content_type,
            if stream { "test/stream" } else { "test/whole" }
        );
        assert_eq!(bench.provider.calls().len(), 1);
        assert_eq!(bench.settled().await, RICH - INPUT - 2 * OUTPUT);
    }
}

#[tokio::test(start_paused = true)]
async fn another_body_or_a_running_call_is_refused() {
    let bench = Bench::with(RICH, [Script::Silence]).await;
    let caller = plain(&bench).await;
    let mut first = Box::pin(bench.call_as(caller.clone(), envelope(false, Some(10)), Some("k")));
    assert!(first.as_mut().now_or_never().is_none());
    tokio::time::sleep(Duration::from_millis(1)).await;
    let running = bench
        .call_as(caller.clone(), envelope(false, Some(10)), Some("k"))
        .await;
    assert!(matches!(running.unwrap_err().error, CallError::KeyRunning));
    let mut other = envelope(false, Some(10));
    other.body = Bytes::from_static(b"{ }");
    let mismatch = bench.call_as(caller.clone(), other, Some("k")).await;
    assert!(matches!(
        mismatch.unwrap_err().error,
        CallError::KeyMismatch
    ));
    let malformed = bench
        .call_as(caller, envelope(false, Some(10)), Some("a b"))
        .await;
    assert!(matches!(
        malformed.unwrap_err().error,
        CallError::BadIdempotencyKey
    ));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_failed_may_be_tried_again() {
    let fault = ProviderFault::new(FaultKind::TimedOut, "broken");
    let bench = Bench::with(RICH, [Script::Fault(fault), whole("well", 1, 1)]).await;
    let caller = plain(&bench).await;
    let request = || bench.call_as(caller.clone(), envelope(false, Some(10)), Some("again"));
    assert!(matches!(
        request().await.unwrap_err().error,
        CallError::Provider(_)
    ));
    assert!(expect_whole(request().await).2.starts_with("well"));
}

#[tokio::test(start_paused = true)]
async fn who_left_early_finds_the_whole_answer() {
    let slow = futures_util::StreamExt::chain(
        futures_util::stream::iter([piece("one ")]),
        futures_util::stream::once(async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            end(consumed(1, 1))
        }),
    );
    let bench = Bench::with(RICH, [Script::Stream(ReplyStream::new(slow))]).await;
    let caller = plain(&bench).await;
    let (_, mut frames) = expect_stream(
        bench
            .call_as(caller.clone(), envelope(true, Some(10)), Some("left"))
            .await,
    );
    frames.recv().await.unwrap();
    drop(frames);
    bench.settled().await;
    let again = bench
        .call_as(caller, envelope(true, Some(10)), Some("left"))
        .await;
    let Answered::Replay { body, .. } = again.unwrap() else {
        panic!("not a replay");
    };
    assert!(body.starts_with(b"one ") && body.ends_with(b"[done]"));
}

#[tokio::test(start_paused = true)]
async fn a_stream_too_long_to_keep_says_so_when_it_is_replayed() {
    let long: &'static str = Box::leak("a".repeat(1 << 20).into_boxed_str());
    let pieces = (0..6).map(|_| piece(long)).chain([end(consumed(1, 1))]);
    let bench = Bench::with(RICH, [Script::Pieces(pieces.collect())]).await;
    let caller = plain(&bench).await;
    let request = || bench.call_as(caller.clone(), envelope(true, Some(10)), Some("long"));
    let whole = read(expect_stream(request().await).1).await;
    assert!(whole.ends_with("[done]"));
    let Answered::Replay { body, .. } = request().await.unwrap() else {
        panic!("not a replay");
    };
    assert!(body.len() < 6 << 20);
    assert!(!body.ends_with(b"[done]"));
    assert_eq!(bench.provider.calls().len(), 1, "it is not made anew");
}
