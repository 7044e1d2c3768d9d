use vuzo_domain::catalog::{Model, ModelId, ModelStatus, ProviderId};
use vuzo_domain::money::Currency;
use vuzo_domain::port::ModelEntry;
use vuzo_domain::pricing::{
    Dimension, PriceVersion, Rate, RateCard, ServiceTier, Tier, TierCard, UnsoundCard,
};
use vuzo_domain::time::Timestamp;

use super::model::UNIT;
use crate::error::{Fault, rules};
use crate::fields::{Fields, Given};

const ID: &str = "1 to 128 characters out of letters, digits and . _ - : / @ +";
const STATUS: &str = "active, preview, deprecated or retired";

/// Reads a model with its prices.
pub(crate) fn draft(
    mut fields: Fields<'_>,
    now: Timestamp,
) -> Result<(Model, PriceVersion), Fault> {
    let id = model_id(&mut fields, "id")?;
    let id = id.ok_or_else(|| fields.missing("id"))?;
    let provider = provider(&mut fields)?;
    let model = Model {
        provider: provider.ok_or_else(|| fields.missing("provider"))?,
        upstream_id: fields.required_text("upstream_id")?,
        status: status(&mut fields)?.unwrap_or(ModelStatus::Active),
        context_length: required_count(&mut fields, "context_length")?,
        max_output_tokens: required_count(&mut fields, "max_output_tokens")?,
        capabilities: fields.texts("capabilities")?.unwrap_or_default().into(),
        aliases: aliases(&mut fields)?.unwrap_or_default(),
        priority: fields.integer("priority")?.unwrap_or_default(),
        weight: weight(&mut fields)?.unwrap_or(Model::USUAL_WEIGHT),
        created_at: now,
        id,
    };
    let effective_from = moment(&mut fields)?.unwrap_or(now);
    let cost = fields.object("cost")?;
    let cost = card(cost.ok_or_else(|| fields.missing("cost"))?)?;
    let retail = fields.object("pricing")?.map(card).transpose()?;
    fields.finish()?;
    let version = PriceVersion {
        // The store counts the versions.
        number: 0,
        effective_from,
        cost,
        retail,
    };
    Ok((model, version))
}

/// Reads what shall be different about a model. New prices make a new version, which
/// keeps of the newest one what is not said.
pub(crate) fn patch(
    mut fields: Fields<'_>,
    known: ModelEntry,
    now: Timestamp,
) -> Result<(Model, Option<PriceVersion>), Fault> {
    let ModelEntry {
        mut model,
        mut versions,
    } = known;
    if let Some(provider) = provider(&mut fields)? {
        model.provider = provider;
    }
    if let Some(upstream_id) = fields.text("upstream_id")? {
        model.upstream_id = upstream_id;
    }
    if let Some(status) = status(&mut fields)? {
        model.status = status;
    }
    if let Some(tokens) = fields.count("context_length")? {
        model.context_length = tokens;
    }
    if let Some(tokens) = fields.count("max_output_tokens")? {
        model.max_output_tokens = tokens;
    }
    if let Some(capabilities) = fields.texts("capabilities")? {
        model.capabilities = capabilities.into();
    }
    if let Some(aliases) = aliases(&mut fields)? {
        model.aliases = aliases;
    }
    if let Some(priority) = fields.integer("priority")? {
        model.priority = priority;
    }
    if let Some(weight) = weight(&mut fields)? {
        model.weight = weight;
    }
    let effective_from = moment(&mut fields)?;
    let cost = fields.object("cost")?.map(card).transpose()?;
    let retail = match fields.given_object("pricing")? {
        Given::Absent => Given::Absent,
        Given::Null => Given::Null,
        Given::Value(pricing) => Given::Value(card(pricing)?),
    };
    let newest = versions.pop();
    let is_new = cost.is_some() || retail != Given::Absent || effective_from.is_some();
    let cost = cost.or_else(|| newest.as_ref().map(|version| version.cost.clone()));
    let version = match (is_new, cost) {
        (false, _) => None,
        (true, None) => return Err(fields.missing("cost")),
        (true, Some(cost)) => Some(PriceVersion {
            number: 0,
            effective_from: effective_from.unwrap_or(now),
            cost,
            retail: retail.over(newest.and_then(|version| version.retail)),
        }),
    };
    fields.finish()?;
    Ok((model, version))
}

pub(super) fn model_id(fields: &mut Fields<'_>, name: &str) -> Result<Option<ModelId>, Fault> {
    fields.word(name, ID, |text| ModelId::new(text).ok())
}

pub(super) fn provider(fields: &mut Fields<'_>) -> Result<Option<ProviderId>, Fault> {
    let expected = "1 to 32 lower-case letters, digits, - or _";
    fields.word("provider", expected, |text| ProviderId::new(text).ok())
}

pub(super) fn status(fields: &mut Fields<'_>) -> Result<Option<ModelStatus>, Fault> {
    fields.word("status", STATUS, ModelStatus::from_name)
}

pub(super) fn aliases(fields: &mut Fields<'_>) -> Result<Option<Vec<ModelId>>, Fault> {
    fields.words("aliases", ID, |text| ModelId::new(text).ok())
}

/// What is too large for the type is too large for a model anyway.
pub(super) fn weight(fields: &mut Fields<'_>) -> Result<Option<u32>, Fault> {
    let weight = fields.count("weight")?;
    Ok(weight.map(|weight| u32::try_from(weight).unwrap_or(u32::MAX)))
}

pub(super) fn moment(fields: &mut Fields<'_>) -> Result<Option<Timestamp>, Fault> {
    let expected = "an RFC 3339 time or a date";
    fields.word("effective_from", expected, Timestamp::parse)
}

pub(super) fn required_count(fields: &mut Fields<'_>, name: &str) -> Result<u64, Fault> {
    fields.count(name)?.ok_or_else(|| fields.missing(name))
}

/// Reads `{input, output, …, tiers?, service_tiers?, currency?, unit?}`.
fn card(mut fields: Fields<'_>) -> Result<RateCard, Fault> {
    fields.word("currency", "USD: prices are kept in US dollars", |code| {
        code.eq_ignore_ascii_case("USD").then_some(())
    })?;
    fields.word("unit", "\"1M tokens\"", |unit| (unit == UNIT).then_some(()))?;
    let service = fields.object("service_tiers")?;
    let service = service.map(service_tiers).transpose()?.unwrap_or_default();
    let path = fields.path("service_tiers");
    sound(plain_card(fields)?.with_service_tiers(service), path)
}

/// Reads `{flex?, priority?, …}`, each with a whole set of prices.
fn service_tiers(mut fields: Fields<'_>) -> Result<Vec<TierCard>, Fault> {
    let mut tiers = Vec::new();
    for tier in ServiceTier::ALL {
        if let Some(prices) = fields.object(tier.name())? {
            let card = plain_card(prices)?;
            tiers.push(TierCard { tier, card });
        }
    }
    fields.finish()?;
    Ok(tiers)
}

/// Reads `{input, output, …, tiers?}`.
fn plain_card(mut fields: Fields<'_>) -> Result<RateCard, Fault> {
    let input = rate(&mut fields, Dimension::Input)?;
    let output = rate(&mut fields, Dimension::Output)?;
    let mut card = RateCard::new(
        Currency::USD,
        input.ok_or_else(|| fields.missing("input"))?,
        output.ok_or_else(|| fields.missing("output"))?,
    );
    for dimension in others() {
        card = card.with(dimension, rate(&mut fields, dimension)?);
    }
    let tiers = fields.objects("tiers")?.unwrap_or_default();
    let tiers = tiers.into_iter().map(tier).collect::<Result<Vec<_>, _>>()?;
    let path = fields.path("tiers");
    fields.finish()?;
    sound(card.with_tiers(tiers), path)
}

fn sound(card: Result<RateCard, UnsoundCard>, path: String) -> Result<RateCard, Fault> {
    card.map_err(|unsound| {
        let message = format!("Invalid value for '{path}': {unsound}.");
        Fault::new(rules::INVALID_VALUE, message).param(path)
    })
}

fn tier(mut fields: Fields<'_>) -> Result<Tier, Fault> {
    let above = required_count(&mut fields, "above_input_tokens")?;
    let inclusive = fields.flag("inclusive")?.unwrap_or(false);
    let mut tier = Tier::new(above, inclusive);
    for dimension in Dimension::ALL {
        tier = tier.with(dimension, rate(&mut fields, dimension)?);
    }
    fields.finish()?;
    Ok(tier)
}

/// Every dimension that a card may leave out.
fn others() -> impl Iterator<Item = Dimension> {
    let is_base = |dimension: &Dimension| matches!(dimension, Dimension::Input | Dimension::Output);
    Dimension::ALL
        .into_iter()
        .filter(move |dimension| !is_base(dimension))
}

fn rate(fields: &mut Fields<'_>, dimension: Dimension) -> Result<Option<Rate>, Fault> {
    let Some(text) = fields.decimal(dimension.name())? else {
        return Ok(None);
    };
    let path = fields.path(dimension.name());
    Rate::parse(&text, Currency::USD)
        .map(Some)
        .map_err(|syntax| {
            let message = format!("Invalid value for '{path}': it {syntax}.");
            Fault::new(rules::INVALID_VALUE, message).param(path)
        })
}
