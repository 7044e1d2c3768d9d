//! From Gemini's way of counting to ours: every token in exactly one count.
//!
//! The prompt's count contains the cached tokens. The candidates' count does not contain the
//! thoughts, except where prompt and candidates alone come to the stated total. What the
//! provider's own tools bring into the prompt is counted apart from it, and is input.

use super::chunk::{Metadata, Modality};
use crate::talk::Usage;

/// Disjoint counts; `None` where the provider does not say enough, which is to be estimated.
/// `has_spoken` is whether there is visible output, which cannot have taken nothing.
pub(super) fn usage(stated: &Metadata, has_spoken: bool) -> Option<Usage> {
    let says_anything = [
        stated.prompt_token_count,
        stated.candidates_token_count,
        stated.thoughts_token_count,
        stated.total_token_count,
    ];
    if says_anything.iter().all(Option::is_none) {
        return None;
    }
    let tools = stated.tool_use_prompt_token_count.unwrap_or(0);
    let prompt = stated.prompt_token_count.unwrap_or(0).saturating_add(tools);
    let thoughts = stated.thoughts_token_count.unwrap_or(0);
    let (output, reasoning) = if let Some(candidates) = stated.candidates_token_count {
        let sum = prompt.saturating_add(candidates);
        if stated.total_token_count == Some(sum) {
            let inside = thoughts.min(candidates);
            (candidates.saturating_sub(inside), inside)
        } else {
            (candidates, thoughts)
        }
    } else {
        let known = prompt.saturating_add(thoughts);
        let rest = stated.total_token_count.unwrap_or(0).saturating_sub(known);
        if rest == 0 && has_spoken {
            return None;
        }
        (rest, thoughts)
    };
    let cache_read = stated.cached_content_token_count.unwrap_or(0).min(prompt);
    let uncached = prompt.saturating_sub(cache_read);
    let sound = audio(stated.prompt_tokens_details.as_deref())
        .saturating_add(audio(stated.tool_use_prompt_tokens_details.as_deref()))
        .saturating_sub(audio(stated.cache_tokens_details.as_deref()));
    let audio_input = sound.min(uncached);
    Some(Usage {
        input: uncached.saturating_sub(audio_input),
        cache_read,
        audio_input,
        output,
        reasoning,
        ..Usage::default()
    })
}

fn audio(details: Option<&[Modality]>) -> u64 {
    details
        .unwrap_or_default()
        .iter()
        .filter(|detail| detail.modality.as_deref() == Some("AUDIO"))
        .filter_map(|detail| detail.token_count)
        .fold(0, u64::saturating_add)
}
