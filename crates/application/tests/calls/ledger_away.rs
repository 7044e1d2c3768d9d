//! A ledger that is away for a while.

use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mockall::Sequence;
use tokio::time::Instant;
use vuzo_application::chat::CallError;
use vuzo_domain::money::Units;
use vuzo_domain::port::{
    HoldPlaced, MockWallets, PlaceHoldError, SettleError, Settled, Unavailable, Wallets,
};
use vuzo_memory::Script;

use crate::bench::{
    Bench, consumed, end, envelope, expect_stream, expect_whole, piece, read, whole,
};

const RICH: i64 = 1_000_000_000;

fn away() -> Unavailable {
    Unavailable::new("the ledger", "it is away")
}

/// A ledger that takes holds, refuses so many settlements, and takes the next.
fn refusing_settlements(inner: Arc<dyn Wallets>, times: usize) -> MockWallets {
    let mut wallets = MockWallets::new();
    let mut order = Sequence::new();
    let taken = Arc::clone(&inner);
    wallets.expect_place_hold().returning(move |command| {
        let taken = Arc::clone(&taken);
        let placed: Result<HoldPlaced, PlaceHoldError> =
            futures_util::FutureExt::now_or_never(taken.place_hold(command)).unwrap();
        placed
    });
    wallets
        .expect_settle()
        .times(times)
        .in_sequence(&mut order)
        .returning(|_| Err(SettleError::Unavailable(away())));
    wallets
        .expect_settle()
        .times(1)
        .in_sequence(&mut order)
        .returning(move |command| {
            let settled: Result<Settled, SettleError> =
                futures_util::FutureExt::now_or_never(inner.settle(command)).unwrap();
            settled
        });
    wallets
}

#[tokio::test(start_paused = true)]
async fn an_answer_waits_a_quarter_of_a_second_and_its_settlement_as_long_as_it_takes() {
    for stream in [false, true] {
        let script = if stream {
            Script::Pieces(vec![piece("x"), end(consumed(1, 1))])
        } else {
            whole("x", 1, 1)
        };
        let bench = Bench::over(RICH, [script], |inner| {
            Arc::new(refusing_settlements(inner, 6))
        })
        .await;
        let begun = Instant::now();
        let answered = bench.call(envelope(stream, Some(10))).await;
        if stream {
            assert!(read(expect_stream(answered).1).await.ends_with("[done]"));
        } else {
            expect_whole(answered);
        }
        let waited = begun.elapsed();
        assert!(waited >= Duration::from_millis(250), "{waited:?}");
        assert!(waited <= Duration::from_millis(260), "{waited:?}");
        assert_eq!(bench.app.calls.tally().late_settles, 1);
        assert_eq!(bench.figures().await.0, RICH, "not charged yet");
        assert_eq!(bench.settled().await, RICH - 3_000, "and charged once");
        assert_eq!(bench.app.calls.tally().unsettled, 0);
        bench.books_are_clean().await;
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_ledger_nothing_is_served() {
    let asked = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&asked);
    let bench = Bench::over(RICH, [whole("free", 1, 1)], |_| {
        let mut wallets = MockWallets::new();
        wallets.expect_place_hold().returning(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            Err(PlaceHoldError::Unavailable(away()))
        });
        Arc::new(wallets)
    })
    .await;
    let failure = bench.call(envelope(false, Some(10))).await.unwrap_err();
    assert!(matches!(failure.error, CallError::Unavailable(_)));
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    assert_eq!(
        bench.provider.calls().len(),
        0,
        "the provider was not called"
    );
}

#[tokio::test(start_paused = true)]
async fn a_settlement_that_is_still_waiting_at_the_end_is_given_up() {
    let bench = Bench::over(RICH, [whole("x", 1, 1)], |inner| {
        let mut wallets = MockWallets::new();
        wallets.expect_place_hold().returning(move |command| {
            let placed: Result<HoldPlaced, PlaceHoldError> =
                futures_util::FutureExt::now_or_never(inner.place_hold(command)).unwrap();
            placed
        });
        wallets
            .expect_settle()
            .returning(|_| Err(SettleError::Unavailable(away())));
        Arc::new(wallets)
    })
    .await;
    expect_whole(bench.call(envelope(false, Some(10))).await);
    assert_eq!(bench.app.calls.tally().unsettled, 1);
    assert_eq!(bench.app.drain(Duration::from_secs(3)).await, 1);
    // The hold runs out, and the customer keeps the money.
    let later = bench.clock.advance(Duration::from_secs(3_600));
    let reaped = bench.world.store.wallets.expire_holds(later, 10).await;
    assert_eq!(reaped.unwrap().len(), 1);
    assert_eq!(bench.figures().await, (RICH, 0));
    assert_eq!(Units(RICH).0, bench.figures().await.0);
}
