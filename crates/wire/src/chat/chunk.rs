//! Scans of one `data:` payload of a stream, and small edits of it.
//!
//! Everything here takes the bytes of a `chat.completion.chunk` (most of it also takes a whole completion),
//! reads them at most once and never fails: a payload that is not JSON simply holds no facts.

mod edit;
mod facts;
mod usage;

use memchr::memmem;

pub use edit::{relay, replace_id, strip_usage_null};
pub use facts::ChunkFacts;
pub use usage::Usage;

use crate::error::UpstreamFault;

/// Whether the payload can hold usage: it has a `"usage"` key that is not null. Costs a substring search.
pub fn may_hold_usage(data: &[u8]) -> bool {
    usage_values(data).any(|value| !value.starts_with(b"null"))
}

/// The usage in the payload, with the served model and tier that stand beside it.
pub fn parse_usage(data: &[u8]) -> Option<Usage> {
    if may_hold_usage(data) {
        Usage::read(data)
    } else {
        None
    }
}

/// Bytes of text, refusal, reasoning and tool arguments in the payload, counted as they stand in JSON.
pub fn output_bytes(data: &[u8]) -> u64 {
    ChunkFacts::of(data).output_bytes
}

/// The first finish reason that is neither null nor empty.
pub fn finish_reason(data: &[u8]) -> Option<&str> {
    if has(data, b"\"finish_reason\"") {
        ChunkFacts::of(data).finish_reason
    } else {
        None
    }
}

/// Whether some choice ends with this payload.
pub fn is_terminal(data: &[u8]) -> bool {
    finish_reason(data).is_some()
}

/// The error in the payload: at the top, as a string, inside a choice, or only as `finish_reason: "error"`.
pub fn error_of(data: &[u8]) -> Option<UpstreamFault> {
    // All variants hold the word somewhere outside of longer strings.
    if has(data, b"error") {
        ChunkFacts::of(data).error()
    } else {
        None
    }
}

/// Whether the payload has a `choices` array without any choice.
pub fn choices_empty(data: &[u8]) -> bool {
    ChunkFacts::of(data).choices == Some(0)
}

fn has(data: &[u8], needle: &[u8]) -> bool {
    memmem::find(data, needle).is_some()
}

/// What follows each `"usage":` in the payload. Inside strings quotes are escaped, so only true keys match.
fn usage_values(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    const KEY: &[u8] = b"\"usage\"";
    memmem::find_iter(data, KEY).filter_map(|at| {
        let after = data.get(at + KEY.len()..)?.trim_ascii_start();
        after.strip_prefix(b":").map(<[u8]>::trim_ascii_start)
    })
}

#[cfg(test)]
mod tests;
