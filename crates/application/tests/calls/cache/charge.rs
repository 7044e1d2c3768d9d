//! What a kept answer costs.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_share_is_charged_where_the_operator_says_so() {
    for streams in [false, true] {
        let setting = Setting {
            cache_hit_percent: 15,
            ..Setting::default()
        };
        let script = if streams {
            Script::Pieces(vec![piece("x"), end(consumed(3, 7))])
        } else {
            whole("x", 3, 7)
        };
        // The first call may take all but a unit of what two more cost.
        let cost = 3 * INPUT + 7 * OUTPUT;
        let share = cost * 15 / 100;
        let worst = 100 * INPUT + 100 * OUTPUT;
        let bench = Bench::in_setting(worst, [script], |wallets| wallets, setting).await;
        let request = || ask(&bench, envelope(streams, Some(100)));
        finish(&bench, request().await).await;
        let mut left = worst - cost;
        assert_eq!(bench.settled().await, left);
        while left >= share {
            assert_eq!(finish(&bench, request().await).await, Some(CacheMark::Hit));
            left -= share;
            assert_eq!(bench.settled().await, left);
        }
        let failure = request().await.unwrap_err();
        let CallError::Insufficient { required, .. } = failure.error else {
            panic!("{failure:?}");
        };
        assert_eq!(required, Units(share));
        assert_eq!(bench.settled().await, left);
        bench.books_are_clean().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_receipt_says_what_it_is_a_share_of() {
    let setting = Setting {
        cache_hit_percent: 50,
        ..Setting::default()
    };
    let bench = Bench::in_setting(RICH, [whole("x", 3, 7)], |wallets| wallets, setting).await;
    let (_, cost, _) = expect_whole(ask(&bench, asking()).await);
    bench.settled().await;
    let (id, share, body) = expect_whole(ask(&bench, asking()).await);
    assert_eq!(share, cost / 2);
    assert_eq!(body, format!("x[{id} {share}]"));
    let record = bench.record(id).await;
    assert_eq!(record.held, Units(share));
    assert_eq!(record.receipt.total, Units(share));
    let [line] = record.receipt.lines.as_slice() else {
        panic!("{:?}", record.receipt);
    };
    assert_eq!(line.kind, LineKind::CacheHit);
    assert_eq!((line.quantity, line.per), (50, 100));
    assert_eq!(line.unit_price.units(), u64::try_from(cost).unwrap());
}
