//! The list prices that operators begin with, as quotes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::value::RawValue;
use uuid::Uuid;
use vuzo_domain::catalog::{Model, ModelId, ModelStatus, ProviderId};
use vuzo_domain::id::RuleId;
use vuzo_domain::money::Currency;
use vuzo_domain::pattern::ModelPattern;
use vuzo_domain::pricing::{
    Dimension, Markup, PriceVersion, PricingRule, Quote, Rate, RateCard, ServiceTier, Tier,
    TierCard,
};
use vuzo_domain::time::Timestamp;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

/// Members by name, each as it is written: no float is made of a price.
type Members = BTreeMap<String, Box<RawValue>>;

/// The catalogue that comes with the program.
pub(crate) struct Catalogue(Vec<Members>);

const PRICES: [(Dimension, &str); 7] = [
    (Dimension::Input, "input_per_mtok_usd"),
    (Dimension::Output, "output_per_mtok_usd"),
    (Dimension::Reasoning, "reasoning_per_mtok_usd"),
    (Dimension::CacheRead, "cache_read_per_mtok_usd"),
    (Dimension::CacheWrite, "cache_write_per_mtok_usd"),
    (Dimension::CacheWriteLong, "cache_write_long_per_mtok_usd"),
    (Dimension::AudioInput, "audio_input_per_mtok_usd"),
];

impl Catalogue {
    pub(crate) fn read() -> Self {
        let path = "../../gateway/data/starter-catalogue.json";
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let text = fs::read_to_string(path).expect("the catalogue");
        Self(serde_json::from_str(&text).expect("rows"))
    }

    /// The price of a model under a rule.
    pub(crate) fn quote(&self, name: &str, markup: Markup) -> Quote {
        let quoted = format!("{name:?}");
        let row = self
            .0
            .iter()
            .find(|row| row.get("id").is_some_and(|id| id.get() == quoted))
            .unwrap_or_else(|| panic!("no model {name}"));
        let version = PriceVersion {
            number: 1,
            effective_from: NOW,
            cost: with_service_tiers(card(row)),
            retail: None,
        };
        let rule = PricingRule {
            id: RuleId::from_uuid(Uuid::from_u128(1)),
            pattern: ModelPattern::new("*").expect("a pattern"),
            markup,
            priority: 0,
            is_active: true,
        };
        Quote::new(&model(name), &[version], &[rule], NOW).expect("a quote")
    }
}

fn model(name: &str) -> Model {
    Model {
        id: ModelId::new(name).expect("a name"),
        provider: ProviderId::new("played").expect("a name"),
        upstream_id: name.to_owned(),
        status: ModelStatus::Active,
        context_length: 1_000_000,
        max_output_tokens: 100_000,
        capabilities: Vec::new().into(),
        aliases: Vec::new(),
        priority: 0,
        weight: 1,
        created_at: NOW,
    }
}

fn price(row: &Members, field: &str) -> Option<Rate> {
    let text = row.get(field)?.get();
    (text != "null").then(|| Rate::parse(text, Currency::USD).expect("a price"))
}

fn card(row: &Members) -> RateCard {
    let stated = |field| price(row, field).expect("a price");
    let [(_, input), (_, output), ..] = PRICES;
    let card = RateCard::new(Currency::USD, stated(input), stated(output));
    let card = PRICES.iter().fold(card, |card, (dimension, field)| {
        card.with(*dimension, price(row, field))
    });
    let tiers = row.get("tiers").expect("tiers").get();
    let tiers: Vec<Members> = serde_json::from_str(tiers).expect("tiers");
    card.with_tiers(tiers.iter().map(tier).collect())
        .expect("rising tiers")
}

/// The list has no prices of service tiers. These are what vendors say of them: flex is
/// half the price, and priority is twice as dear here.
fn with_service_tiers(card: RateCard) -> RateCard {
    let tiers = vec![
        TierCard {
            tier: ServiceTier::Flex,
            card: scaled(&card, 1, 2),
        },
        TierCard {
            tier: ServiceTier::Priority,
            card: scaled(&card, 2, 1),
        },
    ];
    card.with_service_tiers(tiers).expect("whole cards")
}

fn scaled(card: &RateCard, times: u64, by: u64) -> RateCard {
    let part = |rate: Rate| {
        let units = rate.units() * times;
        assert_eq!(units % by, 0, "a price that can be halved");
        Rate::from_units(units / by).expect("a price")
    };
    let price = |dimension| card.stated(dimension).map(part);
    let base = |dimension| price(dimension).expect("a price");
    let plain = RateCard::new(
        card.currency(),
        base(Dimension::Input),
        base(Dimension::Output),
    );
    let tiers = card.tiers().iter().map(|tier| {
        let (above, inclusive) = tier.bound();
        let all = Dimension::ALL.into_iter();
        all.fold(Tier::new(above, inclusive), |scaled, dimension| {
            scaled.with(dimension, tier.stated(dimension).map(part))
        })
    });
    let all = Dimension::ALL.into_iter();
    all.fold(plain, |plain, dimension| {
        plain.with(dimension, price(dimension))
    })
    .with_tiers(tiers.collect())
    .expect("rising tiers")
}

fn tier(row: &Members) -> Tier {
    let above = row.get("above_input_tokens").expect("a bound").get();
    let inclusive = row.get("inclusive").expect("a side").get() == "true";
    let tier = Tier::new(above.parse().expect("a number"), inclusive);
    PRICES.iter().fold(tier, |tier, (dimension, field)| {
        tier.with(*dimension, price(row, field))
    })
}
