use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vuzo_domain::money::Currency;
use vuzo_domain::pricing::{Dimension, Rate, RateCard, ServiceTier, Tier, TierCard};

use super::Text;

type RatesJson<'text> = BTreeMap<Cow<'text, str>, u64>;

/// The prices of a model: stated rates by dimension, in units per million or piece.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateCardJson<'text> {
    currency: Text<Currency>,
    #[serde(borrow)]
    rates: RatesJson<'text>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    tiers: Vec<TierJson<'text>>,
    #[serde(borrow, default, skip_serializing_if = "BTreeMap::is_empty")]
    service_tiers: BTreeMap<Cow<'text, str>, PlainCardJson<'text>>,
}

/// The prices of a service tier: a card in the currency of the one that it belongs to.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainCardJson<'text> {
    #[serde(borrow)]
    rates: RatesJson<'text>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    tiers: Vec<TierJson<'text>>,
}

/// Prices that take over once the prompt is long enough.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TierJson<'text> {
    above_input_tokens: u64,
    inclusive: bool,
    #[serde(borrow)]
    rates: RatesJson<'text>,
}

fn write_rates(stated: impl Fn(Dimension) -> Option<Rate>) -> RatesJson<'static> {
    Dimension::ALL
        .into_iter()
        .filter_map(|dimension| Some((Cow::Borrowed(dimension.name()), stated(dimension)?.units())))
        .collect()
}

fn read_rates(rates: &RatesJson<'_>) -> Option<Vec<(Dimension, Rate)>> {
    rates
        .iter()
        .map(|(name, units)| Some((Dimension::from_name(name)?, Rate::from_units(*units)?)))
        .collect()
}

impl From<&RateCard> for RateCardJson<'static> {
    fn from(card: &RateCard) -> Self {
        Self {
            currency: Text(card.currency()),
            rates: write_rates(|dimension| card.stated(dimension)),
            tiers: card.tiers().iter().map(TierJson::from).collect(),
            service_tiers: card
                .service_tiers()
                .iter()
                .map(|one| {
                    (
                        Cow::Borrowed(one.tier.name()),
                        PlainCardJson::from(&one.card),
                    )
                })
                .collect(),
        }
    }
}

impl From<&RateCard> for PlainCardJson<'static> {
    fn from(card: &RateCard) -> Self {
        Self {
            rates: write_rates(|dimension| card.stated(dimension)),
            tiers: card.tiers().iter().map(TierJson::from).collect(),
        }
    }
}

impl From<&Tier> for TierJson<'static> {
    fn from(tier: &Tier) -> Self {
        let (above_input_tokens, inclusive) = tier.bound();
        Self {
            above_input_tokens,
            inclusive,
            rates: write_rates(|dimension| tier.stated(dimension)),
        }
    }
}

impl RateCardJson<'_> {
    /// The card, if it can be sold from.
    pub fn to_card(&self) -> Option<RateCard> {
        let currency = self.currency.0;
        let service = self.service_tiers.iter().map(|(name, plain)| {
            Some(TierCard {
                tier: ServiceTier::from_name(name)?,
                card: read_card(currency, &plain.rates, &plain.tiers)?,
            })
        });
        let service = service.collect::<Option<Vec<_>>>()?;
        let card = read_card(currency, &self.rates, &self.tiers)?;
        card.with_service_tiers(service).ok()
    }
}

fn read_card(
    currency: Currency,
    rates: &RatesJson<'_>,
    tiers: &[TierJson<'_>],
) -> Option<RateCard> {
    let rates = read_rates(rates)?;
    let stated = |wanted: Dimension| {
        rates
            .iter()
            .find(|(dimension, _)| *dimension == wanted)
            .map(|(_, rate)| *rate)
    };
    let plain = RateCard::new(
        currency,
        stated(Dimension::Input)?,
        stated(Dimension::Output)?,
    );
    let card = rates.iter().fold(plain, |card, (dimension, rate)| {
        card.with(*dimension, Some(*rate))
    });
    let tiers = tiers.iter().map(TierJson::to_tier);
    card.with_tiers(tiers.collect::<Option<Vec<_>>>()?).ok()
}

impl TierJson<'_> {
    fn to_tier(&self) -> Option<Tier> {
        let empty = Tier::new(self.above_input_tokens, self.inclusive);
        Some(
            read_rates(&self.rates)?
                .into_iter()
                .fold(empty, |tier, (dimension, rate)| {
                    tier.with(dimension, Some(rate))
                }),
        )
    }
}
