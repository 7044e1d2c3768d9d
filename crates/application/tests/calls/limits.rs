//! Limits, and the end of an instance.

use core::time::Duration;

use futures_util::FutureExt;
use vuzo_application::chat::CallError;
use vuzo_domain::chat::ReplyStream;
use vuzo_domain::key::Environment;
use vuzo_domain::limit::{Limited, Limits};
use vuzo_memory::Script;

use crate::bench::{
    Bench, consumed, end, envelope, expect_stream, expect_whole, piece, read, whole,
};

const RICH: i64 = 1_000_000_000;

fn at_once(calls: u64) -> Limits {
    Limits {
        max_concurrency: Some(calls),
        ..Limits::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_place_is_free_again_when_the_answer_arrives() {
    let scripts = (0..3)
        .map(|_| whole("x", 1, 1))
        .chain([Script::Pieces(vec![piece("x"), end(consumed(1, 1))])])
        .chain([whole("x", 1, 1)]);
    let bench = Bench::with(RICH, scripts).await;
    let caller = bench.caller(Environment::Live, at_once(1)).await;
    for stream in [false, false, false, true, false] {
        let request = envelope(stream, Some(10));
        let answered = bench.call_as(caller.clone(), request, None).await;
        if stream {
            assert!(read(expect_stream(answered).1).await.ends_with("[done]"));
        } else {
            expect_whole(answered);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn refused_calls_hold_nothing_and_give_their_place_back() {
    let bench = Bench::with(0, [whole("x", 1, 1)]).await;
    let caller = bench.caller(Environment::Live, at_once(1)).await;
    for _ in 0..3 {
        let failure = bench
            .call_as(caller.clone(), envelope(false, Some(10)), None)
            .await
            .unwrap_err();
        assert!(
            matches!(failure.error, CallError::Insufficient { .. }),
            "{failure:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn calls_beyond_a_limit_are_told_which() {
    let bench = Bench::with(RICH, [Script::Silence]).await;
    let caller = bench.caller(Environment::Live, at_once(1)).await;
    let first = bench.call_as(caller.clone(), envelope(false, Some(10)), None);
    let mut first = Box::pin(first);
    assert!(first.as_mut().now_or_never().is_none());
    tokio::time::sleep(Duration::from_millis(1)).await;
    let failure = bench
        .call_as(caller, envelope(false, Some(10)), None)
        .await
        .unwrap_err();
    let CallError::Limited(refusal) = failure.error else {
        panic!("{failure:?}");
    };
    assert_eq!(refusal.limited, Limited::Concurrency);
    assert_eq!(bench.provider.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn more_output_than_a_key_may_is_refused_and_less_is_written_down() {
    let bench = Bench::with(RICH, [whole("x", 1, 1)]).await;
    let limits = Limits {
        max_tokens_per_request: Some(50),
        ..Limits::default()
    };
    let caller = bench.caller(Environment::Live, limits).await;
    let failure = bench
        .call_as(caller.clone(), envelope(false, Some(51)), None)
        .await
        .unwrap_err();
    assert!(matches!(
        failure.error,
        CallError::OutputLimit {
            asked: 51,
            limit: 50
        }
    ));
    expect_whole(bench.call_as(caller, envelope(false, None), None).await);
    assert_eq!(bench.provider.calls()[0].output_limit, Some(50));
}

#[tokio::test(start_paused = true)]
async fn a_draining_instance_takes_no_calls_and_lets_running_ones_end() {
    let slow = futures_util::stream::once(async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        end(consumed(1, 1))
    });
    let bench = Bench::with(RICH, [Script::Stream(ReplyStream::new(slow))]).await;
    let (_, frames) = expect_stream(bench.call(envelope(true, Some(10))).await);
    let draining = bench.app.drain(Duration::from_secs(10));
    let (left, text) = futures_util::future::join(draining, read(frames)).await;
    assert_eq!(left, 0);
    assert!(text.ends_with("[done]"));
    let failure = bench.call(envelope(false, Some(10))).await.unwrap_err();
    assert!(matches!(failure.error, CallError::Draining));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_end_in_time_is_ended_and_settled() {
    let bench = Bench::with(
        RICH,
        [Script::Stream(ReplyStream::new(
            futures_util::StreamExt::chain(
                futures_util::stream::iter([piece("x")]),
                futures_util::stream::pending(),
            ),
        ))],
    )
    .await;
    let (_, frames) = expect_stream(bench.call(envelope(true, Some(10))).await);
    assert_eq!(bench.app.drain(Duration::from_secs(10)).await, 1);
    assert!(read(frames).await.contains("[fault this instance"));
    assert_eq!(bench.settled().await, RICH, "our fault is not charged");
    bench.books_are_clean().await;
}
