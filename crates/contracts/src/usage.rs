//! What [`vuzo_domain::port::Usage`] promises.

use core::time::Duration;

use vuzo_domain::catalog::{ModelId, ProviderId};
use vuzo_domain::chat::{Attempt, AttemptStatus, CallRecord, CallStatus, LoggedCall};
use vuzo_domain::id::{GenerationId, KeyId, RuleId};
use vuzo_domain::key::Environment;
use vuzo_domain::money::{BasisPoints, Currency, Units};
use vuzo_domain::port::{DailyUsage, PageRequest, UsageFilter};
use vuzo_domain::pricing::{Dimension, Exact, Line, LineKind, Rate, Receipt, ServiceTier};
use vuzo_domain::time::Timestamp;
use vuzo_domain::usage::Consumption;

use crate::wallets::LONGER_THAN_A_HOLD;
use crate::{Customer, World};

/// Every law of `Usage`. See [`crate::storage_laws`] for the argument.
#[macro_export]
macro_rules! usage_laws {
    ($setup:path) => {
        $crate::__instantiate!(usage, $setup, $crate::World, [
            a_call_is_kept_whole
            calls_of_others_are_not_there
            calls_are_listed_newest_first
            calls_are_filtered
            a_summary_adds_up
            what_was_charged_is_what_is_told
            a_summary_lists_the_dearest_first
            a_day_is_told_by_model_and_provider
            days_are_those_of_utc_and_exact
        ]);
    };
}

const DAY: Duration = Duration::from_secs(86_400);

/// Settles one call of this cost after the record was adorned.
async fn call(
    world: &World,
    customer: &Customer,
    cost: i64,
    adorn: impl FnOnce(&mut CallRecord),
) -> CallRecord {
    let hold = world.place(&world.hold(customer, cost)).await;
    let mut settle = world.settlement(&hold, cost);
    adorn(&mut settle.record);
    let record = settle.record.clone();
    world.store.wallets.settle(settle).await.unwrap();
    record
}

fn receipt() -> Receipt {
    let usage = Line {
        kind: LineKind::Usage(Dimension::CacheWriteLong),
        quantity: 1_333,
        unit_price: Rate::parse("0.0375", Currency::USD).unwrap(),
        per: 1_000_000,
        markup: BasisPoints(2_050),
        cost: Exact::of(
            1_333,
            Rate::parse("0.0375", Currency::USD).unwrap(),
            1_000_000,
            BasisPoints(2_050),
        )
        .unwrap(),
    };
    let total = usage.cost.round_up().unwrap();
    let rounding = Line {
        kind: LineKind::Rounding,
        quantity: 1,
        unit_price: Rate::default(),
        per: 1,
        markup: BasisPoints::default(),
        cost: Exact::from_units(total).minus(usage.cost).unwrap(),
    };
    let given_again = Line {
        kind: LineKind::CacheHit,
        quantity: 0,
        per: 100,
        cost: Exact::default(),
        ..rounding
    };
    Receipt {
        currency: Currency::USD,
        lines: vec![usage, given_again, rounding],
        total,
    }
}

/// Every field, every line of the receipt and every attempt comes back.
pub async fn a_call_is_kept_whole(world: &World) {
    let customer = world.customer_with(1_000_000).await;
    let key = world.key(&customer).await;
    let receipt = receipt();
    let failed = Attempt {
        provider: ProviderId::new("xai").unwrap(),
        model: "grok".to_owned(),
        status: AttemptStatus::Failed,
        latency: Duration::from_micros(31),
        provider_cost: Units(1),
        fault: Some("HTTP 500: \"oops\"\n".to_owned()),
        key: Some("second key".to_owned()),
    };
    let adorned = call(world, &customer, receipt.total.0, |record| {
        record.key = Some(key.id);
        record.environment = Environment::Dev;
        record.served_model = None;
        record.stream = false;
        record.status = CallStatus::ClientDisconnected;
        record.consumption = Consumption {
            input: 1,
            cache_read: 2,
            cache_write: 3,
            cache_write_long: 1_333,
            audio_input: 5,
            output: 6,
            reasoning: 7,
            images: 8,
        };
        record.estimated = true;
        record.receipt = receipt;
        record.provider_cost = Units(43);
        record.priced_as = Some(ModelId::new("stand-in").unwrap());
        record.cached_from = Some(GenerationId::from_uuid(world.uuid()));
        record.service_tier = Some(ServiceTier::Priority);
        record.price_version = 12;
        record.rule = Some(RuleId::from_uuid(world.uuid()));
        record.attempts.insert(0, failed);
        record.latency = Duration::from_micros(1_234_567);
        record.time_to_first_token = None;
        record.metadata = Some("{\"team\":\"ü\"}".to_owned());
    })
    .await;
    let found = world
        .store
        .usage
        .find_call(Some(customer.account), adorned.id);
    let adorned = LoggedCall {
        charged: adorned.receipt.total,
        record: adorned,
    };
    assert_eq!(found.await.unwrap(), Some(adorned.clone()));
    let listed = world
        .store
        .usage
        .list_calls(
            customer.account,
            UsageFilter::default(),
            PageRequest::first(5),
        )
        .await;
    assert_eq!(listed.unwrap().rows, [adorned]);
}

/// Nobody sees another's calls, in no way.
pub async fn calls_of_others_are_not_there(world: &World) {
    let customer = world.customer_with(1_000).await;
    let other = world.customer_with(1_000).await;
    let id = world.call(&customer, 10).await;
    let usage = &world.store.usage;
    let found = usage.find_call(Some(other.account), id).await.unwrap();
    assert_eq!(found, None);
    assert!(usage.find_call(None, id).await.unwrap().is_some());
    let unknown = GenerationId::from_uuid(world.uuid());
    assert_eq!(usage.find_call(None, unknown).await.unwrap(), None);
    let all = UsageFilter::default();
    let listed = usage
        .list_calls(other.account, all.clone(), PageRequest::first(5))
        .await;
    assert_eq!(listed.unwrap().rows, []);
    let summary = usage.summarize(other.account, all).await.unwrap();
    assert_eq!((summary.requests, summary.cost), (0, Units::ZERO));
    assert_eq!((summary.by_model, summary.by_key), (vec![], vec![]));
    let daily = usage.daily(other.account, UsageFilter::default());
    assert_eq!(daily.await.unwrap(), []);
}

/// Newest first, in parts.
pub async fn calls_are_listed_newest_first(world: &World) {
    let customer = world.customer_with(1_000).await;
    let mut expected = Vec::new();
    for _ in 0..5 {
        expected.insert(0, world.call(&customer, 1).await);
    }
    let list = async |limit, offset, before| {
        let page = PageRequest {
            limit,
            offset,
            before,
        };
        let usage = &world.store.usage;
        let listed = usage.list_calls(customer.account, UsageFilter::default(), page);
        let listed = listed.await.unwrap();
        let ids: Vec<_> = listed.rows.iter().map(|call| call.record.id).collect();
        (ids, listed.has_more)
    };
    assert_eq!(list(5, 0, None).await, (expected.clone(), false));
    assert_eq!(list(2, 0, None).await, (expected[..2].to_vec(), true));
    assert_eq!(list(2, 3, None).await, (expected[3..].to_vec(), false));
    let seen = Some(expected[2].uuid());
    assert_eq!(list(2, 0, seen).await, (expected[3..].to_vec(), false));
}

/// By model, key, and time from (included) to (not included), alone and together.
pub async fn calls_are_filtered(world: &World) {
    let customer = world.customer_with(1_000).await;
    let key = world.key(&customer).await;
    let mut calls = Vec::new();
    for (model, with_key) in [("a", true), ("b", true), ("a", false), ("b", false)] {
        let record = call(world, &customer, 1, |record| {
            record.model = model.into();
            record.provider = ProviderId::new(if with_key { "one" } else { "two" }).unwrap();
            record.key = with_key.then_some(key.id);
        });
        calls.push(record.await);
    }
    let at = |number: usize| -> Timestamp { calls[number].created_at };
    let filter = |model: Option<&str>, key: Option<KeyId>, from, to| UsageFilter {
        model: model.map(str::to_owned),
        provider: None,
        key,
        from,
        to,
    };
    let of_provider = |provider: &str, model: Option<&str>| UsageFilter {
        provider: Some(provider.to_owned()),
        ..filter(model, None, None, None)
    };
    for (filter, expected) in [
        (filter(Some("a"), None, None, None), vec![2, 0]),
        (filter(None, Some(key.id), None, None), vec![1, 0]),
        (filter(Some("b"), Some(key.id), None, None), vec![1]),
        (filter(None, None, Some(at(1)), None), vec![3, 2, 1]),
        (filter(None, None, None, Some(at(1))), vec![0]),
        (filter(None, None, Some(at(1)), Some(at(3))), vec![2, 1]),
        (filter(Some("c"), None, None, None), vec![]),
        (of_provider("two", None), vec![3, 2]),
        (of_provider("one", Some("a")), vec![0]),
        (of_provider("no provider's name", None), vec![]),
        (of_provider("one\0", None), vec![]),
    ] {
        let page = PageRequest::first(10);
        let usage = &world.store.usage;
        let listed = usage.list_calls(customer.account, filter.clone(), page);
        let ids: Vec<_> = listed
            .await
            .unwrap()
            .rows
            .iter()
            .map(|call| call.record.id)
            .collect();
        let wanted: Vec<_> = expected.iter().map(|number| calls[*number].id).collect();
        assert_eq!(ids, wanted, "{filter:?}");
        let requests = u64::try_from(wanted.len()).unwrap();
        let summary = usage.summarize(customer.account, filter.clone()).await;
        assert_eq!(summary.unwrap().requests, requests);
        let daily = usage.daily(customer.account, filter).await.unwrap();
        let by_day: u64 = daily.iter().map(|row| row.requests).sum();
        assert_eq!(by_day, requests);
    }
}

/// Requests, faults, tokens and costs are sums over the calls.
pub async fn a_summary_adds_up(world: &World) {
    let customer = world.customer_with(1_000).await;
    for (cost, status) in [
        (30, CallStatus::Ok),
        (12, CallStatus::Ok),
        (0, CallStatus::ProviderFailed),
        (0, CallStatus::Error),
    ] {
        call(world, &customer, cost, |record| {
            record.status = status;
            record.consumption = Consumption {
                input: 100,
                cache_read: 20,
                output: 7,
                reasoning: 2,
                ..Consumption::default()
            };
        })
        .await;
    }
    let all = UsageFilter::default();
    let summary = world.store.usage.summarize(customer.account, all).await;
    let summary = summary.unwrap();
    assert_eq!((summary.requests, summary.errors), (4, 2));
    assert_eq!(
        (summary.prompt_tokens, summary.completion_tokens),
        (480, 36)
    );
    assert_eq!((summary.cost, summary.currency), (Units(42), Currency::USD));
}

/// Where a call cost more than the customer paid, the log, the sums and the balance
/// agree on what was paid, and the receipt still says what the call cost.
pub async fn what_was_charged_is_what_is_told(world: &World) {
    let customer = world.customer_with(1_000).await;
    let wallets = &world.store.wallets;
    // Beyond its hold; within it; and after the reaper, when a rival has most of it.
    for (held, cost) in [(100, 130), (50, 20)] {
        let hold = world.place(&world.hold(&customer, held)).await;
        let settle = world.settlement(&hold, cost);
        wallets.settle(settle).await.unwrap();
    }
    let late = world.place(&world.hold(&customer, 80)).await;
    world.pass(LONGER_THAN_A_HOLD);
    wallets.expire_holds(world.now(), 10).await.unwrap();
    world.place(&world.hold(&customer, 850)).await;
    wallets.settle(world.settlement(&late, 80)).await.unwrap();

    let account = customer.account;
    let (all, page) = (UsageFilter::default(), PageRequest::first(5));
    let usage = &world.store.usage;
    let listed = usage.list_calls(account, all.clone(), page).await.unwrap();
    let told: Vec<_> = listed
        .rows
        .iter()
        .map(|call| (call.charged.0, call.record.receipt.total.0))
        .collect();
    assert_eq!(told, [(30, 80), (20, 20), (100, 130)]);
    for call in &listed.rows {
        let found = usage.find_call(Some(account), call.record.id).await;
        assert_eq!(found.unwrap().as_ref(), Some(call));
    }
    let summary = usage.summarize(account, all).await.unwrap();
    assert_eq!(summary.cost, Units(150));
    assert_eq!(summary.by_model[0].cost, Units(150));
    assert_eq!(summary.by_key[0].cost, Units(150));
    let daily = usage.daily(account, UsageFilter::default()).await.unwrap();
    let sum: i64 = daily.iter().map(|day| day.cost.0).sum();
    assert_eq!(sum, 150);
    world.expect_figures(&customer, 1_000 - 150, 850).await;
}

/// By model and by key, with the calls of sessions under no key.
pub async fn a_summary_lists_the_dearest_first(world: &World) {
    let customer = world.customer_with(1_000).await;
    let cheap = world.key(&customer).await.id;
    let dear = world.key(&customer).await.id;
    for (model, key, cost) in [
        ("small", Some(cheap), 1),
        ("large", Some(dear), 50),
        ("small", Some(dear), 2),
        ("middle", None, 20),
    ] {
        call(world, &customer, cost, |record| {
            record.model = model.into();
            record.key = key;
        })
        .await;
    }
    let all = UsageFilter::default();
    let summary = world.store.usage.summarize(customer.account, all).await;
    let summary = summary.unwrap();
    let by_model: Vec<_> = summary
        .by_model
        .iter()
        .map(|row| {
            (
                row.model.as_str(),
                row.requests,
                row.total_tokens,
                row.cost.0,
            )
        })
        .collect();
    assert_eq!(
        by_model,
        [
            ("large", 1, 15, 50),
            ("middle", 1, 15, 20),
            ("small", 2, 30, 3)
        ]
    );
    let by_key: Vec<_> = summary
        .by_key
        .iter()
        .map(|row| (row.key, row.requests, row.total_tokens, row.cost.0))
        .collect();
    assert_eq!(
        by_key,
        [
            (Some(dear), 2, 30, 52),
            (None, 1, 15, 20),
            (Some(cheap), 1, 15, 1)
        ]
    );
}

/// The latest day first, then by the bytes of the model's name, then by provider; each
/// with its own sums, and no day without calls.
pub async fn a_day_is_told_by_model_and_provider(world: &World) {
    let customer = world.customer_with(1_000).await;
    let first = world.now().day();
    let third = first.next().next();
    for (day, model, provider, cost) in [
        (first, "b", "xai", 5),
        (first, "a", "xai", 1),
        (first, "B", "xai", 2),
        (first, "a", "openai", 3),
        (third, "a", "xai", 7),
        (first, "a", "xai", 4),
    ] {
        call(world, &customer, cost, |record| {
            record.created_at = day.start();
            record.model = model.into();
            record.provider = ProviderId::new(provider).unwrap();
            record.consumption = Consumption {
                input: 100,
                cache_read: 20,
                output: 7,
                reasoning: 2,
                ..Consumption::default()
            };
        })
        .await;
    }
    let usage = &world.store.usage;
    let row = |day, model: &str, provider, requests, cost| DailyUsage {
        day,
        model: model.to_owned(),
        provider: ProviderId::new(provider).unwrap(),
        requests,
        prompt_tokens: 120 * requests,
        completion_tokens: 9 * requests,
        cost: Units(cost),
    };
    let all = usage.daily(customer.account, UsageFilter::default()).await;
    assert_eq!(
        all.unwrap(),
        [
            row(third, "a", "xai", 1, 7),
            row(first, "B", "xai", 1, 2),
            row(first, "a", "openai", 1, 3),
            row(first, "a", "xai", 2, 5),
            row(first, "b", "xai", 1, 5),
        ]
    );
    let filter = UsageFilter {
        model: Some("a".to_owned()),
        provider: Some("xai".to_owned()),
        to: Some(third.start()),
        ..UsageFilter::default()
    };
    let some = usage.daily(customer.account, filter).await.unwrap();
    assert_eq!(some, [row(first, "a", "xai", 2, 5)]);
}

/// A day begins and ends with UTC's, and sums are exact where no float could be.
pub async fn days_are_those_of_utc_and_exact(world: &World) {
    const LARGE: i64 = 3_000_000_000_000_000_001;
    let customer = world.customer_with(2 * LARGE + 1_000).await;
    let first = world.now().day();
    let second = first.next();
    let last_moment = Timestamp::from_micros(second.start().as_micros() - 1);
    for (created_at, cost) in [
        (first.start(), LARGE),
        (last_moment, LARGE),
        (second.start(), 7),
        (last_moment.after(DAY), 8),
        (second.start().after(DAY), 100),
    ] {
        call(world, &customer, cost, |record| {
            record.created_at = created_at;
        })
        .await;
    }
    let usage = &world.store.usage;
    let sums = async |from: Timestamp, to: Timestamp| {
        let filter = UsageFilter {
            from: Some(from),
            to: Some(to),
            ..UsageFilter::default()
        };
        let rows = usage.daily(customer.account, filter).await.unwrap();
        let sum = |row: &DailyUsage| (row.day, row.requests, row.cost.0);
        rows.iter().map(sum).collect::<Vec<_>>()
    };
    let third = second.next().start();
    assert_eq!(
        sums(first.start(), third).await,
        [(second, 2, 15), (first, 2, 2 * LARGE)]
    );
    // A part of a day has the sums of that part.
    assert_eq!(
        sums(last_moment, last_moment.after(DAY)).await,
        [(second, 1, 7), (first, 1, LARGE)]
    );
    assert_eq!(sums(third, first.start()).await, []);
}
