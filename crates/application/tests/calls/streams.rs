//! Streams: what leaves when, and what ends how.

use core::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use vuzo_domain::chat::{
    AttemptStatus, CallStatus, Envelope, FaultKind, ProviderFault, ReplyChunk, ReplyStream,
    UsageReport,
};
use vuzo_memory::Script;

use crate::bench::{Bench, INPUT, OUTPUT, consumed, end, envelope, expect_stream, piece, read};

const RICH: i64 = 1_000_000_000;

#[tokio::test(start_paused = true)]
async fn the_last_frames_leave_with_the_exact_cost_when_the_call_is_settled() {
    let pieces = vec![piece("one "), piece("two "), end(consumed(10, 20))];
    let bench = Bench::with(RICH, [Script::Pieces(pieces)]).await;
    let (id, mut frames) = expect_stream(bench.call(envelope(true, Some(100))).await);
    let mut text = String::new();
    while let Some(frame) = frames.recv().await {
        text.push_str(core::str::from_utf8(&frame).unwrap());
        if text.contains("[done]") {
            let (posted, held) = bench.figures().await;
            assert_eq!((posted, held), (RICH - 10 * INPUT - 20 * OUTPUT, 0));
        }
    }
    let cost = 10 * INPUT + 20 * OUTPUT;
    assert_eq!(text, format!("one two [end][usage][{cost}][done]"));
    let record = bench.record(id).await;
    assert_eq!(record.status, CallStatus::Ok);
    assert!(record.stream && record.time_to_first_token.is_some());
    bench.books_are_clean().await;
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_breaks_off_costs_the_customer_nothing() {
    let fault = || {
        Err(ProviderFault::new(
            FaultKind::Garbled,
            "the provider sent rubbish",
        ))
    };
    for last in [None, Some(fault())] {
        let pieces = [piece("12345678")].into_iter().chain(last).collect();
        let bench = Bench::with(RICH, [Script::Pieces(pieces)]).await;
        let (id, frames) = expect_stream(bench.call(envelope(true, Some(100))).await);
        let text = read(frames).await;
        assert!(text.starts_with("12345678[fault "), "{text}");
        assert!(!text.contains("[done]"), "nobody takes it for whole");
        assert_eq!(bench.settled().await, RICH);
        let record = bench.record(id).await;
        assert_eq!(record.status, CallStatus::ProviderFailed);
        assert_eq!(record.attempts[0].status, AttemptStatus::Failed);
        assert_eq!(
            record.provider_cost.0,
            25 * INPUT + 2 * OUTPUT,
            "what the operator owes is on record"
        );
        bench.books_are_clean().await;
    }
}

#[tokio::test(start_paused = true)]
async fn missing_usage_is_estimated_and_an_explicit_zero_is_zero() {
    let silent = UsageReport {
        output_bytes: 40,
        ..UsageReport::default()
    };
    for (report, cost) in [(silent, 25 * INPUT + 10 * OUTPUT), (consumed(0, 0), 0)] {
        let estimated = report.consumption.is_none();
        let bench = Bench::with(RICH, [Script::Pieces(vec![piece("x"), end(report)])]).await;
        let (id, frames) = expect_stream(bench.call(envelope(true, Some(100))).await);
        read(frames).await;
        let record = bench.record(id).await;
        assert_eq!(record.estimated, estimated);
        assert_eq!(record.receipt.total.0, cost);
        assert_eq!(bench.settled().await, RICH - cost);
        bench.books_are_clean().await;
    }
}

#[tokio::test(start_paused = true)]
async fn usage_that_the_provider_does_not_tell_is_owed_to_whom_asked_for_it() {
    for (wants_usage, last) in [(true, "x[owed usage 45000][done]"), (false, "x[done]")] {
        let report = UsageReport {
            output_bytes: 40,
            ..UsageReport::default()
        };
        let silent = Ok(ReplyChunk::End {
            frames: Bytes::new(),
            usage_frame: None,
            report,
        });
        let bench = Bench::with(RICH, [Script::Pieces(vec![piece("x"), silent])]).await;
        let asked = Envelope {
            wants_usage,
            ..envelope(true, Some(100))
        };
        let (id, frames) = expect_stream(bench.call(asked).await);
        let text = read(frames).await;
        assert!(text.ends_with(last), "{text}");
        assert!(bench.record(id).await.estimated);
    }
}

#[tokio::test(start_paused = true)]
async fn a_quiet_stream_gives_signs_of_life_and_keeps_its_hold() {
    let slow = futures_util::stream::iter(0..10).then(|_| async {
        tokio::time::sleep(Duration::from_secs(200)).await;
        piece("x")
    });
    let script = slow.chain(futures_util::stream::iter([end(consumed(1, 10))]));
    let bench = Bench::with(RICH, [Script::Stream(ReplyStream::new(script))]).await;
    let (id, frames) = expect_stream(bench.call(envelope(true, Some(100))).await);
    let before = bench.clock.advance(Duration::ZERO);
    bench.clock.advance(Duration::from_secs(800));
    let text = read(frames).await;
    assert!(text.matches("[heartbeat]").count() >= 10 * 12, "{text}");
    assert_eq!(text.matches('x').count(), 10);
    // The hold was pushed out beyond its first expiry, so the reaper left it alone.
    let later = before.after(Duration::from_secs(900));
    let reaped = bench.world.store.wallets.expire_holds(later, 10).await;
    assert_eq!(reaped.unwrap().len(), 0);
    assert_eq!(bench.record(id).await.status, CallStatus::Ok);
}

#[tokio::test(start_paused = true)]
async fn a_slow_customer_does_not_keep_the_hold_from_being_renewed() {
    let pieces = (0..100).map(|_| piece("x")).chain([end(consumed(1, 100))]);
    let bench = Bench::with(RICH, [Script::Pieces(pieces.collect())]).await;
    let (id, mut frames) = expect_stream(bench.call(envelope(true, Some(200))).await);
    let begun = bench.clock.advance(Duration::ZERO);
    for _ in 0..20 {
        // Fifty seconds each: the customer is slow, and not gone.
        tokio::time::sleep(Duration::from_secs(50)).await;
        bench.clock.advance(Duration::from_secs(50));
        frames.recv().await.unwrap();
    }
    let later = begun.after(Duration::from_secs(1_000));
    let reaped = bench.world.store.wallets.expire_holds(later, 10).await;
    assert_eq!(
        reaped.unwrap().len(),
        0,
        "the hold ran out under the stream"
    );
    assert!(read(frames).await.ends_with("[done]"));
    assert_eq!(bench.record(id).await.status, CallStatus::Ok);
    bench.books_are_clean().await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_more_than_an_hour_is_cut_and_charged() {
    let endless = futures_util::stream::repeat_with(|| piece("12345678")).then(|piece| async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        piece
    });
    let bench = Bench::with(RICH, [Script::Stream(ReplyStream::new(endless))]).await;
    let (id, frames) = expect_stream(bench.call(envelope(true, Some(10_000))).await);
    let text = read(frames).await;
    let record = bench.record(id).await;
    let cost = record.receipt.total.0;
    assert!(text.ends_with(&format!(
        "[cut the answer took longer than an hour, {cost}][done]"
    )));
    let pieces = i64::try_from(text.matches("12345678").count()).unwrap();
    assert_eq!(cost, 25 * INPUT + 2 * pieces * OUTPUT);
    assert!((350..=360).contains(&pieces), "{pieces}");
    assert_eq!(bench.settled().await, RICH - cost);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_never_speaks_again_is_its_adapters_to_end() {
    let fault = ProviderFault::new(FaultKind::TimedOut, "the provider went silent");
    let script =
        futures_util::stream::iter([piece("x")]).chain(futures_util::stream::once(async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            Err::<ReplyChunk, _>(fault)
        }));
    let bench = Bench::with(RICH, [Script::Stream(ReplyStream::new(script))]).await;
    let (_, frames) = expect_stream(bench.call(envelope(true, Some(100))).await);
    assert!(
        read(frames)
            .await
            .ends_with("[fault the provider went silent]")
    );
    assert_eq!(bench.settled().await, RICH);
}
