use std::sync::Arc;

use super::{ServiceTier, TierCard};
use crate::money::{AmountSyntax, Currency, format_scaled, parse_scaled};

/// What is counted and priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// Plain prompt tokens.
    Input,
    /// Prompt tokens served from the provider's cache.
    CacheRead,
    /// Prompt tokens written to the five-minute cache.
    CacheWrite,
    /// Prompt tokens written to the one-hour cache.
    CacheWriteLong,
    /// Prompt tokens of audio.
    AudioInput,
    /// Visible completion tokens.
    Output,
    /// Reasoning tokens.
    Reasoning,
    /// Images, by the piece.
    Image,
    /// The call itself.
    Request,
}

impl Dimension {
    /// Every dimension, in the order in which receipts list them.
    pub const ALL: [Self; 9] = [
        Self::Input,
        Self::CacheRead,
        Self::CacheWrite,
        Self::CacheWriteLong,
        Self::AudioInput,
        Self::Output,
        Self::Reasoning,
        Self::Image,
        Self::Request,
    ];

    /// Its name in price tables and receipts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::CacheRead => "cache_read",
            Self::CacheWrite => "cache_write",
            Self::CacheWriteLong => "cache_write_1h",
            Self::AudioInput => "audio_input",
            Self::Output => "output",
            Self::Reasoning => "reasoning",
            Self::Image => "image",
            Self::Request => "per_request",
        }
    }

    /// The dimension of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|dimension| dimension.name() == name)
    }

    /// How many pieces the stated price buys: tokens are priced by the million,
    /// images and calls one by one.
    pub const fn per(self) -> u64 {
        match self {
            Self::Image | Self::Request => 1,
            _ => 1_000_000,
        }
    }

    const fn slot(self) -> usize {
        match self {
            Self::Input => 0,
            Self::CacheRead => 1,
            Self::CacheWrite => 2,
            Self::CacheWriteLong => 3,
            Self::AudioInput => 4,
            Self::Output => 5,
            Self::Reasoning => 6,
            Self::Image => 7,
            Self::Request => 8,
        }
    }

    /// Whose price applies where this one states none. A missing piece price is
    /// nothing extra (images and calls are then paid by their tokens); a missing
    /// input or output price makes the model unsaleable.
    const fn falls_back_to(self) -> Option<Self> {
        match self {
            Self::CacheRead | Self::CacheWrite | Self::AudioInput => Some(Self::Input),
            Self::CacheWriteLong => Some(Self::CacheWrite),
            Self::Reasoning => Some(Self::Output),
            Self::Input | Self::Output | Self::Image | Self::Request => None,
        }
    }
}

/// A price in units of the card's currency (10⁻⁹ of a dollar) per million tokens,
/// or per piece for images and calls. Never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(u64);

impl Rate {
    /// The largest price accepted: a million major units of a nine-decimal currency.
    pub const MAX: Self = Self(1_000_000_000_000_000);

    /// A price in units, if it is not above [`Rate::MAX`].
    pub fn from_units(units: u64) -> Option<Self> {
        (units <= Self::MAX.0).then_some(Self(units))
    }

    /// The price in units.
    pub const fn units(self) -> u64 {
        self.0
    }

    /// Reads a decimal string such as `0.0375`.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, AmountSyntax> {
        let wide = parse_scaled(text, currency.scale())?;
        if wide < 0 {
            return Err(AmountSyntax::NotDecimal);
        }
        u64::try_from(wide)
            .ok()
            .and_then(Self::from_units)
            .ok_or(AmountSyntax::TooLarge)
    }

    /// The price as a decimal string.
    pub fn format(self, currency: Currency) -> String {
        format_scaled(i128::from(self.0), currency.scale(), 0)
    }
}

/// Stated prices, one optional rate a dimension.
type Rates = [Option<Rate>; 9];

/// Prices that take over, for the whole call, once the prompt is long enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    above_input_tokens: u64,
    inclusive: bool,
    rates: Rates,
}

impl Tier {
    /// A tier without prices of its own yet.
    pub const fn new(above_input_tokens: u64, inclusive: bool) -> Self {
        Self {
            above_input_tokens,
            inclusive,
            rates: [None; 9],
        }
    }

    /// The same tier with a price for one dimension.
    #[must_use]
    pub fn with(mut self, dimension: Dimension, rate: Option<Rate>) -> Self {
        if let Some(slot) = self.rates.get_mut(dimension.slot()) {
            *slot = rate;
        }
        self
    }

    /// The bound, and whether reaching it is enough.
    pub const fn bound(&self) -> (u64, bool) {
        (self.above_input_tokens, self.inclusive)
    }

    /// The price it states itself.
    pub fn stated(&self, dimension: Dimension) -> Option<Rate> {
        self.rates.get(dimension.slot()).copied().flatten()
    }

    const fn covers(&self, prompt_tokens: u64) -> bool {
        if self.inclusive {
            prompt_tokens >= self.above_input_tokens
        } else {
            prompt_tokens > self.above_input_tokens
        }
    }
}

/// Why a card cannot be sold from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnsoundCard {
    /// No price for prompt tokens.
    #[error("the input price is missing")]
    NoInput,
    /// No price for completion tokens.
    #[error("the output price is missing")]
    NoOutput,
    /// Two tiers begin at the same bound, or they are not in rising order.
    #[error("tiers must have rising bounds, each stated once")]
    TierOrder,
    /// A service tier is stated twice.
    #[error("the service tier {0} is stated twice")]
    ServiceTierTwice(ServiceTier),
    /// A service tier is in another currency, or has service tiers itself.
    #[error(
        "the service tier {tier} must be in the currency of the base, without tiers of its own"
    )]
    ServiceTierKind {
        /// Which.
        tier: ServiceTier,
    },
    /// A service tier leaves out a price that the base states.
    #[error(
        "the service tier {tier} must state every price that the base states, and \"{}\" is missing",
        dimension.name()
    )]
    ServiceTierPrice {
        /// Which.
        tier: ServiceTier,
        /// The price that is missing.
        dimension: Dimension,
    },
    /// A service tier leaves out a long-context tier that the base states.
    #[error(
        "the service tier {tier} must have every long-context tier of the base, and the one above {above} tokens is missing"
    )]
    ServiceTierBound {
        /// Which.
        tier: ServiceTier,
        /// The bound that is missing.
        above: u64,
    },
}

/// The prices of one model in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateCard {
    currency: Currency,
    rates: Rates,
    tiers: Vec<Tier>,
    /// Most cards have none; shared, since a card is copied for every call.
    service_tiers: Option<Arc<[TierCard]>>,
}

impl RateCard {
    /// A card with the two prices that every sale needs.
    pub const fn new(currency: Currency, input: Rate, output: Rate) -> Self {
        let mut rates: Rates = [None; 9];
        rates[Dimension::Input.slot()] = Some(input);
        rates[Dimension::Output.slot()] = Some(output);
        Self {
            currency,
            rates,
            tiers: Vec::new(),
            service_tiers: None,
        }
    }

    /// The same card with a price for one more dimension.
    #[must_use]
    pub fn with(mut self, dimension: Dimension, rate: Option<Rate>) -> Self {
        if let Some(slot) = self.rates.get_mut(dimension.slot()) {
            *slot = rate.or(match dimension {
                Dimension::Input | Dimension::Output => *slot,
                _ => None,
            });
        }
        self
    }

    /// The same card with these long-context tiers, in rising order.
    pub fn with_tiers(self, tiers: Vec<Tier>) -> Result<Self, UnsoundCard> {
        let rising = tiers
            .iter()
            .zip(tiers.iter().skip(1))
            .all(|(low, high)| low.above_input_tokens < high.above_input_tokens);
        if !rising {
            return Err(UnsoundCard::TierOrder);
        }
        Ok(Self { tiers, ..self })
    }

    /// The same card with these service tiers, each with a whole card of its own. It is
    /// the last thing to be said of a card, since it is checked against all the rest.
    pub fn with_service_tiers(self, mut tiers: Vec<TierCard>) -> Result<Self, UnsoundCard> {
        tiers.sort_by_key(|one| one.tier);
        let mut pairs = tiers.iter().zip(tiers.iter().skip(1));
        if let Some((one, _)) = pairs.find(|(one, other)| one.tier == other.tier) {
            return Err(UnsoundCard::ServiceTierTwice(one.tier));
        }
        tiers.iter().try_for_each(|one| one.check(&self))?;
        Ok(Self {
            service_tiers: (!tiers.is_empty()).then(|| tiers.into()),
            ..self
        })
    }

    /// The currency of all its prices.
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// Its tiers, in rising order.
    pub fn tiers(&self) -> &[Tier] {
        &self.tiers
    }

    /// Its service tiers, in their order.
    pub fn service_tiers(&self) -> &[TierCard] {
        self.service_tiers.as_deref().unwrap_or_default()
    }

    /// The card of a service tier; `None` where it states none. The standard tier is the
    /// card itself.
    pub fn of_tier(&self, tier: Option<ServiceTier>) -> Option<&Self> {
        let Some(tier) = tier else {
            return Some(self);
        };
        let known = self.service_tiers().iter().find(|one| one.tier == tier);
        known.map(|one| &one.card)
    }

    /// The price that it states itself, below every tier.
    pub fn stated(&self, dimension: Dimension) -> Option<Rate> {
        self.rates.get(dimension.slot()).copied().flatten()
    }

    /// The price that applies to a call with this many prompt tokens. Missing
    /// prices fall back first to the same dimension of the base card, then to the
    /// dimension that stands in for it; pieces without a price cost nothing extra.
    pub fn rate(&self, dimension: Dimension, prompt_tokens: u64) -> Rate {
        let tier = self
            .tiers
            .iter()
            .rev()
            .find(|tier| tier.covers(prompt_tokens));
        self.resolve(dimension, tier)
    }

    fn resolve(&self, dimension: Dimension, tier: Option<&Tier>) -> Rate {
        tier.and_then(|tier| tier.stated(dimension))
            .or_else(|| self.stated(dimension))
            .or_else(|| {
                dimension
                    .falls_back_to()
                    .map(|other| self.resolve(other, tier))
            })
            .unwrap_or_default()
    }

    /// The dearest price of a dimension over all tiers that a prompt of at most
    /// this many tokens can reach.
    pub fn dearest(&self, dimension: Dimension, most_prompt_tokens: u64) -> Rate {
        self.tiers
            .iter()
            .filter(|tier| tier.covers(most_prompt_tokens))
            .map(|tier| self.resolve(dimension, Some(tier)))
            .chain([self.resolve(dimension, None)])
            .max()
            .unwrap_or_default()
    }
}
