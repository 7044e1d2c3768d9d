//! A provider that takes calls and says nothing.

use core::time::Duration;
use std::pin::pin;

use tokio::time::{advance, timeout};
use vuzo_application::chat::BreakerState;
use vuzo_domain::chat::FaultKind;
use vuzo_memory::Script;

use crate::bench::{envelope, expect_whole, whole};
use crate::standing_in::{RICH, fault, two};

#[tokio::test(start_paused = true)]
async fn who_comes_after_three_long_waits_does_not_wait() {
    let silences = (0..4).map(|_| Script::Silence).collect();
    let answers = (0..3).map(|_| whole("alive", 1, 1)).collect();
    let (bench, bcme) = two(RICH, silences, answers).await;
    let ask = || bench.call(envelope(false, Some(100)));
    let mut waiting = pin!(async { tokio::join!(ask(), ask(), ask()) });
    let nearly = timeout(Duration::from_secs(29), waiting.as_mut()).await;
    assert!(nearly.is_err(), "nobody answers them");
    assert_eq!(bench.app.calls.providers(), [], "nor is anything known yet");
    let long = timeout(Duration::from_secs(2), waiting.as_mut()).await;
    assert!(long.is_err(), "they go on waiting");
    assert_eq!(bench.app.calls.providers()[0].state, BreakerState::Open);

    // Without a wait, and without an attempt at the silent one.
    for _ in 0..3 {
        let (id, ..) = expect_whole(ask().await);
        assert_eq!(bench.record(id).await.attempts.len(), 1);
    }
    assert_eq!((bench.provider.calls().len(), bcme.calls().len()), (3, 3));

    // The one that finds out later is silence as well, and is the only one that waits.
    advance(Duration::from_secs(10)).await;
    let mut probe = pin!(ask());
    let silent = timeout(Duration::from_secs(31), probe.as_mut()).await;
    assert!(silent.is_err());
    assert_eq!(bench.provider.calls().len(), 4);
    assert_eq!(bench.app.calls.providers()[0].state, BreakerState::Open);
}

#[tokio::test(start_paused = true)]
async fn two_time_outs_in_a_row_are_enough() {
    let time_outs = (0..2).map(|_| Script::Fault(fault(FaultKind::TimedOut)));
    let answers = (0..3).map(|_| whole("alive", 1, 1)).collect();
    let (bench, bcme) = two(RICH, time_outs.collect(), answers).await;
    for (attempts, state) in [
        (2, BreakerState::Closed),
        (2, BreakerState::Open),
        (1, BreakerState::Open),
    ] {
        let (id, ..) = expect_whole(bench.call(envelope(false, Some(100))).await);
        assert_eq!(bench.record(id).await.attempts.len(), attempts);
        assert_eq!(bench.app.calls.providers()[0].state, state);
        if state == BreakerState::Closed {
            // No minute holds two of them.
            advance(Duration::from_secs(90)).await;
        }
    }
    assert_eq!((bench.provider.calls().len(), bcme.calls().len()), (2, 3));
    bench.books_are_clean().await;
}

#[tokio::test(start_paused = true)]
async fn a_long_wait_that_ends_with_an_answer_is_forgotten() {
    let scripts = vec![Script::Silence, Script::Silence, whole("quick", 1, 1)];
    let (bench, bcme) = two(RICH, scripts, vec![]).await;
    let ask = || bench.call(envelope(false, Some(100)));
    for _ in 0..2 {
        let left = timeout(Duration::from_secs(40), ask()).await;
        assert!(left.is_err(), "the customer does not wait for ever");
    }
    expect_whole(ask().await);
    assert_eq!(bench.app.calls.providers()[0].state, BreakerState::Closed);
    bench.provider.then(Script::Silence);
    assert!(timeout(Duration::from_secs(40), ask()).await.is_err());
    assert_eq!(bench.app.calls.providers()[0].state, BreakerState::Closed);
    assert_eq!(bcme.calls().len(), 0);
}
