use super::super::{
    Demand, Markup, PriceVersion, PricingRule, Quote, Rate, Tier, TierCard, UnsoundCard,
};
use super::*;
use crate::catalog::{Model, ModelId, ModelStatus, ProviderId};
use crate::id::RuleId;
use crate::money::{BasisPoints, Currency, Units};
use crate::pattern::ModelPattern;
use crate::time::Timestamp;
use crate::usage::Consumption;
use uuid::Uuid;

fn rate(text: &str) -> Rate {
    Rate::parse(text, Currency::USD).unwrap()
}

fn plain(input: &str, output: &str) -> RateCard {
    RateCard::new(Currency::USD, rate(input), rate(output))
}

fn long(input: &str, output: &str) -> Tier {
    Tier::new(200_000, false)
        .with(Dimension::Input, Some(rate(input)))
        .with(Dimension::Output, Some(rate(output)))
}

fn of(tier: ServiceTier, card: RateCard) -> TierCard {
    TierCard { tier, card }
}

/// Standard 2 and 10, beyond 200,000 tokens 4 and 15; flex half of it, priority twice.
fn card() -> RateCard {
    let base = plain("2", "10").with_tiers(vec![long("4", "15")]).unwrap();
    let flex = plain("1", "5").with_tiers(vec![long("2", "7.5")]).unwrap();
    let priority = plain("4", "20").with_tiers(vec![long("8", "30")]).unwrap();
    base.with_service_tiers(vec![
        of(ServiceTier::Priority, priority),
        of(ServiceTier::Flex, flex),
    ])
    .unwrap()
}

fn quote(cost: RateCard, retail: Option<RateCard>, percentage: u32) -> Quote {
    let model = Model {
        id: ModelId::new("m").unwrap(),
        provider: ProviderId::new("p").unwrap(),
        upstream_id: "m".to_owned(),
        status: ModelStatus::Active,
        context_length: 1_000_000,
        max_output_tokens: 1_000,
        capabilities: vec![].into(),
        aliases: vec![],
        priority: 0,
        weight: Model::USUAL_WEIGHT,
        created_at: Timestamp::default(),
    };
    let version = PriceVersion {
        number: 1,
        effective_from: Timestamp::default(),
        cost,
        retail,
    };
    let rule = PricingRule {
        id: RuleId::from_uuid(Uuid::from_u128(1)),
        pattern: ModelPattern::new("*").unwrap(),
        markup: Markup {
            percentage: BasisPoints(percentage),
            ..Markup::default()
        },
        priority: 0,
        is_active: true,
    };
    Quote::new(&model, &[version], &[rule], Timestamp::from_secs(1)).unwrap()
}

fn usage(input: u64, output: u64) -> Consumption {
    Consumption {
        input,
        output,
        ..Consumption::default()
    }
}

#[test]
fn each_tier_costs_what_its_own_card_says() {
    let quote = quote(card(), None, 1_000);
    let (flex, priority) = (Some(ServiceTier::Flex), Some(ServiceTier::Priority));
    // Units are 10⁻⁹ of a dollar: a token at 1 dollar a million is 1,000 of them. The
    // retail price is a tenth above the cost.
    for (tier, input, output, cost) in [
        (None, 1_000, 100, 3_000_000),
        (flex, 1_000, 100, 1_500_000),
        (priority, 1_000, 100, 6_000_000),
        (None, 200_000, 0, 400_000_000),
        (flex, 200_000, 0, 200_000_000),
        (flex, 200_001, 1_000, 407_502_000),
        (priority, 200_001, 1_000, 1_630_008_000),
        // What has no price is the standard tier.
        (Some(ServiceTier::Scale), 1_000, 100, 3_000_000),
    ] {
        let used = usage(input, output);
        let owed = quote.provider_cost_in(tier, &used).unwrap();
        assert_eq!(owed, Units(cost), "{tier:?} {used:?}");
        let receipt = quote.meter_in(tier, &used).unwrap();
        assert_eq!(receipt.total, Units(cost / 10 * 11), "{tier:?} {used:?}");
    }
    let shown = |tier| quote.shown_price_in(tier, Dimension::Input);
    assert_eq!(shown(None).as_deref(), Some("2.20"));
    assert_eq!(shown(flex).as_deref(), Some("1.10"));
    assert_eq!(shown(Some(ServiceTier::Batch)), None);
}

#[test]
fn the_worst_case_is_that_of_the_dearer_of_the_two() {
    let quote = quote(card(), None, 0);
    let demand = |tier| Demand {
        most_input: 1_000,
        most_output: 100,
        answers: 1,
        tier,
        ..Demand::default()
    };
    let worst = |tier| quote.worst_case(&demand(tier)).unwrap();
    assert_eq!(worst(None), Units(3_000_000));
    assert_eq!(worst(Some(ServiceTier::Flex)), Units(3_000_000));
    assert_eq!(worst(Some(ServiceTier::Priority)), Units(6_000_000));
    // 4,000,000 of the prompt leave 2,000,000 for output at 20,000 a token.
    let most = quote
        .affordable_output(&demand(Some(ServiceTier::Priority)), Units(5_000_000))
        .unwrap();
    assert_eq!(most, Some(50));
}

#[test]
fn a_tier_is_sold_where_its_price_and_its_cost_are_known() {
    let sold = |quote: Quote| quote.tiers_sold().collect::<Vec<_>>();
    let both = [ServiceTier::Flex, ServiceTier::Priority];
    assert_eq!(sold(quote(card(), None, 0)), both);
    assert_eq!(sold(quote(card(), Some(card()), 0)), both);
    // A stated retail price says everything that is sold.
    assert_eq!(sold(quote(card(), Some(plain("3", "12")), 0)), []);
    // What nobody knows the cost of is not sold either.
    assert_eq!(sold(quote(plain("2", "10"), Some(card()), 0)), []);
}

#[test]
fn a_tier_states_all_that_the_base_states() {
    let tier = ServiceTier::Flex;
    let base = || {
        plain("2", "10")
            .with(Dimension::CacheRead, Some(rate("0.2")))
            .with_tiers(vec![
                long("4", "15").with(Dimension::CacheRead, Some(rate("0.4"))),
            ])
            .unwrap()
    };
    let cached = || plain("1", "5").with(Dimension::CacheRead, Some(rate("0.1")));
    let whole = || long("2", "7").with(Dimension::CacheRead, Some(rate("0.2")));
    let same = |card: RateCard| base().with_service_tiers(vec![of(tier, card)]);
    let missing = UnsoundCard::ServiceTierPrice {
        tier,
        dimension: Dimension::CacheRead,
    };
    let bound = UnsoundCard::ServiceTierBound {
        tier,
        above: 200_000,
    };
    let with = |card: RateCard, tiers| card.with_tiers(tiers).unwrap();
    assert_eq!(same(plain("1", "5")), Err(missing));
    assert_eq!(same(cached()), Err(bound));
    assert_eq!(
        same(with(cached(), vec![Tier::new(200_000, true)])),
        Err(bound)
    );
    assert_eq!(same(with(cached(), vec![long("2", "7")])), Err(missing));
    let sound = same(with(cached(), vec![whole()])).unwrap();
    // More than the base states is no harm.
    let more = cached().with(Dimension::Image, Some(rate("0.1")));
    assert!(same(with(more, vec![whole(), Tier::new(300_000, false)])).is_ok());
    let twice = vec![of(tier, plain("1", "5")), of(tier, plain("1", "5"))];
    let twice = plain("2", "10").with_service_tiers(twice);
    assert_eq!(twice, Err(UnsoundCard::ServiceTierTwice(tier)));
    let nested = plain("2", "10").with_service_tiers(vec![of(tier, sound)]);
    assert_eq!(nested, Err(UnsoundCard::ServiceTierKind { tier }));
}

#[test]
fn words_of_providers_are_understood() {
    let unknown = |word: &str| Some(ServedTier::Unknown(word.into()));
    for (word, served) in [
        ("default", Some(ServedTier::Standard)),
        ("standard", Some(ServedTier::Standard)),
        ("STANDARD", Some(ServedTier::Standard)),
        ("flex", Some(ServedTier::Tier(ServiceTier::Flex))),
        ("Priority", Some(ServedTier::Tier(ServiceTier::Priority))),
        ("batch", Some(ServedTier::Tier(ServiceTier::Batch))),
        ("gold", unknown("gold")),
        // These leave it open.
        ("", None),
        ("auto", None),
        ("SERVICE_TIER_UNSPECIFIED", None),
        ("a word that is longer than any name is", None),
    ] {
        assert_eq!(ServedTier::from_word(word), served, "{word}");
    }
    for tier in ServiceTier::ALL {
        assert_eq!(ServiceTier::from_name(tier.name()), Some(tier));
    }
}
