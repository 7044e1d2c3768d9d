//! Token probabilities in OpenAI's words.

use serde_json::value::RawValue;

use super::chunk::{LogprobsResult, Token};
use crate::json::push_string;

/// OpenAI's `logprobs` object; `None` when nothing is said of any token.
pub(super) fn logprobs(result: &LogprobsResult) -> Option<String> {
    let chosen = result.chosen_candidates.as_deref().unwrap_or_default();
    if chosen.is_empty() {
        return None;
    }
    let alternatives = result.top_candidates.as_deref().unwrap_or_default();
    let mut out = b"{\"content\":[".to_vec();
    for (index, token) in chosen.iter().enumerate() {
        separate(index, &mut out);
        out.push(b'{');
        members(token, &mut out);
        out.extend_from_slice(b",\"top_logprobs\":[");
        let others = alternatives
            .get(index)
            .and_then(|others| others.candidates.as_deref())
            .unwrap_or_default();
        for (index, other) in others.iter().enumerate() {
            separate(index, &mut out);
            out.push(b'{');
            members(other, &mut out);
            out.push(b'}');
        }
        out.extend_from_slice(b"]}");
    }
    out.extend_from_slice(b"],\"refusal\":null}");
    String::from_utf8(out).ok()
}

fn separate(index: usize, out: &mut Vec<u8>) {
    if index > 0 {
        out.push(b',');
    }
}

fn members(token: &Token, out: &mut Vec<u8>) {
    let text = token.token.as_deref().unwrap_or_default();
    // OpenAI's own word for a token that is out of sight.
    let probability = token
        .log_probability
        .as_deref()
        .map_or("-9999.0", RawValue::get);
    out.extend_from_slice(b"\"token\":");
    push_string(text, out);
    out.extend_from_slice(b",\"logprob\":");
    out.extend_from_slice(probability.as_bytes());
    out.extend_from_slice(b",\"bytes\":[");
    for (index, byte) in text.bytes().enumerate() {
        separate(index, out);
        out.extend_from_slice(byte.to_string().as_bytes());
    }
    out.push(b']');
}
