//! Service tiers: which one is asked for, which one is charged, and who may answer at all.

use vuzo_application::chat::{CallError, Failure, TierNotSold};
use vuzo_domain::chat::{Envelope, UsageReport, WholeReply};
use vuzo_domain::money::Currency;
use vuzo_domain::port::ModelEntry;
use vuzo_domain::pricing::{
    PriceVersion, Rate, RateCard, ServedTier, ServiceTier, TierCard, TierWish,
};
use vuzo_memory::Script;

use crate::bench::{
    Bench, Setting, consumed, end, envelope, expect_stream, expect_whole, model, piece, read,
    version,
};

const RICH: i64 = 1_000_000_000;
const FLEX: ServiceTier = ServiceTier::Flex;
const PRIORITY: ServiceTier = ServiceTier::Priority;
const SCALE: ServiceTier = ServiceTier::Scale;

/// So many dollars per million prompt tokens, and twice as much per completion token.
fn card(dollars: u64) -> RateCard {
    let rate = |dollars: u64| Rate::parse(&dollars.to_string(), Currency::USD).unwrap();
    RateCard::new(Currency::USD, rate(dollars), rate(dollars * 2))
}

/// Two dollars; flex for one and priority for four.
fn tiered() -> RateCard {
    // Nobody can ask for the last one, so that nobody is told of it.
    let tiers =
        [(FLEX, 1), (PRIORITY, 4), (ServiceTier::Batch, 1)].map(|(tier, dollars)| TierCard {
            tier,
            card: card(dollars),
        });
    card(2).with_service_tiers(tiers.to_vec()).unwrap()
}

fn priced(id: &str, cost: RateCard, retail: Option<RateCard>) -> ModelEntry {
    let priced = PriceVersion {
        cost,
        retail,
        ..version(1)
    };
    ModelEntry {
        versions: vec![priced],
        ..model("acme", id)
    }
}

async fn bench(scripts: impl IntoIterator<Item = Script>) -> Bench {
    let setting = Setting {
        models: vec![
            priced("tiered", tiered(), None),
            priced("plain", tiered(), Some(card(3))),
        ],
        ..Setting::default()
    };
    Bench::in_setting(RICH, scripts, |wallets| wallets, setting).await
}

fn asking(name: &str, wish: TierWish, stream: bool) -> Envelope {
    Envelope {
        model: name.to_owned(),
        service_tier: wish,
        ..envelope(stream, Some(100))
    }
}

/// Ten tokens in and twenty out, in some tier.
fn served(tier: Option<&ServedTier>) -> UsageReport {
    UsageReport {
        served_tier: tier.cloned(),
        ..consumed(10, 20)
    }
}

fn answer(tier: Option<&ServedTier>, stream: bool) -> Script {
    let report = served(tier);
    if stream {
        Script::Pieces(vec![piece("Hi"), end(report)])
    } else {
        Script::Whole(WholeReply {
            body: "Hi".into(),
            report,
        })
    }
}

/// What one call comes to, at 10 × 1,000 + 20 × 2,000 units for each dollar of the price.
const DOLLAR: i64 = 50_000;

struct Case {
    wish: TierWish,
    served: Option<ServedTier>,
    /// In dollars of the price: the charge, and what the provider is owed.
    charged: i64,
    owed: i64,
    recorded: Option<ServiceTier>,
    is_odd: bool,
}

fn case(wish: TierWish, served: Option<ServedTier>, charged: i64) -> Case {
    Case {
        wish,
        served,
        charged,
        owed: charged,
        recorded: match charged {
            1 => Some(FLEX),
            4 => Some(PRIORITY),
            _ => None,
        },
        is_odd: false,
    }
}

fn odd(wish: TierWish, served: ServedTier, charged: i64, owed: i64) -> Case {
    Case {
        owed,
        is_odd: true,
        ..case(wish, Some(served), charged)
    }
}

fn cases() -> Vec<Case> {
    use ServedTier::{Standard, Tier, Unknown};
    let none = TierWish::Standard;
    let (flex, priority) = (TierWish::Only(FLEX), TierWish::Only(PRIORITY));
    let if_sold = TierWish::IfSold(PRIORITY);
    vec![
        case(none, None, 2),
        case(none, Some(Standard), 2),
        case(none, Some(Tier(FLEX)), 1),
        // A dearer tier that nobody asked for is the operator's to pay.
        odd(none, Tier(PRIORITY), 2, 4),
        odd(none, Tier(SCALE), 2, 2),
        odd(none, Unknown("gold".into()), 2, 2),
        case(flex, None, 1),
        case(flex, Some(Tier(FLEX)), 1),
        case(flex, Some(Standard), 2),
        odd(flex, Tier(PRIORITY), 1, 4),
        odd(flex, Unknown("gold".into()), 1, 1),
        case(priority, None, 4),
        case(priority, Some(Tier(PRIORITY)), 4),
        case(priority, Some(Standard), 2),
        case(priority, Some(Tier(FLEX)), 1),
        odd(priority, Tier(SCALE), 4, 2),
        case(if_sold, Some(Tier(PRIORITY)), 4),
        case(if_sold, Some(Standard), 2),
        case(TierWish::IfSold(SCALE), None, 2),
    ]
}

#[tokio::test(start_paused = true)]
async fn the_tier_that_is_served_decides_the_price() {
    for stream in [false, true] {
        for (at, case) in cases().into_iter().enumerate() {
            let bench = bench([answer(case.served.as_ref(), stream)]).await;
            let at = format!("case {at}, stream {stream}");
            let answered = bench.call(asking("tiered", case.wish, stream)).await;
            let id = if stream {
                let (id, frames) = expect_stream(answered);
                let text = read(frames).await;
                let cost = case.charged * DOLLAR;
                assert_eq!(text, format!("Hi[end][usage][{cost}][done]"), "{at}");
                id
            } else {
                let (id, cost, _) = expect_whole(answered);
                assert_eq!(cost, case.charged * DOLLAR, "{at}");
                id
            };
            let asked = match case.wish {
                TierWish::Only(tier) | TierWish::IfSold(tier) => Some(tier),
                TierWish::Standard => None,
            };
            let asked = asked.filter(|tier| *tier != SCALE);
            assert_eq!(bench.provider.calls()[0].service_tier, asked, "{at}");
            assert_eq!(bench.settled().await, RICH - case.charged * DOLLAR, "{at}");
            let record = bench.record(id).await;
            assert_eq!(record.service_tier, case.recorded, "{at}");
            assert_eq!(record.receipt.total.0, case.charged * DOLLAR, "{at}");
            assert_eq!(record.provider_cost.0, case.owed * DOLLAR, "{at}");
            // A hundred tokens each way, by the dearer of the standard tier and the one
            // that is asked for.
            let dearest = if asked == Some(PRIORITY) { 4 } else { 2 };
            assert_eq!(record.held.0, dearest * (100_000 + 200_000), "{at}");
            let tally = bench.app.calls.tally();
            assert_eq!(tally.unpriced_tiers, u64::from(case.is_odd), "{at}");
            assert_eq!(tally.shortfalls, 0, "{at}");
            bench.books_are_clean().await;
        }
    }
}

fn not_sold(failure: Failure) -> TierNotSold {
    match failure.error {
        CallError::TierNotSold(refusal) => *refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_tier_without_a_price_is_refused_and_costs_nothing() {
    let bench = bench([]).await;
    for (name, tier, sold, message) in [
        (
            "tiered",
            SCALE,
            vec![FLEX, PRIORITY],
            r#"the model "tiered" is not sold in the service tier "scale", only in "default", "flex", "priority"; nothing was charged"#,
        ),
        // A retail price that is stated outright says everything that is sold.
        (
            "plain",
            FLEX,
            vec![],
            r#"the model "plain" is not sold in the service tier "flex", only in "default"; nothing was charged"#,
        ),
    ] {
        let asked = asking(name, TierWish::Only(tier), false);
        let refusal = not_sold(bench.call(asked).await.unwrap_err());
        assert_eq!((refusal.tier, &refusal.sold), (tier, &sold));
        assert_eq!(refusal.to_string(), message);
    }
    assert_eq!(bench.provider.calls().len(), 0, "nobody was asked");
    assert_eq!(bench.settled().await, RICH);
}

#[tokio::test(start_paused = true)]
async fn whoever_does_not_sell_the_tier_is_passed_over() {
    let bench = bench([answer(Some(&ServedTier::Tier(FLEX)), false)]).await;
    let asked = Envelope {
        fallbacks: vec!["plain".to_owned(), "tiered".to_owned()],
        ..asking("one", TierWish::Only(FLEX), false)
    };
    let (id, cost, _) = expect_whole(bench.call(asked).await);
    assert_eq!(cost, DOLLAR);
    let record = bench.record(id).await;
    assert_eq!(record.model, "one");
    assert_eq!(
        record
            .priced_as
            .as_ref()
            .map(ToString::to_string)
            .as_deref(),
        Some("tiered")
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_unclear_of_a_broken_stream_is_charged_as_asked() {
    // The customer leaves after the first piece, and the rest never comes.
    let bench = bench([Script::Pieces(vec![piece("12345678")])]).await;
    let (id, frames) = expect_stream(
        bench
            .call(asking("tiered", TierWish::Only(PRIORITY), true))
            .await,
    );
    assert!(read(frames).await.contains("[fault "));
    assert_eq!(bench.settled().await, RICH, "a broken answer costs nothing");
    let record = bench.record(id).await;
    assert_eq!(record.service_tier, Some(PRIORITY));
    // A quarter of the bytes each way: 25 tokens in and 2 out, by the price of priority.
    assert_eq!(record.provider_cost.0, 4 * (25 * 1_000 + 2 * 2_000));
}

#[tokio::test(start_paused = true)]
async fn an_estimate_is_by_the_tier_that_is_asked_for() {
    let bench = bench([]).await;
    let caller = bench
        .caller(
            vuzo_domain::key::Environment::Live,
            vuzo_domain::limit::Limits::default(),
        )
        .await;
    for (wish, worst, expected) in [
        (TierWish::Standard, 600_000, 2 * (25_000 + 200_000)),
        (TierWish::Only(FLEX), 600_000, 25_000 + 200_000),
        (TierWish::Only(PRIORITY), 1_200_000, 4 * (25_000 + 200_000)),
    ] {
        let asked = asking("tiered", wish, false);
        let estimate = bench.app.calls.estimate(&caller, &asked).await.unwrap();
        assert_eq!(estimate.worst_case.0, worst, "{wish:?}");
        assert_eq!(estimate.expected.0, expected, "{wish:?}");
    }
}
