use std::collections::BTreeMap;

use serde::Serialize;
use vuzo_application::models::ModelOffer;
use vuzo_domain::port::ModelEntry;
use vuzo_domain::pricing::{Dimension, PriceVersion, Rate, RateCard, ServiceTier, Tier};
use vuzo_wire::models::ModelTag;

/// What all prices are for, but those by the piece.
pub(super) const UNIT: &str = "1M tokens";

/// A model that can be bought.
#[derive(Serialize)]
pub(crate) struct OfferView {
    id: String,
    object: ModelTag,
    created: i64,
    owned_by: String,
    context_length: u64,
    max_output_tokens: u64,
    pricing: PricingView,
    capabilities: Vec<String>,
}

/// Retail prices.
#[derive(Serialize)]
struct PricingView {
    #[serde(flatten)]
    rates: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    service_tiers: BTreeMap<&'static str, BTreeMap<&'static str, String>>,
    unit: &'static str,
    currency: String,
}

impl OfferView {
    pub(crate) fn of(offer: &ModelOffer) -> Self {
        let (model, quote) = (&offer.model, &offer.quote);
        let rates = |tier: Option<ServiceTier>| -> BTreeMap<&'static str, String> {
            let stated = Dimension::ALL.into_iter();
            let priced = stated.filter_map(|dimension| {
                Some((dimension.name(), quote.shown_price_in(tier, dimension)?))
            });
            priced.collect()
        };
        Self {
            id: model.id.as_str().to_owned(),
            object: ModelTag::Model,
            created: model.created_at.as_secs().max(0),
            owned_by: model.provider.to_string(),
            context_length: model.context_length,
            max_output_tokens: model.max_output_tokens,
            pricing: PricingView {
                rates: rates(None),
                service_tiers: quote
                    .tiers_sold()
                    .map(|tier| (tier.name(), rates(Some(tier))))
                    .collect(),
                unit: UNIT,
                currency: quote.currency().to_string(),
            },
            capabilities: model.capabilities.to_vec(),
        }
    }
}

/// A model, as the operator sees it.
#[derive(Serialize)]
pub(crate) struct EntryView {
    id: String,
    provider: String,
    upstream_id: String,
    status: &'static str,
    context_length: u64,
    max_output_tokens: u64,
    capabilities: Vec<String>,
    aliases: Vec<String>,
    priority: i32,
    weight: u32,
    created_at: String,
    #[serde(flatten)]
    newest: Option<VersionView>,
    versions: Vec<VersionView>,
}

#[derive(Serialize)]
struct VersionView {
    version: u32,
    effective_from: String,
    cost: CardView,
    pricing: Option<CardView>,
}

#[derive(Serialize)]
struct CardView {
    #[serde(flatten)]
    prices: PlainCardView,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    service_tiers: BTreeMap<&'static str, PlainCardView>,
    unit: &'static str,
    currency: String,
}

#[derive(Serialize)]
struct PlainCardView {
    #[serde(flatten)]
    rates: BTreeMap<&'static str, String>,
    tiers: Vec<TierView>,
}

#[derive(Serialize)]
struct TierView {
    above_input_tokens: u64,
    inclusive: bool,
    #[serde(flatten)]
    rates: BTreeMap<&'static str, String>,
}

impl EntryView {
    pub(crate) fn of(entry: &ModelEntry) -> Self {
        let model = &entry.model;
        let aliases = model.aliases.iter();
        Self {
            id: model.id.as_str().to_owned(),
            provider: model.provider.to_string(),
            upstream_id: model.upstream_id.clone(),
            status: model.status.name(),
            context_length: model.context_length,
            max_output_tokens: model.max_output_tokens,
            capabilities: model.capabilities.to_vec(),
            aliases: aliases.map(|alias| alias.as_str().to_owned()).collect(),
            priority: model.priority,
            weight: model.weight,
            created_at: model.created_at.to_string(),
            newest: entry.versions.last().map(VersionView::of),
            versions: entry.versions.iter().map(VersionView::of).collect(),
        }
    }
}

impl VersionView {
    fn of(version: &PriceVersion) -> Self {
        Self {
            version: version.number,
            effective_from: version.effective_from.to_string(),
            cost: CardView::of(&version.cost),
            pricing: version.retail.as_ref().map(CardView::of),
        }
    }
}

impl CardView {
    fn of(card: &RateCard) -> Self {
        let service = card.service_tiers().iter();
        Self {
            prices: PlainCardView::of(card),
            service_tiers: service
                .map(|one| (one.tier.name(), PlainCardView::of(&one.card)))
                .collect(),
            unit: UNIT,
            currency: card.currency().to_string(),
        }
    }
}

impl PlainCardView {
    fn of(card: &RateCard) -> Self {
        let currency = card.currency();
        let rates = |stated: &dyn Fn(Dimension) -> Option<Rate>| {
            let all = Dimension::ALL.into_iter();
            all.filter_map(|dimension| {
                Some((dimension.name(), stated(dimension)?.format(currency)))
            })
            .collect::<BTreeMap<_, _>>()
        };
        let tier = |tier: &Tier| {
            let (above_input_tokens, inclusive) = tier.bound();
            TierView {
                above_input_tokens,
                inclusive,
                rates: rates(&|dimension| tier.stated(dimension)),
            }
        };
        Self {
            rates: rates(&|dimension| card.stated(dimension)),
            tiers: card.tiers().iter().map(tier).collect(),
        }
    }
}
