//! The models and prices that a new gateway begins with.
//!
//! The table in `data/` is embedded and loaded into an empty store; from then on the
//! store's catalogue is the operator's. Prices are read as the decimals that are
//! written, never through a float. The simulator's models are the application's to
//! add.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::value::RawValue;
use vuzo_domain::catalog::{Model, ModelId, ModelStatus, ProviderId};
use vuzo_domain::id::RuleId;
use vuzo_domain::money::Currency;
use vuzo_domain::pattern::ModelPattern;
use vuzo_domain::port::{CatalogSnapshot, ModelEntry};
use vuzo_domain::pricing::{Dimension, Markup, PriceVersion, PricingRule, Rate, RateCard, Tier};
use vuzo_domain::time::{Day, Period, Timestamp};

const TABLE: &str = include_str!("../data/starter-catalogue.json");

/// Where a table states the price of what, in US dollars per million tokens.
const COLUMNS: [(&str, Dimension); 7] = [
    ("input_per_mtok_usd", Dimension::Input),
    ("output_per_mtok_usd", Dimension::Output),
    ("reasoning_per_mtok_usd", Dimension::Reasoning),
    ("cache_read_per_mtok_usd", Dimension::CacheRead),
    ("cache_write_per_mtok_usd", Dimension::CacheWrite),
    ("cache_write_long_per_mtok_usd", Dimension::CacheWriteLong),
    ("audio_input_per_mtok_usd", Dimension::AudioInput),
];

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
    let rows: Vec<Row<'_>> = serde_json::from_str(TABLE).context("the starter catalogue")?;
    let ids: BTreeSet<String> = rows
        .iter()
        .map(|row| row.read("id"))
        .collect::<Result<_>>()?;
    let models = rows
        .iter()
        .map(|row| {
            let id: String = row.read("id")?;
            row.entry(since, &ids).with_context(|| id)
        })
        .collect::<Result<_>>()?;
    let at_cost = PricingRule {
        id: AT_COST.parse::<RuleId>()?,
        pattern: ModelPattern::new("*").context("the pattern of all models")?,
        markup: Markup::default(),
        priority: LAST,
        is_active: true,
    };
    Ok(CatalogSnapshot {
        models,
        rules: vec![at_cost],
    })
}

/// One model, or one tier of a model's prices, as it is written.
#[derive(Deserialize)]
struct Row<'a>(#[serde(borrow)] BTreeMap<&'a str, &'a RawValue>);

impl<'a> Row<'a> {
    fn read<T: Deserialize<'a>>(&self, column: &'static str) -> Result<T> {
        let raw = self.0.get(column).map_or("null", |raw| raw.get());
        serde_json::from_str(raw).context(column)
    }

    fn price(&self, column: &'static str) -> Result<Option<Rate>> {
        match self.0.get(column).map(|raw| raw.get()) {
            None | Some("null") => Ok(None),
            Some(decimal) => Rate::parse(decimal, Currency::USD)
                .map(Some)
                .context(column),
        }
    }

    fn entry(&self, since: Timestamp, ids: &BTreeSet<String>) -> Result<ModelEntry> {
        let id: String = self.read("id")?;
        let provider = ProviderId::new(&self.read::<String>("provider")?)?;
        let upstream_id: String = self.read("upstream_id")?;
        let model = Model {
            id: ModelId::new(&id)?,
            aliases: aliases(&upstream_id, ids)?,
            provider,
            upstream_id,
            status: self.status(since)?,
            context_length: self.read("context_window")?,
            max_output_tokens: self.read::<Option<u64>>("max_output_tokens")?.unwrap_or(0),
            capabilities: self.read::<Vec<String>>("capabilities")?.into(),
            created_at: since,
        };
        let version = PriceVersion {
            number: 1,
            effective_from: since,
            cost: self.card()?,
            retail: None,
        };
        Ok(ModelEntry {
            model,
            versions: vec![version],
        })
    }

    /// A model whose day of retirement has come is loaded as retired.
    fn status(&self, since: Timestamp) -> Result<ModelStatus> {
        let name: String = self.read("status")?;
        let status = ModelStatus::from_name(&name).context("an unknown status")?;
        let retires_on: Option<String> = self.read("retires_on")?;
        let day = retires_on
            .map(|day| Day::parse(&day).context("retires_on is no day"))
            .transpose()?;
        Ok(match day {
            Some(day) if day <= since.day() => ModelStatus::Retired,
            _ => status,
        })
    }

    fn card(&self) -> Result<RateCard> {
        let input = self
            .price("input_per_mtok_usd")?
            .context("no input price")?;
        let output = self
            .price("output_per_mtok_usd")?
            .context("no output price")?;
        let mut card = RateCard::new(Currency::USD, input, output);
        for (column, dimension) in COLUMNS {
            card = card.with(dimension, self.price(column)?);
        }
        let tiers: Vec<Row<'a>> = self.read("tiers")?;
        let tiers = tiers.iter().map(Row::tier).collect::<Result<_>>()?;
        Ok(card.with_tiers(tiers)?)
    }

    fn tier(&self) -> Result<Tier> {
        let mut tier = Tier::new(self.read("above_input_tokens")?, self.read("inclusive")?);
        for (column, dimension) in COLUMNS {
            tier = tier.with(dimension, self.price(column)?);
        }
        Ok(tier)
    }
}

/// Customers may use the provider's own name of a model too, where it is not the
/// public name of this or another one.
fn aliases(upstream_id: &str, ids: &BTreeSet<String>) -> Result<Vec<ModelId>> {
    if ids.contains(upstream_id) {
        return Ok(Vec::new());
    }
    Ok(vec![ModelId::new(upstream_id)?])
}

#[cfg(test)]
mod tests;
