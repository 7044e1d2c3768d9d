//! Providers that do not do their part.

use vuzo_application::chat::CallError;
use vuzo_domain::chat::{
    AttemptStatus, CallStatus, FaultKind, ProviderFault, ReplyChunk, UsageReport,
};
use vuzo_domain::money::Units;
use vuzo_domain::port::PageRequest;
use vuzo_memory::Script;

use crate::bench::{Bench, INPUT, OUTPUT, consumed, envelope, expect_stream, read};

const RICH: i64 = 1_000_000_000;

#[tokio::test(start_paused = true)]
async fn a_fault_before_the_answer_costs_nothing_and_is_on_record() {
    let ours = ProviderFault::new(FaultKind::OurAccount, "the provider refused us")
        .with_detail("quota of sk-… is exhausted");
    let theirs = ProviderFault::new(
        FaultKind::BadRequest {
            status: 400,
            param: Some("temperature".to_owned()),
            code: None,
        },
        "temperature is too high",
    );
    for (fault, status) in [
        (ours, CallStatus::ProviderFailed),
        (theirs, CallStatus::Error),
    ] {
        for stream in [false, true] {
            let bench = Bench::with(RICH, [Script::Fault(fault.clone())]).await;
            let failure = bench.call(envelope(stream, Some(100))).await.unwrap_err();
            let CallError::Provider(told) = failure.error else {
                panic!("{failure:?}");
            };
            assert_eq!(told.kind, fault.kind);
            let record = bench.record(failure.generation).await;
            assert_eq!(record.status, status);
            assert_eq!(record.attempts.len(), 1);
            assert_eq!(record.attempts[0].status, AttemptStatus::Failed);
            let noted = record.attempts[0].fault.clone().unwrap();
            assert!(noted.contains(&fault.message), "{noted}");
            assert_eq!(bench.figures().await, (RICH, 0));
            bench.books_are_clean().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_fault_that_the_provider_charges_for_is_the_operators() {
    let mut fault = ProviderFault::new(FaultKind::Failing, "the provider broke");
    fault.report = Some(Box::new(consumed(10, 10)));
    let bench = Bench::with(RICH, [Script::Fault(fault)]).await;
    let failure = bench.call(envelope(false, Some(100))).await.unwrap_err();
    let record = bench.record(failure.generation).await;
    assert_eq!(record.receipt.total.0, 0);
    assert_eq!(record.provider_cost.0, 30_000);
    assert_eq!(bench.figures().await, (RICH, 0));
    bench.books_are_clean().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_not_on_sale_is_refused_without_a_hold() {
    let bench = Bench::with(RICH, []).await;
    let mut request = envelope(false, None);
    request.model = "unheard-of".to_owned();
    let failure = bench.call(request).await.unwrap_err();
    assert!(matches!(failure.error, CallError::UnknownModel(_)));
    let page = bench
        .world
        .store
        .usage
        .list_calls(
            bench.customer.account,
            vuzo_domain::port::UsageFilter::default(),
            PageRequest::first(10),
        )
        .await
        .unwrap();
    assert_eq!(page.rows, []);
}

#[tokio::test(start_paused = true)]
async fn a_stated_cost_counts_within_reason() {
    let computed = 10 * (INPUT + OUTPUT);
    let tenth = computed / 10;
    for (stated, expected, alarms, differs) in [
        (computed, computed, 0, 0),
        (computed - tenth, computed - tenth, 0, 0),
        // Believed, and yet the prices here cannot be the provider's.
        (0, 0, 0, 1),
        (computed / 2, computed / 2, 0, 1),
        (computed - tenth - 1, computed - tenth - 1, 0, 1),
        (computed * 2, computed * 2, 0, 1),
        // Two cents are believed always.
        (20_000_000, 20_000_000, 0, 1),
        (20_000_001, computed, 1, 0),
        (3_500_000_000_000, computed, 1, 0),
        (-1, computed, 1, 0),
    ] {
        let report = UsageReport {
            stated_cost: Some(Units(stated)),
            ..consumed(10, 10)
        };
        let script = Script::Pieces(vec![Ok(ReplyChunk::End {
            frames: bytes::Bytes::new(),
            usage_frame: None,
            report,
        })]);
        let bench = Bench::with(RICH, [script]).await;
        let (id, frames) = expect_stream(bench.call(envelope(true, Some(100))).await);
        read(frames).await;
        let left = bench.settled().await;
        let record = bench.record(id).await;
        assert_eq!(record.provider_cost.0, expected, "{stated}");
        assert_eq!(left, RICH - computed, "the customer pays by the list");
        let tally = bench.app.calls.tally();
        let counted = (tally.implausible_costs, tally.differing_costs);
        assert_eq!(counted, (alarms, differs), "{stated}");
        bench.books_are_clean().await;
    }
}
