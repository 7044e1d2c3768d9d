//! Who answers where the first that is asked does not.

use core::time::Duration;
use std::sync::Arc;

use uuid::Uuid;
use vuzo_application::chat::{BreakerState, CallError};
use vuzo_domain::catalog::ProviderId;
use vuzo_domain::chat::{AttemptStatus, CallRecord, CallStatus, FaultKind, ProviderFault};
use vuzo_domain::id::ProviderKeyId;
use vuzo_domain::money::Units;
use vuzo_domain::port::ModelEntry;
use vuzo_domain::provider_key::{ProviderKey, ProviderKeyStatus, Sealed};
use vuzo_domain::time::Timestamp;
use vuzo_memory::{Script, ScriptedProvider};

use crate::bench::{
    Bench, INPUT, OUTPUT, PROMPT, Setting, consumed, end, envelope, expect_stream, expect_whole,
    model, piece, read, version, whole,
};

pub(crate) const RICH: i64 = 1_000_000_000;

pub(crate) fn fault(kind: FaultKind) -> ProviderFault {
    ProviderFault::new(kind, "no")
}

fn bad_request(code: Option<&str>) -> FaultKind {
    FaultKind::BadRequest {
        status: 400,
        param: None,
        code: code.map(ToOwned::to_owned),
    }
}

pub(crate) fn provider(id: &str, scripts: Vec<Script>) -> Arc<ScriptedProvider> {
    Arc::new(ScriptedProvider::new(ProviderId::new(id).unwrap(), scripts))
}

/// A model that answers to `one`, too, when everybody of a higher priority is asked.
pub(crate) fn stand_in(provider: &str, dollars: u64, priority: i32) -> ModelEntry {
    let mut entry = model(provider, &format!("{provider}/one"));
    entry.model.aliases = vec![vuzo_domain::catalog::ModelId::new("one").unwrap()];
    entry.model.priority = priority;
    entry.versions = vec![version(dollars)];
    entry
}

/// `one` of acme, and behind it `one` of bcme at three times the price.
pub(crate) async fn two(
    balance: i64,
    first: Vec<Script>,
    second: Vec<Script>,
) -> (Bench, Arc<ScriptedProvider>) {
    let bcme = provider("bcme", second);
    let setting = Setting {
        models: vec![stand_in("bcme", 3, -1)],
        providers: vec![Arc::clone(&bcme)],
        ..Setting::default()
    };
    let bench = Bench::in_setting(balance, first, |wallets| wallets, setting).await;
    (bench, bcme)
}

fn statuses(record: &CallRecord) -> Vec<(&str, AttemptStatus, i64)> {
    let attempts = record.attempts.iter();
    attempts
        .map(|attempt| {
            (
                attempt.provider.as_str(),
                attempt.status,
                attempt.provider_cost.0,
            )
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn whatever_is_wrong_at_one_provider_the_next_answers_at_its_own_price() {
    for kind in [
        FaultKind::Unreachable,
        FaultKind::TimedOut,
        FaultKind::RateLimited,
        FaultKind::Failing,
        FaultKind::OurAccount,
        FaultKind::Garbled,
    ] {
        let first = vec![Script::Fault(fault(kind.clone()))];
        let (bench, _) = two(RICH, first, vec![whole("hello", 10, 10)]).await;
        let (id, cost, _) = expect_whole(bench.call(envelope(false, Some(100))).await);
        assert_eq!(cost, 3 * (10 * INPUT + 10 * OUTPUT), "{kind:?}");
        assert_eq!(bench.figures().await, (RICH - cost, 0), "one charge");
        let record = bench.record(id).await;
        assert_eq!(
            statuses(&record),
            [
                ("acme", AttemptStatus::Failed, 0),
                ("bcme", AttemptStatus::Ok, cost)
            ]
        );
        assert_eq!(record.attempts[0].fault.as_deref(), Some("no"));
        assert_eq!(record.status, CallStatus::Ok);
        assert_eq!(record.model, "one");
        assert_eq!(record.priced_as.unwrap().as_str(), "bcme/one");
        assert_eq!(record.provider.as_str(), "bcme");
        assert_eq!(record.served_model.as_deref(), Some("one-2026"));
        assert_eq!(record.provider_cost.0, cost);
        assert_eq!(bench.app.calls.tally().attempts, 2);
        assert_eq!(bench.app.calls.tally().fallbacks, 1);
        bench.books_are_clean().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_failed_attempt_costs_is_the_operators_and_on_record() {
    let mut charged = fault(FaultKind::Failing);
    charged.report = Some(Box::new(consumed(5, 5)));
    let (bench, _) = two(RICH, vec![Script::Fault(charged)], vec![whole("b", 1, 1)]).await;
    let (id, cost, _) = expect_whole(bench.call(envelope(false, Some(100))).await);
    let record = bench.record(id).await;
    let failed = 5 * (INPUT + OUTPUT);
    assert_eq!(cost, 3 * (INPUT + OUTPUT));
    assert_eq!(
        statuses(&record),
        [
            ("acme", AttemptStatus::Failed, failed),
            ("bcme", AttemptStatus::Ok, cost)
        ]
    );
    assert_eq!(record.provider_cost.0, failed + cost);
    assert_eq!(bench.figures().await, (RICH - cost, 0));
    bench.books_are_clean().await;
}

#[tokio::test(start_paused = true)]
async fn a_request_at_fault_is_sent_once() {
    for stream in [false, true] {
        let first = vec![Script::Fault(fault(bad_request(Some("invalid_value"))))];
        let (bench, bcme) = two(RICH, first, vec![whole("never", 1, 1)]).await;
        let failure = bench.call(envelope(stream, Some(100))).await.unwrap_err();
        let CallError::Provider(told) = failure.error else {
            panic!("{failure:?}");
        };
        assert!(matches!(told.kind, FaultKind::BadRequest { .. }));
        assert_eq!(bcme.calls().len(), 0);
        let record = bench.record(failure.generation).await;
        assert_eq!(record.status, CallStatus::Error);
        assert_eq!(record.attempts.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_prompt_that_is_too_long_goes_on_to_a_longer_context_only() {
    for (context_length, goes_on) in [(10_000, false), (10_001, true)] {
        let bcme = provider("bcme", vec![whole("long", 10, 10)]);
        let mut longer = stand_in("bcme", 1, -1);
        longer.model.context_length = context_length;
        let setting = Setting {
            models: vec![longer],
            providers: vec![bcme],
            ..Setting::default()
        };
        let first = [Script::Fault(fault(bad_request(Some(
            "context_length_exceeded",
        ))))];
        let bench = Bench::in_setting(RICH, first, |wallets| wallets, setting).await;
        let answered = bench.call(envelope(false, Some(100))).await;
        assert_eq!(answered.is_ok(), goes_on, "{answered:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_customer_is_told_of_the_model_that_was_asked_for() {
    let said = |kind, message: &str| Script::Fault(ProviderFault::new(kind, message));
    let first = vec![said(FaultKind::Failing, "acme is down")];
    let second = vec![said(bad_request(None), "bcme does not know this field")];
    let (bench, _) = two(RICH, first, second).await;
    let failure = bench.call(envelope(false, Some(100))).await.unwrap_err();
    let CallError::Provider(told) = failure.error else {
        panic!("{failure:?}");
    };
    assert_eq!(
        (told.kind, told.message.as_str()),
        (FaultKind::Failing, "acme is down")
    );
    let record = bench.record(failure.generation).await;
    assert_eq!(record.status, CallStatus::ProviderFailed);
    assert_eq!(record.attempts.len(), 2);
    assert_eq!(record.receipt.total, Units::ZERO);
    assert_eq!(bench.figures().await, (RICH, 0));
    bench.books_are_clean().await;
}

#[tokio::test(start_paused = true)]
async fn the_hold_covers_the_dearest_who_may_answer() {
    let worst = |dollars: i64| dollars * (PROMPT * INPUT + 100 * OUTPUT);
    let (bench, _) = two(worst(3), vec![whole("cheap", 100, 100)], vec![]).await;
    let (id, cost, _) = expect_whole(bench.call(envelope(false, Some(100))).await);
    let record = bench.record(id).await;
    assert_eq!(record.held.0, worst(3));
    assert_eq!(cost, worst(1), "the price is that of who answered");
    assert_eq!(record.priced_as, None);
    assert_eq!(bench.figures().await, (worst(2), 0));
}

#[tokio::test(start_paused = true)]
async fn each_limit_is_fitted_to_what_is_held() {
    let worst = |dollars: i64, output: i64| dollars * (PROMPT * INPUT + output * OUTPUT);
    // All of the first, forty tokens of the second.
    let first = || vec![Script::Fault(fault(FaultKind::Failing))];
    let (bench, bcme) = two(worst(3, 40), first(), vec![whole("b", 100, 40)]).await;
    let (id, cost, _) = expect_whole(bench.call(envelope(false, Some(150))).await);
    assert_eq!(cost, worst(3, 40));
    assert_eq!(bcme.calls()[0].output_limit, Some(40));
    assert_eq!(bench.provider.calls()[0].output_limit, None, "it fits");
    assert_eq!(bench.record(id).await.held.0, worst(3, 40));
    assert_eq!(bench.figures().await, (0, 0));
    // Fewer than sixteen tokens are not begun.
    let (bench, bcme) = two(worst(3, 15), first(), vec![whole("b", 1, 1)]).await;
    // The first is asked twice, since nobody else can be paid.
    let failure = bench.call(envelope(false, Some(60))).await.unwrap_err();
    assert!(
        matches!(failure.error, CallError::Provider(_)),
        "{failure:?}"
    );
    assert_eq!(bcme.calls().len(), 0);
    assert_eq!(bench.provider.calls().len(), 2);
    assert_eq!(bench.figures().await, (worst(3, 15), 0));
}

#[tokio::test(start_paused = true)]
async fn a_stream_falls_back_until_its_first_byte_and_never_after() {
    let script = || vec![Script::Pieces(vec![piece("hello"), end(consumed(10, 2))])];
    let first = vec![Script::Fault(fault(FaultKind::Failing))];
    let (bench, _) = two(RICH, first, script()).await;
    let (id, frames) = expect_stream(bench.call(envelope(true, Some(100))).await);
    assert!(read(frames).await.starts_with("hello[end]"));
    assert_eq!(bench.record(id).await.attempts.len(), 2);

    let broken = vec![Script::Pieces(vec![
        piece("hel"),
        Err(fault(FaultKind::Garbled)),
    ])];
    let (bench, bcme) = two(RICH, broken, script()).await;
    let (id, frames) = expect_stream(bench.call(envelope(true, Some(100))).await);
    assert_eq!(read(frames).await, "hel[fault no]");
    assert_eq!(bench.settled().await, RICH);
    assert_eq!(bench.record(id).await.attempts.len(), 1);
    assert_eq!(bcme.calls().len(), 0);
    assert_eq!(bench.app.calls.providers()[0].failures, 1);
}

#[tokio::test(start_paused = true)]
async fn four_attempts_are_made_and_no_more() {
    let names = ["bcme", "ccme", "dcme", "ecme", "fcme"];
    let others: Vec<_> = names.iter().map(|name| provider(name, vec![])).collect();
    let models = names
        .iter()
        .zip(1..)
        .map(|(name, place)| stand_in(name, 1, -place));
    let setting = Setting {
        models: models.collect(),
        providers: others.clone(),
        ..Setting::default()
    };
    let bench = Bench::in_setting(RICH, [], |wallets| wallets, setting).await;
    let failure = bench.call(envelope(false, Some(100))).await.unwrap_err();
    let record = bench.record(failure.generation).await;
    let asked: Vec<_> = statuses(&record)
        .into_iter()
        .map(|(name, ..)| name)
        .collect();
    assert_eq!(asked, ["acme", "bcme", "ccme", "dcme"]);
    assert!(others[3].calls().is_empty() && others[4].calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_is_alone_is_asked_once_more_where_that_may_help() {
    let short = Some(Duration::from_millis(300));
    for (kind, retry_after, helps) in [
        (FaultKind::Failing, None, true),
        (FaultKind::Unreachable, None, true),
        (FaultKind::RateLimited, short, true),
        (FaultKind::RateLimited, Some(Duration::from_secs(2)), false),
        (FaultKind::TimedOut, None, false),
        (FaultKind::OurAccount, None, false),
        (FaultKind::Garbled, None, false),
    ] {
        let mut once = fault(kind.clone());
        once.retry_after = retry_after;
        let scripts = [Script::Fault(once), whole("second time", 1, 1)];
        let bench = Bench::with(RICH, scripts).await;
        let answered = bench.call(envelope(false, Some(100))).await;
        assert_eq!(answered.is_ok(), helps, "{kind:?}: {answered:?}");
        assert_eq!(bench.provider.calls().len(), 1 + usize::from(helps));
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_provider_costs_one_attempt_and_then_none() {
    let answers = (0..12).map(|_| whole("alive", 1, 1)).collect();
    let (bench, bcme) = two(RICH, vec![], answers).await;
    for _ in 0..5 {
        expect_whole(bench.call(envelope(false, Some(100))).await);
    }
    assert_eq!(bench.provider.calls().len(), 5, "one extra attempt each");
    assert_eq!(bench.app.calls.providers()[0].state, BreakerState::Open);
    for _ in 0..3 {
        let (id, ..) = expect_whole(bench.call(envelope(false, Some(100))).await);
        assert_eq!(bench.record(id).await.attempts.len(), 1);
    }
    assert_eq!(bench.provider.calls().len(), 5, "it is left alone");
    // After a while one call looks whether it is back: it is not.
    tokio::time::advance(Duration::from_secs(11)).await;
    expect_whole(bench.call(envelope(false, Some(100))).await);
    expect_whole(bench.call(envelope(false, Some(100))).await);
    assert_eq!(bench.provider.calls().len(), 6);
    // And after twice the time it is.
    tokio::time::advance(Duration::from_secs(21)).await;
    bench.provider.then(whole("back", 1, 1));
    bench.provider.then(whole("back", 1, 1));
    for _ in 0..2 {
        let (_, _, body) = expect_whole(bench.call(envelope(false, Some(100))).await);
        assert!(body.starts_with("back"), "{body}");
    }
    assert_eq!(bench.app.calls.providers()[0].state, BreakerState::Closed);
    assert_eq!(bcme.calls().len(), 5 + 3 + 2);
    bench.books_are_clean().await;
}

#[tokio::test(start_paused = true)]
async fn who_is_alone_is_asked_however_often_it_failed() {
    let bench = Bench::with(RICH, []).await;
    for _ in 0..5 {
        bench.call(envelope(false, Some(100))).await.unwrap_err();
    }
    assert_eq!(bench.app.calls.providers()[0].state, BreakerState::Open);
    bench.provider.then(whole("back", 1, 1));
    expect_whole(bench.call(envelope(false, Some(100))).await);
    assert_eq!(bench.app.calls.providers()[0].state, BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_complains_about_our_account_is_left_alone_for_minutes() {
    let first = vec![
        Script::Fault(fault(FaultKind::OurAccount)),
        whole("paid", 1, 1),
    ];
    let answers = vec![whole("b", 1, 1), whole("b", 1, 1)];
    let (bench, bcme) = two(RICH, first, answers).await;
    for _ in 0..2 {
        expect_whole(bench.call(envelope(false, Some(100))).await);
    }
    assert_eq!((bench.provider.calls().len(), bcme.calls().len()), (1, 2));
    tokio::time::advance(Duration::from_secs(301)).await;
    let (_, _, body) = expect_whole(bench.call(envelope(false, Some(100))).await);
    assert!(body.starts_with("paid"));
}

#[tokio::test(start_paused = true)]
async fn a_slow_down_is_obeyed_for_as_long_as_it_says() {
    let mut limited = fault(FaultKind::RateLimited);
    limited.retry_after = Some(Duration::from_secs(20));
    let first = vec![Script::Fault(limited), whole("again", 1, 1)];
    let answers = (0..3).map(|_| whole("b", 1, 1)).collect();
    let (bench, bcme) = two(RICH, first, answers).await;
    for _ in 0..3 {
        expect_whole(bench.call(envelope(false, Some(100))).await);
    }
    assert_eq!((bench.provider.calls().len(), bcme.calls().len()), (1, 3));
    tokio::time::advance(Duration::from_secs(21)).await;
    let (_, _, body) = expect_whole(bench.call(envelope(false, Some(100))).await);
    assert!(body.starts_with("again"));
}

fn key(number: u128, weight: u32) -> ProviderKey {
    ProviderKey {
        id: ProviderKeyId::from_uuid(Uuid::from_u128(number)),
        provider: ProviderId::new("acme").unwrap(),
        name: format!("key {number}"),
        sealed: Sealed::from_text(format!("secret {number}")),
        hint: String::new(),
        weight,
        priority: i32::try_from(10 - number).unwrap(),
        status: ProviderKeyStatus::Active,
        created_at: Timestamp::default(),
        last_error: None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_refused_gives_way_to_the_next_of_its_provider() {
    let setting = Setting {
        keys: vec![key(1, 1), key(2, 1)],
        ..Setting::default()
    };
    let scripts = [
        Script::Fault(fault(FaultKind::OurAccount)),
        whole("by the second", 1, 1),
        whole("by the second", 1, 1),
        whole("by the first", 1, 1),
    ];
    let bench = Bench::in_setting(RICH, scripts, |wallets| wallets, setting).await;
    let used = || -> Vec<String> {
        let calls = bench.provider.calls();
        let secrets = calls.iter().map(|call| call.secret.clone());
        secrets
            .map(|secret| secret.map_or_else(String::new, |it| it.expose().to_owned()))
            .collect()
    };
    let (id, ..) = expect_whole(bench.call(envelope(false, Some(100))).await);
    let record = bench.record(id).await;
    let keys: Vec<_> = record.attempts.iter().map(|one| one.key.clone()).collect();
    let names = [1, 2].map(|number| Some(key(number, 1).id.to_string()));
    assert_eq!(keys, names);
    assert_eq!(bench.settled().await, RICH - INPUT - OUTPUT);
    let noted = || async {
        let keys = bench.world.store.provider_keys.list_provider_keys().await;
        keys.unwrap()[0].last_error.clone()
    };
    assert_eq!(noted().await.as_deref(), Some("no"));
    expect_whole(bench.call(envelope(false, Some(100))).await);
    assert_eq!(used(), ["secret 1", "secret 2", "secret 2"]);
    // It rests for five minutes, is taken again, and that is noted.
    tokio::time::advance(Duration::from_secs(301)).await;
    expect_whole(bench.call(envelope(false, Some(100))).await);
    assert_eq!(used()[3], "secret 1");
    bench.settled().await;
    assert_eq!(noted().await, None);
    bench.books_are_clean().await;
}

#[tokio::test(start_paused = true)]
async fn a_customer_who_leaves_ends_the_trying() {
    let first = vec![Script::Fault(fault(FaultKind::Failing))];
    let (bench, bcme) = two(RICH, first, vec![Script::Silence]).await;
    {
        let call = bench.call(envelope(false, Some(100)));
        let patience = tokio::time::timeout(Duration::from_secs(5), call);
        patience.await.expect_err("bcme never answers");
    }
    assert_eq!(bench.settled().await, RICH);
    assert_eq!((bcme.calls().len(), bcme.dropped()), (1, 1));
    bench.books_are_clean().await;
}

#[tokio::test(start_paused = true)]
async fn a_customer_who_leaves_during_the_pause_is_not_served() {
    let scripts = [
        Script::Fault(fault(FaultKind::Failing)),
        whole("never", 1, 1),
    ];
    let bench = Bench::with(RICH, scripts).await;
    {
        let call = bench.call(envelope(false, Some(100)));
        let patience = tokio::time::timeout(Duration::from_millis(50), call);
        patience.await.expect_err("the pause is longer");
    }
    assert_eq!(bench.settled().await, RICH);
    assert_eq!(bench.provider.calls().len(), 1);
}
