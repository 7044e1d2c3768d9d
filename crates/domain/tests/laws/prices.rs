//! Price arithmetic: whatever is metered comes out exact to the unit, and whatever is
//! thrown at it, nothing panics.

use proptest::option;
use proptest::prelude::*;
use uuid::Uuid;
use vuzo_domain::catalog::{Model, ModelId, ModelStatus, ProviderId};
use vuzo_domain::id::RuleId;
use vuzo_domain::money::{BasisPoints, Currency, Units};
use vuzo_domain::pattern::ModelPattern;
use vuzo_domain::pricing::{
    Demand, Dimension, Exact, Markup, PriceVersion, PricingRule, Quote, Rate, RateCard, Receipt,
    ServiceTier, Tier, TierCard,
};
use vuzo_domain::time::Timestamp;
use vuzo_domain::usage::Consumption;

const CASES: u32 = 4_000;

/// Units, times what a rate and a markup divide by: the scale of the comparison.
const SCALE: i128 = 10_i128.pow(10);

/// Prices up to `most` units, many of them odd, small or nothing.
fn rate(most: u64) -> impl Strategy<Value = Rate> {
    let units = prop_oneof![
        1 => Just(0),
        2 => 1..=100_u64,
        4 => 1_000_000..=100_000_000_u64,
        2 => 0..=most,
    ];
    units.prop_map(move |units| Rate::from_units(units.min(most)).unwrap())
}

fn rates(most: u64) -> impl Strategy<Value = Vec<Option<Rate>>> {
    proptest::collection::vec(option::of(rate(most)), Dimension::ALL.len())
}

fn card(most: u64) -> impl Strategy<Value = RateCard> {
    let bounds = proptest::collection::btree_set(0..=400_u64, 0..=3);
    let tiers = bounds.prop_flat_map(move |bounds| {
        let tiers = bounds.into_iter().map(move |bound| {
            (rates(most), any::<bool>()).prop_map(move |(rates, inclusive)| {
                let tier = Tier::new(bound, inclusive);
                let priced = Dimension::ALL.into_iter().zip(rates);
                priced.fold(tier, |tier, (dimension, rate)| tier.with(dimension, rate))
            })
        });
        tiers.collect::<Vec<_>>()
    });
    (rate(most), rate(most), rates(most), tiers).prop_map(|(input, output, rates, tiers)| {
        let card = RateCard::new(Currency::USD, input, output);
        let priced = Dimension::ALL.into_iter().zip(rates);
        priced
            .fold(card, |card, (dimension, rate)| card.with(dimension, rate))
            .with_tiers(tiers)
            .unwrap()
    })
}

/// The same prices times `by`, so that everything that is stated stays stated.
fn scaled(card: &RateCard, by: u64) -> RateCard {
    let times = |rate: Option<Rate>| rate.and_then(|rate| Rate::from_units(rate.units() * by));
    let price = |dimension| times(card.stated(dimension));
    let plain = RateCard::new(
        card.currency(),
        price(Dimension::Input).unwrap(),
        price(Dimension::Output).unwrap(),
    );
    let tiers = card.tiers().iter().map(|tier| {
        let (bound, inclusive) = tier.bound();
        let all = Dimension::ALL.into_iter();
        all.fold(Tier::new(bound, inclusive), |scaled, dimension| {
            scaled.with(dimension, times(tier.stated(dimension)))
        })
    });
    Dimension::ALL
        .into_iter()
        .fold(plain, |plain, dimension| {
            plain.with(dimension, price(dimension))
        })
        .with_tiers(tiers.collect())
        .unwrap()
}

/// A card that is sold dearer, and one that is sold for nothing, as service tiers.
fn card_with_tiers(most: u64) -> impl Strategy<Value = RateCard> {
    (card(most), 0..=3_u64, 0..=3_u64).prop_map(|(card, flex, priority)| {
        let tiers = [(ServiceTier::Flex, flex), (ServiceTier::Priority, priority)];
        let tiers = tiers.map(|(tier, by)| TierCard {
            tier,
            card: scaled(&card, by),
        });
        card.with_service_tiers(tiers.to_vec()).unwrap()
    })
}

fn tier() -> impl Strategy<Value = Option<ServiceTier>> {
    proptest::sample::select(vec![
        None,
        Some(ServiceTier::Flex),
        Some(ServiceTier::Priority),
    ])
}

fn markup(most_points: u32, most_fee: i64) -> impl Strategy<Value = Markup> {
    let fee = prop_oneof![3 => Just(0), 1 => 0..=most_fee];
    let minimum = prop_oneof![3 => Just(0), 1 => 0..=most_fee];
    let points = prop_oneof![1 => Just(0), 2 => 0..=10_000_u32, 1 => 0..=most_points];
    (points, fee, minimum).prop_map(|(points, fee, minimum)| Markup {
        percentage: BasisPoints(points),
        fixed_fee: Units(fee),
        minimum: Units(minimum),
    })
}

fn quote(card: RateCard, markup: Markup) -> Quote {
    let model = Model {
        id: ModelId::new("m").unwrap(),
        provider: ProviderId::new("p").unwrap(),
        upstream_id: "m".to_owned(),
        status: ModelStatus::Active,
        context_length: 1_000,
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
        cost: card,
        retail: None,
    };
    let rule = PricingRule {
        id: RuleId::from_uuid(Uuid::from_u128(1)),
        pattern: ModelPattern::new("*").unwrap(),
        markup,
        priority: 0,
        is_active: true,
    };
    Quote::new(&model, &[version], &[rule], Timestamp::from_secs(1)).unwrap()
}

fn consumption(most: u64) -> impl Strategy<Value = Consumption> {
    let tokens = move || prop_oneof![1 => Just(0), 2 => 0..=200_u64, 2 => 0..=most];
    let counts = (
        (tokens(), tokens(), tokens(), tokens()),
        (tokens(), tokens(), tokens(), 0..=most.min(10_000)),
    );
    counts.prop_map(
        |((input, read, write, long), (audio, output, reasoning, images))| Consumption {
            input,
            cache_read: read,
            cache_write: write,
            cache_write_long: long,
            audio_input: audio,
            output,
            reasoning,
            images,
        },
    )
}

fn quantity(consumed: &Consumption, dimension: Dimension) -> u64 {
    match dimension {
        Dimension::Input => consumed.input,
        Dimension::CacheRead => consumed.cache_read,
        Dimension::CacheWrite => consumed.cache_write,
        Dimension::CacheWriteLong => consumed.cache_write_long,
        Dimension::AudioInput => consumed.audio_input,
        Dimension::Output => consumed.output,
        Dimension::Reasoning => consumed.reasoning,
        Dimension::Image => consumed.images,
        Dimension::Request => 1,
    }
}

/// The exact cost in units times [`SCALE`], by nothing but multiplication.
fn exact(card: &RateCard, consumed: &Consumption, points: u32) -> i128 {
    let prompt = consumed.prompt_tokens();
    let costs = Dimension::ALL.into_iter().map(|dimension| {
        let count = i128::from(quantity(consumed, dimension));
        let price = i128::from(card.rate(dimension, prompt).units());
        let share = SCALE / i128::from(dimension.per()) / 10_000;
        count * price * share * (10_000 + i128::from(points))
    });
    costs.sum()
}

fn sum_of_lines(receipt: &Receipt) -> Exact {
    let lines = receipt.lines.iter();
    lines.fold(Exact::default(), |sum, line| sum.plus(line.cost).unwrap())
}

/// Splits a total into `shares` by their weights, never more than the total.
fn split(total: u64, weights: [u8; 5]) -> [u64; 5] {
    let all: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
    weights.map(|weight| total * u64::from(weight) / all.max(1))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    /// The charge is the exact cost, rounded up to the next unit and not further; the
    /// lines of the receipt sum to it to the last digit.
    #[test]
    fn a_charge_is_the_exact_cost_rounded_up(
        card in card(1_000_000_000_000),
        markup in markup(100_000, 10_000_000_000),
        consumed in consumption(1_000_000_000),
    ) {
        let quote = quote(card.clone(), markup);
        let receipt = quote.meter(&consumed).unwrap();
        let cost = exact(&card, &consumed, markup.percentage.0);
        let fee = i128::from(markup.fixed_fee.0) * SCALE;
        let due = (cost + fee).max(i128::from(markup.minimum.0) * SCALE);
        let excess = i128::from(receipt.total.0) * SCALE - due;
        prop_assert!((0..SCALE).contains(&excess), "{excess} of {SCALE} too much");
        prop_assert_eq!(sum_of_lines(&receipt), Exact::from_units(receipt.total));

        let owed = quote.provider_cost(&consumed).unwrap();
        let excess = i128::from(owed.0) * SCALE - exact(&card, &consumed, 0);
        prop_assert!((0..SCALE).contains(&excess), "{excess} of {SCALE} too much");
    }

    /// A charge in a service tier is the exact cost by the card of that tier, and nothing
    /// of the standard one is in it.
    #[test]
    fn a_charge_in_a_tier_is_the_exact_cost_by_its_card(
        card in card_with_tiers(1_000_000_000_000),
        tier in tier(),
        markup in markup(100_000, 0),
        consumed in consumption(1_000_000_000),
    ) {
        let quote = quote(card.clone(), markup);
        let own = card.of_tier(tier).unwrap();
        let receipt = quote.meter_in(tier, &consumed).unwrap();
        let due = exact(own, &consumed, markup.percentage.0);
        let excess = i128::from(receipt.total.0) * SCALE - due;
        prop_assert!((0..SCALE).contains(&excess), "{excess} of {SCALE} too much");
        prop_assert_eq!(sum_of_lines(&receipt), Exact::from_units(receipt.total));
        let owed = quote.provider_cost_in(tier, &consumed).unwrap();
        let excess = i128::from(owed.0) * SCALE - exact(own, &consumed, 0);
        prop_assert!((0..SCALE).contains(&excess), "{excess} of {SCALE} too much");
    }

    /// No call within its demand costs more than the worst case, whether the tier that was
    /// asked for is served or the standard one.
    #[test]
    fn nothing_within_the_demand_exceeds_the_worst_case(
        card in card_with_tiers(1_000_000_000),
        tier in tier(),
        gets_tier in any::<bool>(),
        markup in markup(50_000, 1_000_000),
        demand in (0..=1_000_u64, 0..=1_000_u64, 1..=4_u32, 0..=5_u64),
        (has_audio, long_cache) in any::<(bool, bool)>(),
        prompt in 0..=100_u64,
        prompt_weights in any::<[u8; 5]>(),
        completion in (0..=100_u64, 0..=100_u64, 0..=100_u64),
    ) {
        let (most_input, most_output, answers, images) = demand;
        let demand = Demand { most_input, most_output, answers, images, has_audio, long_cache, tier };
        let [input, cache_read, cache_write, long, audio] =
            split(most_input * prompt / 100, prompt_weights);
        let (used, reasoned, shown) = completion;
        let output = most_output * u64::from(answers) * used / 100;
        let consumed = Consumption {
            input,
            cache_read,
            cache_write,
            cache_write_long: if long_cache { long } else { 0 },
            audio_input: if has_audio { audio } else { 0 },
            output: output - output * reasoned / 100,
            reasoning: output * reasoned / 100,
            images: images * shown / 100,
        };
        let quote = quote(card, markup);
        let worst = quote.worst_case(&demand).unwrap();
        let served = tier.filter(|_| gets_tier);
        let charge = quote.meter_in(served, &consumed).unwrap().total;
        prop_assert!(charge <= worst, "{charge:?} is more than {worst:?}");
    }

    /// The clamped limit fits, and one token more would not.
    #[test]
    fn the_affordable_output_is_the_largest_that_fits(
        card in card(1_000_000_000),
        markup in markup(50_000, 1_000_000),
        (most_input, most_output) in (0..=1_000_u64, 0..=100_000_u64),
        answers in 1..=4_u32,
        available in 0..=100_000_000_i64,
    ) {
        let quote = quote(card, markup);
        let demand = Demand { most_input, most_output, answers, ..Demand::default() };
        let with = |most_output| {
            quote.worst_case(&Demand { most_output, ..demand }).unwrap().0
        };
        match quote.affordable_output(&demand, Units(available)).unwrap() {
            Some(limit) => {
                prop_assert!(limit <= most_output && with(limit) <= available);
                prop_assert!(limit == most_output || with(limit + 1) > available);
            }
            None => prop_assert!(with(0) > available),
        }
    }

    /// Any numbers at all: an answer that adds up, or a refusal, and never a panic.
    #[test]
    fn arbitrary_numbers_never_panic(
        card in card(Rate::MAX.units()),
        markup in markup(u32::MAX, i64::MAX),
        counts in any::<[u64; 8]>(),
        smaller in 0..=63_u32,
        demand in any::<(u64, u64, u32, u64, bool, bool)>(),
        available in any::<i64>(),
    ) {
        let quote = quote(card, markup);
        let [input, read, write, long, audio, output, reasoning, images] =
            counts.map(|count| count >> smaller);
        let consumed = Consumption {
            input,
            cache_read: read,
            cache_write: write,
            cache_write_long: long,
            audio_input: audio,
            output,
            reasoning,
            images,
        };
        if let Ok(receipt) = quote.meter(&consumed) {
            prop_assert!(receipt.total >= Units::ZERO);
            prop_assert_eq!(sum_of_lines(&receipt), Exact::from_units(receipt.total));
        }
        if let Ok(owed) = quote.provider_cost(&consumed) {
            prop_assert!(owed >= Units::ZERO);
        }
        let (most_input, most_output, answers, images, has_audio, long_cache) = demand;
        let demand = Demand {
            most_input: most_input >> smaller,
            most_output: most_output >> smaller,
            answers,
            images: images >> smaller,
            has_audio,
            long_cache,
            tier: None,
        };
        let worst = quote.worst_case(&demand);
        if let (Ok(worst), Ok(Some(limit))) =
            (worst, quote.affordable_output(&demand, Units(available)))
        {
            prop_assert!(limit <= demand.most_output);
            prop_assert!(limit == demand.most_output || worst.0 > available);
        }
    }
}
