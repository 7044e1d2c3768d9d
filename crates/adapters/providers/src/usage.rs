//! From each provider's way of counting to ours: every token in exactly one count.
//!
//! This is the only place that knows whose totals contain what.

mod cost;

use vuzo_domain::chat::{Envelope, UsageReport};
use vuzo_domain::money::Units;
use vuzo_domain::pricing::ServedTier;
use vuzo_domain::usage::Consumption;
use vuzo_wire::chat::Usage;

/// Whether `completion_tokens` contains the reasoning tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReasoningCount {
    /// It does.
    Inside,
    /// It does not, unless `total_tokens` is the sum of prompt and completion alone.
    OutsideUnlessTotalAgrees,
}

/// Whether `prompt_tokens` contains the cached tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CachedCount {
    /// It does; a larger cached count is cut to the prompt.
    Inside,
    /// It does, except where the cached count is larger than the prompt's.
    InsideUnlessLarger,
}

/// In what the provider states its own charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatedCost {
    /// It does not.
    Never,
    /// `cost`, decimal US dollars.
    Dollars,
    /// `cost_in_usd_ticks`, of which a dollar has 10¹⁰.
    Ticks,
}

/// How a provider counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Convention {
    pub(crate) reasoning: ReasoningCount,
    pub(crate) cached: CachedCount,
    pub(crate) cost: StatedCost,
}

impl Convention {
    /// As `OpenAI` counts: everything is inside its total.
    pub(crate) const OPENAI: Self = Self {
        reasoning: ReasoningCount::Inside,
        cached: CachedCount::Inside,
        cost: StatedCost::Never,
    };
}

/// What the request says about its usage that the provider's report does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PromptFacts {
    long_cache: bool,
    images: u64,
}

impl PromptFacts {
    pub(crate) fn of(envelope: &Envelope) -> Self {
        Self {
            long_cache: envelope.long_cache,
            images: envelope.images,
        }
    }
}

/// The counts that a provider states, made disjoint. `None` where it does not say
/// enough, or says what nobody can mean.
pub(crate) fn consumption(
    usage: &Usage,
    convention: Convention,
    facts: PromptFacts,
) -> Option<Consumption> {
    let (stated_prompt, completion) = sides(usage)?;
    let cached = usage.cached_tokens.unwrap_or(0);
    let outside_cache = convention.cached == CachedCount::InsideUnlessLarger;
    let prompt = if outside_cache && cached > stated_prompt {
        stated_prompt.saturating_add(cached)
    } else {
        stated_prompt
    };
    let mut rest = prompt;
    let mut part = |count: Option<u64>| {
        let taken = count.unwrap_or(0).min(rest);
        rest = rest.saturating_sub(taken);
        taken
    };
    let cache_read = part(usage.cached_tokens);
    let written = part(usage.cache_write_tokens);
    let audio_input = part(usage.prompt_audio_tokens);
    let (cache_write, cache_write_long) = if facts.long_cache {
        (0, written)
    } else {
        (written, 0)
    };
    let thought = usage.reasoning_tokens.unwrap_or(0);
    let is_sum = |prompt: u64| usage.total_tokens == Some(prompt.saturating_add(completion));
    let thought_is_inside = match convention.reasoning {
        ReasoningCount::Inside => true,
        ReasoningCount::OutsideUnlessTotalAgrees => is_sum(stated_prompt) || is_sum(prompt),
    };
    let (output, reasoning) = if thought_is_inside {
        let reasoning = thought.min(completion);
        (completion.saturating_sub(reasoning), reasoning)
    } else {
        (completion, thought)
    };
    let counted = Consumption {
        input: rest,
        cache_read,
        cache_write,
        cache_write_long,
        audio_input,
        output,
        reasoning,
        // A stated zero is zero, images included.
        images: if prompt == 0 { 0 } else { facts.images },
    };
    counted.checked().ok()
}

/// Prompt and completion; one of them may follow from the total.
fn sides(usage: &Usage) -> Option<(u64, u64)> {
    match (usage.prompt_tokens, usage.completion_tokens) {
        (Some(prompt), Some(completion)) => Some((prompt, completion)),
        (Some(prompt), None) => Some((prompt, usage.total_tokens?.checked_sub(prompt)?)),
        (None, Some(completion)) => {
            Some((usage.total_tokens?.checked_sub(completion)?, completion))
        }
        (None, None) => None,
    }
}

/// What the provider says that it charges.
fn stated_cost(usage: &Usage, unit: StatedCost) -> Option<Units> {
    match unit {
        StatedCost::Never => None,
        StatedCost::Ticks => cost::from_ticks(usage.cost_in_usd_ticks?),
        StatedCost::Dollars => {
            let fee = cost::from_decimal(usage.cost.as_deref()?)?;
            match usage.upstream_cost.as_deref() {
                // With the operator's own key, `cost` is the broker's fee alone.
                Some(upstream) if usage.is_byok == Some(true) => {
                    fee.plus(cost::from_decimal(upstream)?).ok()
                }
                _ => Some(fee),
            }
        }
    }
}

/// Everything that a call's answer has said about its usage so far.
#[derive(Debug)]
pub(crate) struct UsageTally {
    convention: Convention,
    facts: PromptFacts,
    highest: Option<Usage>,
    served_model: Option<String>,
    served_tier: Option<ServedTier>,
    output_bytes: u64,
}

impl UsageTally {
    pub(crate) fn new(convention: Convention, facts: PromptFacts) -> Self {
        Self {
            convention,
            facts,
            highest: None,
            served_model: None,
            served_tier: None,
            output_bytes: 0,
        }
    }

    /// Takes one snapshot. Snapshots are cumulative, so the highest one stands and
    /// none are added up; of equals the last one is the more precise.
    pub(crate) fn usage(&mut self, snapshot: Usage) {
        if self.highest.as_ref().map(weight) <= Some(weight(&snapshot)) {
            self.highest = Some(snapshot);
        }
    }

    pub(crate) fn model(&mut self, name: &str) {
        if self.served_model.as_deref() != Some(name) {
            self.served_model = Some(name.to_owned());
        }
    }

    /// Takes the word for the class of service. The last one that says something stands:
    /// what an answer begins with may be what was asked for.
    pub(crate) fn tier(&mut self, word: &str) {
        let known = self.served_tier.as_ref().map(ServedTier::name);
        if known != Some(word) {
            self.served_tier = ServedTier::from_word(word).or(self.served_tier.take());
        }
    }

    /// The class of service; some tell it among the counts.
    fn served_tier(&self) -> Option<ServedTier> {
        let among = || ServedTier::from_word(self.highest.as_ref()?.service_tier.as_deref()?);
        self.served_tier.clone().or_else(among)
    }

    pub(crate) fn output(&mut self, bytes: u64) {
        self.output_bytes = self.output_bytes.saturating_add(bytes);
    }

    /// Whether the provider has said anything about usage.
    pub(crate) fn has_usage(&self) -> bool {
        self.highest.is_some()
    }

    pub(crate) fn report(&self) -> UsageReport {
        let usage = self.highest.as_ref();
        UsageReport {
            consumption: usage.and_then(|usage| consumption(usage, self.convention, self.facts)),
            served_model: self.served_model.clone(),
            served_tier: self.served_tier(),
            stated_cost: usage.and_then(|usage| stated_cost(usage, self.convention.cost)),
            output_bytes: self.output_bytes,
        }
    }
}

fn weight(usage: &Usage) -> u64 {
    [usage.prompt_tokens, usage.completion_tokens]
        .into_iter()
        .flatten()
        .fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests;
