//! The models and prices that a new gateway begins with.
//!
//! The table in `data/` is embedded and loaded into an empty store; from then on the
//! store's catalogue is the operator's. It is read as an import of the operator's is. The
//! simulator's models are the application's to add.

use anyhow::{Context as _, Result};
use vuzo_application::operator::ImportedModel;
use vuzo_domain::id::RuleId;
use vuzo_domain::pattern::ModelPattern;
use vuzo_domain::port::{CatalogSnapshot, ModelEntry};
use vuzo_domain::pricing::{Markup, PriceVersion, PricingRule};
use vuzo_domain::time::{Period, Timestamp};
use vuzo_http::read_models;

const TABLE: &str = include_str!("../data/starter-catalogue.json");

/// The rule that sells at cost. It has the same id everywhere, so that instances that
/// start at once do not make two of it.
const AT_COST: &str = "rul_00000000000080008000000000000001";
/// Its priority: whatever rule the operator makes comes before it.
const LAST: i32 = -1_000;

/// The starter catalogue as of `now`, with one rule that sells at cost.
///
/// Prices hold from the beginning of the current day, so that the clocks of two
/// instances need not agree on which of them came first.
pub(crate) fn starter(now: Timestamp) -> Result<CatalogSnapshot> {
    let since = now.start_of(Period::Day);
    let models = read_models(TABLE.as_bytes(), since).context("the starter catalogue")?;
    let at_cost = PricingRule {
        id: AT_COST.parse::<RuleId>()?,
        pattern: ModelPattern::new("*").context("the pattern of all models")?,
        markup: Markup::default(),
        priority: LAST,
        is_active: true,
    };
    Ok(CatalogSnapshot {
        models: models.into_iter().map(first_version).collect(),
        rules: vec![at_cost],
    })
}

/// A model of the store of which this program knows more than the program that loaded it.
#[derive(Debug)]
pub(crate) struct Outdated {
    /// The model with its prices, as it is.
    pub(crate) entry: ModelEntry,
    /// The words of capabilities that it lacks.
    pub(crate) words: Vec<String>,
}

/// The models of a store that lack words of capabilities which the starter catalogue has
/// for them today. Words that the operator added are nobody's to judge, and prices are
/// not looked at. A model that now goes somewhere else is the operator's own.
pub(crate) fn outdated(stored: Vec<ModelEntry>, starter: &CatalogSnapshot) -> Vec<Outdated> {
    let lacking = |entry: ModelEntry| {
        let model = &entry.model;
        let known = starter.models.iter().map(|known| &known.model);
        let mut same = known.filter(|known| {
            known.id == model.id
                && known.provider == model.provider
                && known.upstream_id == model.upstream_id
        });
        let known = same.next().filter(|_| !entry.versions.is_empty())?;
        let words = known.capabilities.iter().filter(|word| !model.can(word));
        let words: Vec<String> = words.cloned().collect();
        (!words.is_empty()).then_some(Outdated { entry, words })
    };
    stored.into_iter().filter_map(lacking).collect()
}

fn first_version(imported: ImportedModel) -> ModelEntry {
    ModelEntry {
        model: imported.model,
        versions: vec![PriceVersion {
            number: 1,
            ..imported.version
        }],
    }
}

#[cfg(test)]
mod tests;
