use vuzo_domain::pricing::ServiceTier;
use vuzo_wire::chat::LimitField;
use vuzo_wire::talk::chat::Unmarked;

use crate::usage::{CachedCount, Convention, ReasoningCount, StatedCost};

/// Whose variant of the chat wire a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `OpenAI`'s own, and whoever copies it faithfully.
    OpenAi,
    /// xAI's: reasoning beside the completion, costs in ticks, missing finish reasons.
    XAi,
    /// `OpenRouter`'s: routing extras, costs in dollars, errors inside streams.
    OpenRouter,
}

/// Everything in which the dialects differ. One more dialect is one more row.
#[derive(Debug)]
pub(crate) struct Habits {
    /// How it counts.
    pub(crate) convention: Convention,
    /// Where an output limit goes when the customer named none.
    pub(crate) limit_field: LimitField,
    /// Fields of the request that it does not get to see.
    pub(crate) withheld_fields: &'static [&'static str],
    /// Whether it refuses `strict` on tools, and names of speakers that are not users.
    pub(crate) is_narrow: bool,
    /// Whose the thoughts are that a chat brings back without a mark.
    pub(crate) unmarked: Unmarked,
    /// What to ask for where nothing but the standard class of service is wanted, with
    /// providers whose own default is whatever the operator's account there is set to:
    /// it could be billed at another price.
    pub(crate) standard_tier: Option<&'static str>,
    /// Whether choices may lack a finish reason, or have an empty one, where the wire
    /// wants null.
    pub(crate) blurs_finish_reason: bool,
    /// Whether calls are attributed to a site.
    pub(crate) takes_attribution: bool,
}

/// Ours, or such as would let a customer steer the operator's bill: the gateway's own
/// extras, another broker's routing, the class of service, which the price decides, and
/// what the gateway keeps itself instead of the provider.
macro_rules! withheld {
    ($($more:literal),*) => {
        &[
            "sim", "models", "fallbacks", "route", "provider", "plugins", "transforms",
            "usage", "service_tier", "metadata", "store", $($more),*
        ]
    };
}

const OPENAI: Habits = Habits {
    convention: Convention::OPENAI,
    limit_field: LimitField::MaxCompletionTokens,
    withheld_fields: withheld!(),
    is_narrow: false,
    unmarked: Unmarked::Foreign,
    standard_tier: Some("default"),
    blurs_finish_reason: false,
    takes_attribution: false,
};

const XAI: Habits = Habits {
    convention: Convention {
        reasoning: ReasoningCount::OutsideUnlessTotalAgrees,
        cached: CachedCount::InsideUnlessLarger,
        cost: StatedCost::Ticks,
    },
    limit_field: LimitField::MaxCompletionTokens,
    withheld_fields: withheld!("logit_bias"),
    is_narrow: true,
    unmarked: Unmarked::Foreign,
    standard_tier: None,
    blurs_finish_reason: true,
    takes_attribution: false,
};

const OPENROUTER: Habits = Habits {
    convention: Convention {
        reasoning: ReasoningCount::Inside,
        cached: CachedCount::Inside,
        cost: StatedCost::Dollars,
    },
    limit_field: LimitField::MaxTokens,
    withheld_fields: withheld!("session_id", "trace"),
    is_narrow: false,
    unmarked: Unmarked::Own,
    standard_tier: None,
    blurs_finish_reason: false,
    takes_attribution: true,
};

impl Habits {
    /// The word for the class of service to ask for, if anything is to be said of it.
    pub(crate) fn tier_word(&self, tier: Option<ServiceTier>) -> Option<&'static str> {
        tier.map(ServiceTier::name).or(self.standard_tier)
    }
}

impl Dialect {
    pub(crate) const fn habits(self) -> &'static Habits {
        match self {
            Self::OpenAi => &OPENAI,
            Self::XAi => &XAI,
            Self::OpenRouter => &OPENROUTER,
        }
    }
}
