//! Prices that are likelier a slip of the pen than a decision.

use std::collections::BTreeSet;

use vuzo_domain::catalog::ModelId;
use vuzo_domain::pricing::{Dimension, PriceVersion, Rate, RateCard, ServiceTier};

/// A price that went up or down by more than half.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jump {
    /// Of which model.
    pub id: ModelId,
    /// Which price, by its name on the wire: `cost.input`.
    pub price: String,
    /// For prompts of more than so many tokens.
    pub above_input_tokens: u64,
    /// What it was.
    pub before: Rate,
    /// What it is to be.
    pub after: Rate,
}

/// Every price that jumps from one version to the next. What a model costs counts, and
/// not how that is written: a price that was not stated is the one that stood in for it.
pub(super) fn jumps_between(id: &ModelId, old: &PriceVersion, new: &PriceVersion) -> Vec<Jump> {
    let mut jumps = of_all_cards(id, "cost", &old.cost, &new.cost);
    if let (Some(before), Some(after)) = (&old.retail, &new.retail) {
        jumps.extend(of_all_cards(id, "pricing", before, after));
    }
    jumps
}

/// Of a card, and of each of its service tiers that both versions have.
fn of_all_cards(id: &ModelId, name: &str, old: &RateCard, new: &RateCard) -> Vec<Jump> {
    let mut jumps = of_cards(id, name, old, new);
    for after in new.service_tiers() {
        if let Some(before) = old.of_tier(Some(after.tier)) {
            let name = tier_name(name, after.tier);
            jumps.extend(of_cards(id, &name, before, &after.card));
        }
    }
    jumps
}

/// The name of a service tier's prices on the wire.
fn tier_name(card: &str, tier: ServiceTier) -> String {
    format!("{card}.service_tiers.{tier}")
}

/// What is odd about the service tiers of a model: those that are no longer sold, and
/// those that never were.
pub(super) fn lost_tiers(old: Option<&PriceVersion>, new: &PriceVersion) -> Vec<String> {
    let known = old.map_or(&[][..], |old| old.cost.service_tiers());
    let gone = known.iter().map(|one| one.tier);
    let gone = gone.filter(|tier| new.cost.of_tier(Some(*tier)).is_none());
    let gone = gone.map(|tier| format!("{} is gone", tier_name("cost", tier)));
    let unpriced = new.unpriced_tiers();
    let unpriced = unpriced.map(|tier| format!("{} has no cost", tier_name("pricing", tier)));
    gone.chain(unpriced).collect()
}

fn of_cards(id: &ModelId, card: &str, old: &RateCard, new: &RateCard) -> Vec<Jump> {
    let stated = Dimension::ALL
        .into_iter()
        .filter(|dimension| is_stated(old, *dimension) || is_stated(new, *dimension));
    let mut jumps = Vec::new();
    for dimension in stated {
        let mut before_this = None;
        for tokens in prompts(&[old, new]) {
            let pair = (old.rate(dimension, tokens), new.rate(dimension, tokens));
            if is_jump(pair.0, pair.1) && before_this != Some(pair) {
                jumps.push(Jump {
                    id: id.clone(),
                    price: format!("{card}.{}", dimension.name()),
                    above_input_tokens: tokens.saturating_sub(1),
                    before: pair.0,
                    after: pair.1,
                });
            }
            before_this = Some(pair);
        }
    }
    jumps
}

fn is_stated(card: &RateCard, dimension: Dimension) -> bool {
    card.stated(dimension).is_some()
        || card
            .tiers()
            .iter()
            .any(|tier| tier.stated(dimension).is_some())
}

/// More than half up, or more than half down.
fn is_jump(before: Rate, after: Rate) -> bool {
    let (before, after) = (u128::from(before.units()), u128::from(after.units()));
    after.saturating_mul(2) > before.saturating_mul(3) || after.saturating_mul(2) < before
}

/// What looks wrong about prices: reading a cache that costs more than not having one,
/// and writing one that costs less than the prompt, or more than twice as much.
pub(super) fn suspicions(version: &PriceVersion) -> Vec<String> {
    let mut found = Vec::new();
    for (name, card) in all_cards(version) {
        for tokens in prompts(&[card]) {
            let odd = of_card(card, tokens).into_iter().flatten();
            found.extend(odd.map(|what| format!("{name}.{what}")));
        }
    }
    let mut told = BTreeSet::new();
    found.retain(|text| told.insert(text.clone()));
    found
}

/// Every card of a version, those of service tiers too, by its name on the wire.
fn all_cards(version: &PriceVersion) -> Vec<(String, &RateCard)> {
    let retail = version.retail.as_ref().map(|card| ("pricing", card));
    let mut cards = Vec::new();
    for (name, card) in [Some(("cost", &version.cost)), retail]
        .into_iter()
        .flatten()
    {
        cards.push((name.to_owned(), card));
        let service = card.service_tiers().iter();
        cards.extend(service.map(|one| (tier_name(name, one.tier), &one.card)));
    }
    cards
}

fn of_card(card: &RateCard, tokens: u64) -> [Option<&'static str>; 3] {
    let rate = |dimension| card.rate(dimension, tokens).units();
    let (input, write) = (rate(Dimension::Input), rate(Dimension::CacheWrite));
    let long = rate(Dimension::CacheWriteLong);
    let is_usual = (input..=input.saturating_mul(2)).contains(&write);
    [
        (rate(Dimension::CacheRead) > input).then_some("cache_read is more than input"),
        (!is_usual).then_some("cache_write is not between 1 and 2 times input"),
        (long < write).then_some("cache_write_1h is less than cache_write"),
    ]
}

/// Lengths of prompts, one for each tier: one token beyond a bound the tier holds,
/// whether or not the bound is part of it.
fn prompts(cards: &[&RateCard]) -> BTreeSet<u64> {
    let tiers = cards.iter().flat_map(|card| card.tiers());
    let beyond = tiers.map(|tier| tier.bound().0.saturating_add(1));
    core::iter::once(0).chain(beyond).collect()
}
