//! What a call consumed, normalised: every token is in exactly one count.

use crate::money::Overflow;

/// Consumption of one call as disjoint counts.
///
/// Provider wires count cached, reasoning or audio tokens inside or outside their
/// totals; the provider adapters undo that, so that summing here never counts twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Consumption {
    /// Prompt tokens at the plain input rate.
    pub input: u64,
    /// Prompt tokens served from the provider's cache.
    pub cache_read: u64,
    /// Prompt tokens written to the provider's short-lived cache.
    pub cache_write: u64,
    /// Prompt tokens written to the provider's long-lived (one hour) cache.
    pub cache_write_long: u64,
    /// Prompt tokens of audio.
    pub audio_input: u64,
    /// Visible completion tokens.
    pub output: u64,
    /// Completion tokens spent on reasoning.
    pub reasoning: u64,
    /// Images, where a provider bills them by the piece.
    pub images: u64,
}

impl Consumption {
    /// All prompt tokens, which decide the long-context tier.
    pub fn prompt_tokens(&self) -> u64 {
        [
            self.input,
            self.cache_read,
            self.cache_write,
            self.cache_write_long,
            self.audio_input,
        ]
        .into_iter()
        .fold(0, u64::saturating_add)
    }

    /// All completion tokens.
    pub fn completion_tokens(&self) -> u64 {
        self.output.saturating_add(self.reasoning)
    }

    /// Prompt and completion tokens together.
    pub fn total_tokens(&self) -> u64 {
        self.prompt_tokens()
            .saturating_add(self.completion_tokens())
    }

    /// Refuses counts that no provider can mean, before they reach money.
    pub fn checked(self) -> Result<Self, Overflow> {
        const MOST: u64 = 1 << 40;
        if self.total_tokens() > MOST || self.images > MOST {
            return Err(Overflow);
        }
        Ok(self)
    }
}
