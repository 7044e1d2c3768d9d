use vuzo_wire::chat::LimitField;

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
    /// Whether choices may lack a finish reason, or have an empty one, where the wire
    /// wants null.
    pub(crate) blurs_finish_reason: bool,
    /// Whether calls are attributed to a site.
    pub(crate) takes_attribution: bool,
}

/// Ours, or such as would let a customer steer the operator's bill: the gateway's own
/// extras, another broker's routing, service tiers that are priced apart, and what the
/// gateway keeps itself instead of the provider.
macro_rules! withheld {
    ($($more:literal),*) => {
        &[
            "sim", "models", "route", "provider", "plugins", "transforms", "usage",
            "service_tier", "metadata", "store", $($more),*
        ]
    };
}

const OPENAI: Habits = Habits {
    convention: Convention::OPENAI,
    limit_field: LimitField::MaxCompletionTokens,
    withheld_fields: withheld!(),
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
    blurs_finish_reason: false,
    takes_attribution: true,
};

impl Dialect {
    pub(crate) const fn habits(self) -> &'static Habits {
        match self {
            Self::OpenAi => &OPENAI,
            Self::XAi => &XAI,
            Self::OpenRouter => &OPENROUTER,
        }
    }
}
