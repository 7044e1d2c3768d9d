//! From what a provider takes to what a customer pays.
//!
//! A model has dated [`PriceVersion`]s; [`PricingRule`]s decide the retail price
//! where none is stated outright. At admission both are frozen into a [`Quote`],
//! which later turns the real consumption into a [`Receipt`] whose lines sum to
//! the charge to the last digit.

mod card;
mod quote;
mod receipt;
mod rule;
mod service;

pub use card::{Dimension, Rate, RateCard, Tier, UnsoundCard};
pub use quote::{Demand, NotPriced, Quote, Retail};
pub use receipt::{Exact, Line, LineKind, Receipt};
pub use rule::{Markup, PricingRule, select_rule};
pub use service::{ServedTier, ServiceTier, TierCard, TierWish};

use crate::time::Timestamp;

/// The prices of one model from some moment on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceVersion {
    /// Counts up from 1 per model.
    pub number: u32,
    /// When it begins to hold.
    pub effective_from: Timestamp,
    /// What the provider takes.
    pub cost: RateCard,
    /// What the customer pays, where the operator states it outright.
    pub retail: Option<RateCard>,
}

impl PriceVersion {
    /// The service tiers that have a retail price, and of which nobody has said what they
    /// cost: they are not sold.
    pub fn unpriced_tiers(&self) -> impl Iterator<Item = ServiceTier> + '_ {
        let stated = self.retail.iter().flat_map(RateCard::service_tiers);
        let stated = stated.map(|one| one.tier);
        stated.filter(|tier| self.cost.of_tier(Some(*tier)).is_none())
    }
}

/// The version that holds at `at`: the one with the latest beginning, and of two
/// with the same beginning the one that was made later.
pub fn version_at(versions: &[PriceVersion], at: Timestamp) -> Option<&PriceVersion> {
    versions
        .iter()
        .filter(|version| version.effective_from <= at)
        .max_by_key(|version| (version.effective_from, version.number))
}

#[cfg(test)]
mod tests;
