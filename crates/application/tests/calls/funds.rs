//! What a wallet carries, and what happens when it does not.

use vuzo_application::chat::{Answered, CallError};
use vuzo_domain::chat::{CallStatus, ReplyChunk};
use vuzo_memory::Script;

use crate::bench::{
    Bench, INPUT, OUTPUT, PROMPT, consumed, end, envelope, expect_stream, expect_whole, piece,
    read, whole,
};

/// What a call with this output limit comes to at the most.
const fn worst_case(output: i64) -> i64 {
    PROMPT * INPUT + output * OUTPUT
}

#[tokio::test(start_paused = true)]
async fn a_call_is_charged_by_the_usage_to_the_last_unit() {
    let bench = Bench::with(worst_case(500), [whole("hello", 30, 70)]).await;
    let (id, cost, body) = expect_whole(bench.call(envelope(false, Some(500))).await);
    assert_eq!(cost, 30 * INPUT + 70 * OUTPUT);
    assert_eq!(body, format!("hello[{id} {cost}]"));
    assert_eq!(bench.figures().await, (worst_case(500) - cost, 0));
    let record = bench.record(id).await;
    assert_eq!(record.status, CallStatus::Ok);
    assert_eq!(record.receipt.total.0, cost);
    assert_eq!(record.provider_cost.0, cost);
    assert_eq!(record.held.0, worst_case(500));
    assert_eq!(record.served_model.as_deref(), Some("one-2026"));
    bench.books_are_clean().await;
}

#[tokio::test(start_paused = true)]
async fn who_cannot_pay_is_refused_before_the_provider_is_called() {
    let bench = Bench::with(worst_case(15), [whole("never", 1, 1)]).await;
    let failure = bench.call(envelope(false, Some(500))).await.unwrap_err();
    let CallError::Insufficient {
        required,
        available,
        max_tokens_affordable,
        ..
    } = failure.error
    else {
        panic!("{failure:?}");
    };
    assert_eq!(required.0, worst_case(16));
    assert_eq!(available.0, worst_case(15));
    assert_eq!(max_tokens_affordable, Some(15));
    assert_eq!(bench.provider.calls().len(), 0);
    assert_eq!(bench.figures().await, (worst_case(15), 0));
}

#[tokio::test(start_paused = true)]
async fn an_output_limit_comes_down_to_what_the_wallet_carries() {
    for stated in [Some(500), None] {
        let bench = Bench::with(worst_case(40), [whole("short", 100, 40)]).await;
        let answered = bench.call(envelope(false, stated)).await.unwrap();
        let Answered::Whole { facts, .. } = answered else {
            panic!("{answered:?}");
        };
        assert_eq!(facts.clamped, Some(40));
        assert_eq!(bench.provider.calls()[0].output_limit, Some(40));
        assert_eq!(bench.figures().await, (0, 0), "all of it was used");
    }
}

#[tokio::test(start_paused = true)]
async fn usage_beyond_the_hold_is_the_operators_loss() {
    let bench = Bench::with(worst_case(20), [whole("long", 100, 1_000)]).await;
    let (id, cost, _) = expect_whole(bench.call(envelope(false, Some(20))).await);
    assert_eq!(cost, worst_case(20), "never more than was held");
    assert_eq!(bench.figures().await, (0, 0));
    assert_eq!(bench.app.calls.tally().shortfalls, 1);
    assert_eq!(bench.record(id).await.receipt.total.0, worst_case(1_000));
    bench.books_are_clean().await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_without_a_limit_begins_on_a_part_and_is_extended() {
    let pieces = (0..40)
        .map(|_| piece(Box::leak("a".repeat(400).into_boxed_str())))
        .chain([end(consumed(100, 9_000))]);
    let bench = Bench::with(worst_case(50_000), [Script::Pieces(pieces.collect())]).await;
    let (id, frames) = expect_stream(bench.call(envelope(true, None)).await);
    assert!(read(frames).await.ends_with("[done]"));
    assert_eq!(bench.app.calls.tally().extended, 2, "4,096, 8,192, 16,384");
    assert_eq!(bench.record(id).await.held.0, worst_case(16_384));
    assert_eq!(
        bench.settled().await,
        worst_case(50_000) - worst_case(9_000)
    );
    assert_eq!(bench.app.calls.tally().shortfalls, 0);
    bench.books_are_clean().await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_cut_cleanly_when_the_wallet_carries_no_more() {
    // Enough for the first stretch and not for the second.
    let pieces = (0..200).map(|_| piece(Box::leak("a".repeat(400).into_boxed_str())));
    let bench = Bench::with(worst_case(5_000), [Script::Pieces(pieces.collect())]).await;
    let (id, frames) = expect_stream(bench.call(envelope(true, None)).await);
    let text = read(frames).await;
    let seen = text.bytes().take_while(|byte| *byte == b'a').count();
    let tokens = i64::try_from(seen.div_ceil(4)).unwrap();
    assert!((2_000..=2_100).contains(&tokens), "{tokens}");
    let record = bench.record(id).await;
    let cost = record.receipt.total.0;
    assert!(text.ends_with(&format!("[cut the wallet carried no more, {cost}][done]")));
    assert!(record.estimated);
    assert_eq!(record.held.0, worst_case(4_096));
    assert!(record.receipt.total.0 <= worst_case(4_096));
    assert_eq!(
        bench.settled().await,
        worst_case(5_000) - record.receipt.total.0
    );
    assert_eq!(bench.provider.dropped(), 1, "the provider was let go");
    assert_eq!(bench.app.calls.tally().shortfalls, 0);
    bench.books_are_clean().await;
}

#[tokio::test(start_paused = true)]
async fn hidden_reasoning_is_held_for_from_the_start() {
    let bench = Bench::with(
        worst_case(200_000),
        [Script::Pieces(vec![end(consumed(1, 1))])],
    )
    .await;
    let mut request = envelope(true, None);
    request.model = "thinker".to_owned();
    let (id, frames) = expect_stream(bench.call(request).await);
    read(frames).await;
    assert_eq!(bench.record(id).await.held.0, worst_case(100_000));
}

#[tokio::test(start_paused = true)]
async fn the_provider_is_called_at_once_where_the_balance_is_beyond_doubt() {
    let rich = worst_case(100) * 1_000;
    let bench = Bench::with(rich, [whole("first", 1, 1), whole("second", 1, 1)]).await;
    expect_whole(bench.call(envelope(false, Some(100))).await);
    assert_eq!(
        bench.app.calls.tally().overlapped,
        0,
        "nothing was known yet"
    );
    expect_whole(bench.call(envelope(false, Some(100))).await);
    assert_eq!(bench.app.calls.tally().overlapped, 1);
    assert_eq!(bench.figures().await.0, rich - 2 * (INPUT + OUTPUT));
    bench.books_are_clean().await;
}

#[tokio::test(start_paused = true)]
async fn a_guess_that_was_wrong_ends_the_call_at_the_provider() {
    let rich = worst_case(100) * 1_000;
    let bench = Bench::with(rich, [whole("first", 1, 1), Script::Silence]).await;
    expect_whole(bench.call(envelope(false, Some(100))).await);
    // Somebody else spends everything behind this instance's back.
    let rest = bench.figures().await.0;
    let spending = bench.world.topup(&bench.customer, -rest);
    bench.world.store.wallets.credit(spending).await.unwrap();
    let failure = bench.call(envelope(false, Some(100))).await.unwrap_err();
    assert!(matches!(failure.error, CallError::Insufficient { .. }));
    assert_eq!(bench.app.calls.tally().overlapped, 1);
    assert_eq!(bench.provider.dropped(), 1, "the request was aborted");
    assert_eq!(bench.figures().await, (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_cannot_be_priced_is_refused() {
    let bench = Bench::with(1, []).await;
    let mut request = envelope(false, Some(u64::MAX));
    request.answers = u32::MAX;
    let failure = bench.call(request).await.unwrap_err();
    // The model's own bound makes even this payable in principle.
    assert!(
        matches!(failure.error, CallError::Insufficient { .. }),
        "{failure:?}"
    );
    assert_eq!(bench.figures().await, (1, 0));
}

#[tokio::test(start_paused = true)]
async fn usage_that_nobody_can_mean_is_estimated() {
    let absurd = consumed(u64::MAX, u64::MAX);
    let pieces = vec![
        piece("abcdefgh"),
        Ok(ReplyChunk::End {
            frames: bytes::Bytes::new(),
            usage_frame: None,
            report: vuzo_domain::chat::UsageReport {
                output_bytes: 8,
                ..absurd
            },
        }),
    ];
    let bench = Bench::with(worst_case(1_000), [Script::Pieces(pieces)]).await;
    let (id, frames) = expect_stream(bench.call(envelope(true, Some(100))).await);
    read(frames).await;
    let record = bench.record(id).await;
    assert!(record.estimated);
    assert_eq!(record.receipt.total.0, 25 * INPUT + 2 * OUTPUT);
}
