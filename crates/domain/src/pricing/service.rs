use core::fmt;

use super::{Dimension, RateCard, UnsoundCard};

/// A class of service that a provider offers beside its standard one, at other prices.
///
/// The set is closed: a word that nobody here knows can neither be priced nor asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServiceTier {
    /// Slower, and cheaper.
    Flex,
    /// Sooner, and dearer.
    Priority,
    /// On capacity that was bought ahead.
    Scale,
    /// A faster mode of the same model.
    Fast,
    /// In a batch, within a day.
    Batch,
}

impl ServiceTier {
    /// Every tier, in the order in which price tables list them.
    pub const ALL: [Self; 5] = [
        Self::Flex,
        Self::Priority,
        Self::Scale,
        Self::Fast,
        Self::Batch,
    ];

    /// Its name in price tables, in requests and in receipts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flex => "flex",
            Self::Priority => "priority",
            Self::Scale => "scale",
            Self::Fast => "fast",
            Self::Batch => "batch",
        }
    }

    /// Whether a call can ask for it: what goes in a batch is no call of its own.
    pub const fn is_for_calls(self) -> bool {
        !matches!(self, Self::Batch)
    }

    /// The tier of that name, in whatever case a provider writes it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|tier| tier.name().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for ServiceTier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// What a customer says about the class of service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TierWish {
    /// Nothing, or that the standard one will do.
    #[default]
    Standard,
    /// This one: whoever does not sell it may not answer.
    Only(ServiceTier),
    /// This one from whoever sells it, and the standard one from anybody else.
    IfSold(ServiceTier),
}

/// The class of service that a provider says to have given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServedTier {
    /// The standard one.
    Standard,
    /// One beside it.
    Tier(ServiceTier),
    /// One that nobody here knows, in the provider's word.
    Unknown(Box<str>),
}

impl ServedTier {
    /// What providers call their standard class.
    const STANDARD: [&'static str; 4] = ["default", "standard", "standard_only", "on_demand"];
    /// The name of the standard class in receipts and refusals.
    pub const DEFAULT: &'static str = "default";
    /// Longer words are no names, and not worth a place in a log.
    const LONGEST: usize = 32;

    /// What a provider's word means; `None` for words that leave open what was served.
    pub fn from_word(word: &str) -> Option<Self> {
        let is = |known: &str| known.eq_ignore_ascii_case(word);
        if Self::STANDARD.into_iter().any(is) {
            return Some(Self::Standard);
        }
        if let Some(tier) = ServiceTier::from_name(word) {
            return Some(Self::Tier(tier));
        }
        let is_open = word.is_empty()
            || is("auto")
            || word.len() > Self::LONGEST
            || word.to_ascii_lowercase().ends_with("unspecified");
        (!is_open).then(|| Self::Unknown(word.into()))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Standard => Self::DEFAULT,
            Self::Tier(tier) => tier.name(),
            Self::Unknown(word) => word,
        }
    }
}

/// The prices of one service tier: a whole card of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierCard {
    /// Which tier.
    pub tier: ServiceTier,
    /// What it costs.
    pub card: RateCard,
}

impl TierCard {
    /// Refuses a tier that leaves out what the base states.
    ///
    /// No price falls back to the base: a tier may be dearer or cheaper than it, so that a
    /// price that was forgotten would be a loss to somebody. For the same reason a tier
    /// repeats every bound of the base's long-context tiers, with every price that is
    /// stated there.
    pub(super) fn check(&self, base: &RateCard) -> Result<(), UnsoundCard> {
        let tier = self.tier;
        if self.card.currency() != base.currency() || !self.card.service_tiers().is_empty() {
            return Err(UnsoundCard::ServiceTierKind { tier });
        }
        for dimension in Dimension::ALL {
            if base.stated(dimension).is_some() && self.card.stated(dimension).is_none() {
                return Err(UnsoundCard::ServiceTierPrice { tier, dimension });
            }
        }
        for long in base.tiers() {
            let (above, _) = long.bound();
            let same = self.card.tiers().iter();
            let mut same = same.filter(|own| own.bound() == long.bound());
            let Some(own) = same.next() else {
                return Err(UnsoundCard::ServiceTierBound { tier, above });
            };
            for dimension in Dimension::ALL {
                if long.stated(dimension).is_some() && own.stated(dimension).is_none() {
                    return Err(UnsoundCard::ServiceTierPrice { tier, dimension });
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
