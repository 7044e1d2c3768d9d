//! Customers who leave, and customers who only try.

use core::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::time::timeout;
use vuzo_domain::chat::{CallStatus, ReplyStream};
use vuzo_domain::key::Environment;
use vuzo_domain::limit::Limits;
use vuzo_memory::Script;

use crate::bench::{
    Bench, INPUT, OUTPUT, consumed, end, envelope, expect_stream, expect_whole, piece, read,
};

const RICH: i64 = 1_000_000_000;

#[tokio::test(start_paused = true)]
async fn who_leaves_before_the_answer_pays_nothing_and_the_provider_is_let_go() {
    for stream in [false, true] {
        let bench = Bench::with(RICH, [Script::Silence]).await;
        let left = timeout(
            Duration::from_secs(3),
            bench.call(envelope(stream, Some(100))),
        )
        .await;
        assert!(left.is_err(), "nobody answered");
        assert_eq!(bench.settled().await, RICH);
        assert_eq!(bench.provider.dropped(), 1, "the request was aborted");
        bench.books_are_clean().await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_leaves_in_the_middle_pays_for_what_the_provider_made() {
    let rest = stream::once(async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        stream::iter([piece("two "), end(consumed(40, 60))])
    });
    let pieces = stream::iter([piece("one ")]).chain(rest.flatten());
    let bench = Bench::with(RICH, [Script::Stream(ReplyStream::new(pieces))]).await;
    let (id, mut frames) = expect_stream(bench.call(envelope(true, Some(100))).await);
    assert_eq!(frames.recv().await.unwrap(), "one ");
    drop(frames);
    assert_eq!(bench.settled().await, RICH - 40 * INPUT - 60 * OUTPUT);
    let record = bench.record(id).await;
    assert_eq!(record.status, CallStatus::ClientDisconnected);
    assert!(!record.estimated, "the provider was read to its usage");
    assert_eq!(bench.provider.dropped(), 0);
    bench.books_are_clean().await;
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_an_answer_is_not_awaited_for_ever() {
    let pieces = stream::iter([piece("12345678")]).chain(stream::pending());
    let bench = Bench::with(RICH, [Script::Stream(ReplyStream::new(pieces))]).await;
    let (id, mut frames) = expect_stream(bench.call(envelope(true, Some(100))).await);
    frames.recv().await.unwrap();
    drop(frames);
    // Two tokens were seen, and the prompt usually has a quarter of its bytes.
    assert_eq!(bench.settled().await, RICH - 25 * INPUT - 2 * OUTPUT);
    let record = bench.record(id).await;
    assert!(record.estimated);
    assert_eq!(record.status, CallStatus::ClientDisconnected);
    assert_eq!(bench.provider.dropped(), 1, "the provider was let go");
}

#[tokio::test(start_paused = true)]
async fn a_test_key_gets_the_simulator_and_pays_nothing() {
    let bench = Bench::with(0, []).await;
    let caller = bench.caller(Environment::Test, Limits::default()).await;
    let answered = bench.call_as(caller, envelope(false, None), None).await;
    let (id, cost, body) = expect_whole(answered);
    assert_eq!(cost, 0);
    assert!(body.starts_with("from the simulator"));
    assert_eq!(bench.provider.calls().len(), 0);
    let record = bench.record(id).await;
    assert_eq!(record.environment, Environment::Test);
    assert_eq!(record.provider_cost.0, 0);
    bench.books_are_clean().await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_customer_slows_the_provider_and_loses_nothing() {
    let pieces = (0..500).map(|_| piece("x")).chain([end(consumed(10, 500))]);
    let bench = Bench::with(RICH, [Script::Pieces(pieces.collect())]).await;
    let (_, frames) = expect_stream(bench.call(envelope(true, Some(1_000))).await);
    tokio::time::sleep(Duration::from_secs(30)).await;
    let text = read(frames).await;
    assert_eq!(text.matches('x').count(), 500);
    assert!(text.ends_with("[done]"));
    assert_eq!(bench.settled().await, RICH - 10 * INPUT - 500 * OUTPUT);
}
