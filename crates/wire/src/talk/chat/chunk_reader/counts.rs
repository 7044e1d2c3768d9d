//! From OpenAI's totals, which include their details, to disjoint counts.

use crate::chat::Usage as Stated;
use crate::talk::Usage;

/// What makes one snapshot higher than another.
pub(super) fn weight(stated: &Stated) -> u64 {
    [stated.prompt_tokens, stated.completion_tokens]
        .into_iter()
        .flatten()
        .fold(0, u64::saturating_add)
}

/// Every token in one count; `None` where the provider does not say enough.
pub(super) fn disjoint(stated: &Stated) -> Option<Usage> {
    let (prompt, completion) = sides(stated)?;
    let mut rest = prompt;
    let mut part = |count: Option<u64>| {
        let taken = count.unwrap_or(0).min(rest);
        rest -= taken;
        taken
    };
    let cache_read = part(stated.cached_tokens);
    let cache_write = part(stated.cache_write_tokens);
    let audio_input = part(stated.prompt_audio_tokens);
    let reasoning = stated.reasoning_tokens.unwrap_or(0).min(completion);
    Some(Usage {
        input: rest,
        cache_read,
        cache_write,
        cache_write_long: 0,
        audio_input,
        output: completion - reasoning,
        reasoning,
    })
}

/// Prompt and completion; one of them may follow from the total.
fn sides(stated: &Stated) -> Option<(u64, u64)> {
    let rest = |known: u64| stated.total_tokens?.checked_sub(known);
    match (stated.prompt_tokens, stated.completion_tokens) {
        (Some(prompt), Some(completion)) => Some((prompt, completion)),
        (Some(prompt), None) => Some((prompt, rest(prompt)?)),
        (None, Some(completion)) => Some((rest(completion)?, completion)),
        (None, None) => None,
    }
}
