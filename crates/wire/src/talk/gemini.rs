//! Gemini's `generateContent`: requests are written for it, answers are read from it.
//!
//! Whose totals contain which tokens is in `gemini/usage.rs`, and nowhere else.

mod chunk;
mod contents;
mod generation;
mod logprobs;
mod pieces;
mod reader;
mod request;
mod usage;

pub use pieces::is_uploaded;
pub use reader::GeminiReader;
pub use request::write;

/// What has to be known of a model to write a request for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// The output limit to write instead of the customer's.
    pub output_limit: Option<u64>,
    /// How the model is told how much to think.
    pub thinking: Thinking,
    /// Whether it refuses a conversation in which a call comes back without its signature.
    pub wants_signatures: bool,
    /// Whether it refuses tools beside a JSON answer.
    pub refuses_json_with_tools: bool,
    /// Whether it refuses to be told how tokens are drawn.
    pub refuses_sampling: bool,
    /// The class of service to ask for; the provider's own default is the standard one.
    pub service_tier: Option<&'static str>,
}

/// How a model is told how much to think. A request that has both ways in it is refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Thinking {
    /// Not at all: what the customer says of it is left out.
    #[default]
    Untold,
    /// As a number of tokens.
    Budget {
        /// Whether it can be told not to think.
        may_be_off: bool,
    },
    /// As a level: low, medium or high.
    Level {
        /// Whether it knows `MINIMAL`.
        minimal: bool,
        /// Whether it knows `XHIGH`.
        extra_high: bool,
    },
}

#[cfg(test)]
mod tests;
