//! The starter catalogue's way to write a model down: one flat row, prices in US dollars
//! per million tokens.

use std::collections::BTreeSet;

use vuzo_application::operator::{ImportedModel, Stated};
use vuzo_domain::catalog::{Model, ModelId, ModelStatus};
use vuzo_domain::money::Currency;
use vuzo_domain::pricing::{Dimension, PriceVersion, Rate, RateCard, Tier};
use vuzo_domain::time::{Day, Timestamp};

use super::model_write::{aliases, model_id, moment, provider, required_count, status, weight};
use crate::error::{Fault, rules};
use crate::fields::Fields;

/// The column that only such a row has.
pub(super) const MARK: &str = "context_window";

/// Where a row states the price of what.
const COLUMNS: [(&str, Dimension); 9] = [
    ("input_per_mtok_usd", Dimension::Input),
    ("output_per_mtok_usd", Dimension::Output),
    ("reasoning_per_mtok_usd", Dimension::Reasoning),
    ("cache_read_per_mtok_usd", Dimension::CacheRead),
    ("cache_write_per_mtok_usd", Dimension::CacheWrite),
    ("cache_write_long_per_mtok_usd", Dimension::CacheWriteLong),
    ("audio_input_per_mtok_usd", Dimension::AudioInput),
    ("image_usd", Dimension::Image),
    ("request_usd", Dimension::Request),
];

/// Reads a row. Customers may use the provider's own name of a model too, where it is
/// not the public name of this or another one.
pub(super) fn row(
    mut fields: Fields<'_>,
    ids: &BTreeSet<String>,
    now: Timestamp,
) -> Result<ImportedModel, Fault> {
    let id = model_id(&mut fields, "id")?.ok_or_else(|| fields.missing("id"))?;
    let provider = provider(&mut fields)?.ok_or_else(|| fields.missing("provider"))?;
    let upstream_id = fields.required_text("upstream_id")?;
    let own_name = ModelId::new(&upstream_id).ok();
    let own_name = own_name.filter(|name| !ids.contains(name.as_str()));
    let aliases = aliases(&mut fields)?;
    let (priority, weight) = (fields.integer("priority")?, weight(&mut fields)?);
    let stated = Stated {
        aliases: aliases.is_some(),
        priority: priority.is_some(),
        weight: weight.is_some(),
        retail: false,
    };
    let model = Model {
        aliases: aliases.unwrap_or_else(|| own_name.into_iter().collect()),
        priority: priority.unwrap_or_default(),
        weight: weight.unwrap_or(Model::USUAL_WEIGHT),
        status: life(&mut fields, now)?,
        context_length: required_count(&mut fields, MARK)?,
        max_output_tokens: fields.count("max_output_tokens")?.unwrap_or(0),
        capabilities: fields.texts("capabilities")?.unwrap_or_default().into(),
        created_at: now,
        id,
        provider,
        upstream_id,
    };
    let version = PriceVersion {
        number: 0,
        effective_from: moment(&mut fields)?.unwrap_or(now),
        cost: card(&mut fields)?,
        retail: None,
    };
    fields.skip(&["price_source", "note"]);
    fields.finish()?;
    Ok(ImportedModel {
        model,
        version,
        stated,
    })
}

/// A model whose day of retirement has come is retired.
fn life(fields: &mut Fields<'_>, now: Timestamp) -> Result<ModelStatus, Fault> {
    let stated = status(fields)?.unwrap_or(ModelStatus::Active);
    let retires_on = fields.word("retires_on", "a date as 2027-01-31", Day::parse)?;
    let is_over = retires_on.is_some_and(|day| day <= now.day());
    Ok(if is_over {
        ModelStatus::Retired
    } else {
        stated
    })
}

fn card(fields: &mut Fields<'_>) -> Result<RateCard, Fault> {
    let mut rates = Vec::with_capacity(COLUMNS.len());
    for (column, dimension) in COLUMNS {
        rates.push((column, dimension, price(fields, column)?));
    }
    let base = |wanted: Dimension| {
        let found = rates.iter().find(|(_, dimension, _)| *dimension == wanted);
        let (column, _, rate) = found.copied().unwrap_or(("input", wanted, None));
        rate.ok_or_else(|| fields.missing(column))
    };
    let card = RateCard::new(
        Currency::USD,
        base(Dimension::Input)?,
        base(Dimension::Output)?,
    );
    let card = rates.iter().fold(card, |card, (_, dimension, rate)| {
        card.with(*dimension, *rate)
    });
    let tiers = fields.objects("tiers")?.unwrap_or_default();
    let tiers = tiers.into_iter().map(tier).collect::<Result<Vec<_>, _>>()?;
    card.with_tiers(tiers).map_err(|unsound| {
        let path = fields.path("tiers");
        let message = format!("Invalid value for '{path}': {unsound}.");
        Fault::new(rules::INVALID_VALUE, message).param(path)
    })
}

fn tier(mut fields: Fields<'_>) -> Result<Tier, Fault> {
    let above = required_count(&mut fields, "above_input_tokens")?;
    let mut tier = Tier::new(above, fields.flag("inclusive")?.unwrap_or(false));
    for (column, dimension) in COLUMNS {
        tier = tier.with(dimension, price(&mut fields, column)?);
    }
    fields.finish()?;
    Ok(tier)
}

/// Prices are read as the decimals that are written, never through a float.
fn price(fields: &mut Fields<'_>, column: &str) -> Result<Option<Rate>, Fault> {
    let Some(text) = fields.decimal(column)? else {
        return Ok(None);
    };
    Rate::parse(&text, Currency::USD)
        .map(Some)
        .map_err(|syntax| {
            let path = fields.path(column);
            let message = format!("Invalid value for '{path}': it {syntax}.");
            Fault::new(rules::INVALID_VALUE, message).param(path)
        })
}
