use super::*;
use crate::catalog::{Model, ModelId, ModelStatus, ProviderId};
use crate::id::RuleId;
use crate::money::{BasisPoints, Currency, Money, Units};
use crate::pattern::ModelPattern;
use crate::usage::Consumption;
use uuid::Uuid;

fn rate(text: &str) -> Rate {
    Rate::parse(text, Currency::USD).unwrap()
}

fn micro(text: &str) -> Units {
    let thousandth = Money::parse(text, Currency::USD).unwrap().units;
    assert_eq!(thousandth.0 % 1_000_000, 0);
    Units(thousandth.0 / 1_000_000)
}

fn model() -> Model {
    Model {
        id: ModelId::new("m").unwrap(),
        provider: ProviderId::new("openai").unwrap(),
        upstream_id: "m".to_owned(),
        status: ModelStatus::Active,
        context_length: 1_000_000,
        max_output_tokens: 100_000,
        capabilities: vec![].into(),
        aliases: vec![],
        priority: 0,
        weight: Model::USUAL_WEIGHT,
        created_at: Timestamp::default(),
    }
}

fn rule(pattern: &str, priority: i32, markup: Markup, id: u128) -> PricingRule {
    PricingRule {
        id: RuleId::from_uuid(Uuid::from_u128(id)),
        pattern: ModelPattern::new(pattern).unwrap(),
        markup,
        priority,
        is_active: true,
    }
}

fn quote(card: RateCard, markup: Markup) -> Quote {
    let version = PriceVersion {
        number: 1,
        effective_from: Timestamp::default(),
        cost: card,
        retail: None,
    };
    Quote::new(
        &model(),
        &[version],
        &[rule("*", 0, markup, 1)],
        Timestamp::from_secs(1),
    )
    .unwrap()
}

fn check(card: RateCard, consumed: Consumption, expected_micro_usd: &str) {
    let quote = quote(card, Markup::default());
    let receipt = quote.meter(&consumed).unwrap();
    assert_eq!(receipt.total, micro(expected_micro_usd));
    assert_eq!(quote.provider_cost(&consumed).unwrap(), receipt.total);
    let sum = receipt
        .lines
        .iter()
        .fold(Exact::default(), |sum, line| sum.plus(line.cost).unwrap());
    assert_eq!(
        sum,
        Exact::from_units(receipt.total),
        "lines sum to the charge"
    );
}

#[test]
fn the_published_worked_examples_come_out_exactly() {
    check(
        RateCard::new(Currency::USD, rate("0.15"), rate("0.60"))
            .with(Dimension::CacheRead, Some(rate("0.075"))),
        Consumption {
            input: 600,
            cache_read: 400,
            output: 500,
            ..Consumption::default()
        },
        "420",
    );
    check(
        RateCard::new(Currency::USD, rate("3"), rate("15"))
            .with(Dimension::CacheRead, Some(rate("0.3")))
            .with(Dimension::CacheWrite, Some(rate("3.75"))),
        Consumption {
            input: 100,
            cache_write: 2_000,
            cache_read: 10_000,
            output: 300,
            ..Consumption::default()
        },
        "15300",
    );
    check(
        RateCard::new(Currency::USD, rate("0.3"), rate("0.5"))
            .with(Dimension::CacheRead, Some(rate("0.075"))),
        Consumption {
            input: 1,
            cache_read: 306,
            output: 26,
            reasoning: 227,
            ..Consumption::default()
        },
        "149.75",
    );
}

#[test]
fn tiers_begin_on_the_documented_side() {
    let gemini = RateCard::new(Currency::USD, rate("1.25"), rate("10"))
        .with_tiers(vec![
            Tier::new(200_000, false)
                .with(Dimension::Input, Some(rate("2.5")))
                .with(Dimension::Output, Some(rate("15"))),
        ])
        .unwrap();
    let usage = |input| Consumption {
        input,
        output: 900,
        reasoning: 100,
        ..Consumption::default()
    };
    check(gemini.clone(), usage(200_000), "260000");
    check(gemini, usage(200_001), "515002.5");
    let grok = RateCard::new(Currency::USD, rate("2"), rate("6"))
        .with_tiers(vec![
            Tier::new(200_000, true).with(Dimension::Input, Some(rate("4"))),
        ])
        .unwrap();
    check(
        grok.clone(),
        Consumption {
            input: 200_000,
            ..Consumption::default()
        },
        "800000",
    );
    check(
        grok,
        Consumption {
            input: 199_999,
            ..Consumption::default()
        },
        "399998",
    );
}

#[test]
fn fees_minimum_and_one_rounding() {
    let card = RateCard::new(Currency::USD, rate("0.0005"), rate("0.001"));
    let one_token = Consumption {
        input: 1,
        ..Consumption::default()
    };
    // Half of the smallest unit is still charged: never free.
    assert_eq!(
        quote(card.clone(), Markup::default())
            .meter(&one_token)
            .unwrap()
            .total,
        Units(1)
    );
    let markup = Markup {
        percentage: BasisPoints(5_000),
        fixed_fee: Units(100),
        minimum: Units(0),
    };
    let receipt = quote(card.clone(), markup)
        .meter(&Consumption {
            input: 1_000_000,
            ..one_token
        })
        .unwrap();
    assert_eq!(receipt.total, Units(750_000 + 100));
    let markup = Markup {
        minimum: Units(5_000),
        ..Markup::default()
    };
    let receipt = quote(card, markup).meter(&one_token).unwrap();
    assert_eq!(receipt.total, Units(5_000));
    assert!(
        receipt
            .lines
            .iter()
            .any(|line| line.kind == LineKind::Minimum)
    );
}

#[test]
fn the_worst_case_covers_whatever_comes() {
    let card = RateCard::new(Currency::USD, rate("3"), rate("15"))
        .with(Dimension::CacheWrite, Some(rate("3.75")))
        .with(Dimension::Request, Some(rate("0.01")));
    let quote = quote(
        card,
        Markup {
            percentage: BasisPoints(1_000),
            ..Markup::default()
        },
    );
    let demand = Demand {
        most_input: 1_000,
        most_output: 500,
        answers: 2,
        ..Demand::default()
    };
    let worst = quote.worst_case(&demand).unwrap();
    for consumed in [
        Consumption {
            input: 1_000,
            output: 1_000,
            ..Consumption::default()
        },
        Consumption {
            cache_write: 1_000,
            reasoning: 1_000,
            ..Consumption::default()
        },
        Consumption {
            cache_read: 1_000,
            ..Consumption::default()
        },
    ] {
        assert!(quote.meter(&consumed).unwrap().total <= worst);
    }
    let affordable = quote
        .affordable_output(&demand, Units(worst.0 - 1))
        .unwrap()
        .unwrap();
    assert_eq!(affordable, 499);
    assert_eq!(quote.affordable_output(&demand, Units(1)).unwrap(), None);
}

#[test]
fn the_highest_priority_wins_then_the_longer_pattern() {
    let rules = [
        rule("*", 0, Markup::default(), 1),
        rule("openai/*", 5, Markup::default(), 2),
        rule("m*", 5, Markup::default(), 3),
        PricingRule {
            is_active: false,
            ..rule("m", 99, Markup::default(), 4)
        },
    ];
    let chosen = select_rule(&rules, &["m", "openai/m"]).unwrap();
    assert_eq!(chosen.id, rules[1].id);
    assert!(select_rule(&rules[3..], &["m"]).is_none());
}

#[test]
fn a_model_without_price_or_rule_is_refused() {
    let version = PriceVersion {
        number: 1,
        effective_from: Timestamp::from_secs(10),
        cost: RateCard::new(Currency::USD, rate("1"), rate("1")),
        retail: None,
    };
    let all = [rule("*", 0, Markup::default(), 1)];
    let at = |secs, rules: &[PricingRule]| {
        Quote::new(
            &model(),
            core::slice::from_ref(&version),
            rules,
            Timestamp::from_secs(secs),
        )
        .map(|quote| quote.version)
    };
    assert_eq!(at(9, &all), Err(NotPriced), "not yet in force");
    assert_eq!(at(10, &[]), Err(NotPriced), "no rule");
    assert_eq!(at(10, &all), Ok(1));
}

#[test]
fn absurd_counts_are_an_error_not_a_panic() {
    let quote = quote(
        RateCard::new(Currency::USD, Rate::MAX, Rate::MAX),
        Markup::default(),
    );
    let absurd = Consumption {
        input: u64::MAX,
        output: u64::MAX,
        ..Consumption::default()
    };
    assert!(quote.meter(&absurd).is_err());
    assert!(
        quote
            .worst_case(&Demand {
                most_input: u64::MAX,
                most_output: u64::MAX,
                answers: 9,
                ..Demand::default()
            })
            .is_err()
    );
}

#[test]
fn an_answer_given_again_costs_its_share() {
    // What the call cost, the share, and what is charged, in units.
    for (cost, percent, total) in [
        (0, 100, 0),
        (1_000, 0, 0),
        (1_000, 100, 1_000),
        (1_000, 20, 200),
        (1_001, 50, 501),
        (1, 1, 1),
        (999_999_999, 33, 330_000_000),
    ] {
        let receipt = Receipt::of_cache_hit(Currency::USD, Units(cost), percent).unwrap();
        assert_eq!(receipt.total, Units(total), "{cost} {percent}");
        assert_eq!(receipt.lines.is_empty(), total == 0, "{cost} {percent}");
        let sum = receipt
            .lines
            .iter()
            .try_fold(Exact::default(), |sum, line| sum.plus(line.cost));
        assert_eq!(sum.unwrap(), Exact::from_units(receipt.total));
        if let Some(line) = receipt.lines.first() {
            assert_eq!(line.kind, LineKind::CacheHit);
            assert_eq!(
                (line.quantity, line.unit_price.units(), line.per),
                (u64::from(percent), u64::try_from(cost).unwrap(), 100)
            );
        }
    }
    assert!(Receipt::of_cache_hit(Currency::USD, Units(-1), 50).is_err());
    assert!(Receipt::of_cache_hit(Currency::USD, Units::MAX, 50).is_err());
}
