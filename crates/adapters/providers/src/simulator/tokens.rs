//! The simulator's tokenizer: four bytes are a token, and what is left over is one.

use std::borrow::Cow;

use vuzo_domain::chat::{Envelope, UsageReport};
use vuzo_domain::pricing::{ServedTier, ServiceTier};
use vuzo_wire::chat::Usage;
use vuzo_wire::chat::completion::{CompletionTokensDetails, PromptTokensDetails, UsageOut};

use super::options::{Options, StatedUsage};
use crate::usage::{Convention, PromptFacts, StatedCost, UsageTally};

pub(super) const BYTES_PER_TOKEN: u64 = 4;

/// How many tokens that many bytes are.
pub(super) const fn tokens(bytes: u64) -> u64 {
    bytes.div_ceil(BYTES_PER_TOKEN)
}

/// What one answer has said so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spoken {
    pub(super) reasoning_bytes: u64,
    pub(super) text_bytes: u64,
    /// Each call is counted on its own.
    pub(super) tool_tokens: u64,
    pub(super) tool_bytes: u64,
}

impl Spoken {
    fn reasoning_tokens(self) -> u64 {
        tokens(self.reasoning_bytes)
    }

    fn completion_tokens(self) -> u64 {
        self.reasoning_tokens()
            .saturating_add(tokens(self.text_bytes))
            .saturating_add(self.tool_tokens)
    }

    fn bytes(self) -> u64 {
        self.reasoning_bytes
            .saturating_add(self.text_bytes)
            .saturating_add(self.tool_bytes)
    }
}

/// Turns what was said into usage, as it is or as the options want it.
#[derive(Debug)]
pub(super) struct Counter {
    prompt_tokens: u64,
    facts: PromptFacts,
    model: String,
    stated: StatedUsage,
    tier: Option<ServedTier>,
}

impl Counter {
    pub(super) fn new(
        envelope: &Envelope,
        options: &Options,
        model: &str,
        asked: Option<ServiceTier>,
    ) -> Self {
        Self {
            prompt_tokens: envelope.typical_prompt_tokens(),
            facts: PromptFacts::of(envelope),
            model: model.to_owned(),
            stated: options.usage.clone(),
            tier: options.service_tier.clone().or(asked.map(ServedTier::Tier)),
        }
    }

    /// The class of service that is played, if it is to be told.
    pub(super) fn served_tier(&self) -> Option<&str> {
        self.tier.as_ref().map(ServedTier::name)
    }

    /// As it stands in the answer; `None` where the provider is to keep silent.
    pub(super) fn written(
        &self,
        spoken: impl Iterator<Item = Spoken>,
    ) -> Option<UsageOut<'static>> {
        let usage = self.counts(spoken)?;
        let count = |count: Option<u64>| count.unwrap_or(0);
        Some(UsageOut {
            prompt_tokens: count(usage.prompt_tokens),
            completion_tokens: count(usage.completion_tokens),
            total_tokens: count(usage.total_tokens),
            prompt_tokens_details: PromptTokensDetails {
                cached_tokens: count(usage.cached_tokens),
                cache_write_tokens: count(usage.cache_write_tokens),
                audio_tokens: count(usage.prompt_audio_tokens),
            },
            completion_tokens_details: CompletionTokensDetails {
                reasoning_tokens: count(usage.reasoning_tokens),
                ..CompletionTokensDetails::default()
            },
            cost: None,
            cost_details: None,
        })
    }

    pub(super) fn report(&self, spoken: impl Iterator<Item = Spoken> + Clone) -> UsageReport {
        let convention = Convention {
            cost: StatedCost::Dollars,
            ..Convention::OPENAI
        };
        let mut tally = UsageTally::new(convention, self.facts);
        tally.model(&self.model);
        tally.output(
            spoken
                .clone()
                .map(Spoken::bytes)
                .fold(0, u64::saturating_add),
        );
        if let Some(usage) = self.counts(spoken) {
            tally.usage(usage);
        }
        UsageReport {
            served_tier: self.tier.clone(),
            ..tally.report()
        }
    }

    fn counts(&self, spoken: impl Iterator<Item = Spoken>) -> Option<Usage> {
        let (mut completion, mut reasoning) = (0_u64, 0_u64);
        for answer in spoken {
            completion = completion.saturating_add(answer.completion_tokens());
            reasoning = reasoning.saturating_add(answer.reasoning_tokens());
        }
        let mut usage = Usage {
            prompt_tokens: Some(self.prompt_tokens),
            completion_tokens: Some(completion),
            reasoning_tokens: Some(reasoning),
            ..Usage::default()
        };
        match &self.stated {
            StatedUsage::Counted => {}
            StatedUsage::Missing => return None,
            StatedUsage::Overridden(changes) => changes.apply(&mut usage),
        }
        usage.total_tokens = usage.total_tokens.or_else(|| {
            Some(
                usage
                    .prompt_tokens?
                    .saturating_add(usage.completion_tokens?),
            )
        });
        Some(usage)
    }
}

/// The bytes of a text as counters hold them.
pub(super) fn length(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

/// The id of an answer's tool call: the same call has the same one every time.
pub(super) fn call_id(generation: &str, answer: u32, index: u32) -> Cow<'static, str> {
    let tail = generation
        .get(generation.len().saturating_sub(12)..)
        .unwrap_or(generation);
    Cow::Owned(format!("call_{tail}_{answer}_{index}"))
}

#[cfg(test)]
mod tests {
    use vuzo_domain::chat::typical_tokens;

    use super::*;

    #[test]
    fn four_bytes_are_a_token_and_the_rest_is_one() {
        for (bytes, count) in [(0, 0), (1, 1), (4, 1), (5, 2), (4_000_000, 1_000_000)] {
            assert_eq!(tokens(bytes), count, "{bytes}");
            assert_eq!(
                typical_tokens(bytes),
                count,
                "the estimate has the same rule"
            );
        }
    }
}
