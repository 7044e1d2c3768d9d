//! The pieces that chunks and completions are put together of.

use std::borrow::Cow;

use super::push_number;
use crate::json::push_string;
use crate::talk::Head;

/// JSON on one line: a line break between its tokens is blank space to JSON and the end of
/// the line to SSE.
pub(super) fn one_line(json: &str) -> Cow<'_, str> {
    if json.contains(['\n', '\r']) {
        Cow::Owned(json.replace(['\n', '\r'], " "))
    } else {
        Cow::Borrowed(json)
    }
}

/// Writes `{"id":…,"object":…,"created":…,"model":…,`.
pub(in crate::talk) fn push_head(head: &Head, object: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"id\":");
    push_string(&head.id, out);
    out.extend_from_slice(b",\"object\":");
    push_string(object, out);
    out.extend_from_slice(b",\"created\":");
    push_number(head.created, out);
    out.extend_from_slice(b",\"model\":");
    push_string(&head.model, out);
    out.push(b',');
}

/// Writes a further member with the class of service, where anybody says what it was.
pub(super) fn push_tier(tier: Option<&str>, out: &mut Vec<u8>) {
    if let Some(tier) = tier {
        out.extend_from_slice(b",\"service_tier\":");
        push_string(tier, out);
    }
}

/// Writes `"reasoning_details":[…]` with one piece of a thought.
pub(super) fn push_detail(kind: &str, name: &str, value: &str, number: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\"reasoning_details\":[");
    push_piece(kind, &[(name, value)], number, out);
    out.push(b']');
}

/// Writes one thought, or a piece of one.
pub(super) fn push_piece(kind: &str, members: &[(&str, &str)], number: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"type\":\"reasoning.");
    out.extend_from_slice(kind.as_bytes());
    out.push(b'"');
    for (name, value) in members {
        out.extend_from_slice(b",\"");
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":");
        push_string(value, out);
    }
    out.extend_from_slice(b",\"index\":");
    push_number(u64::from(number), out);
    out.push(b'}');
}

/// Writes the members of a call, and closes its object.
pub(super) fn push_call(
    id: &str,
    name: &str,
    arguments: &str,
    seal: Option<&str>,
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(b"\"id\":");
    push_string(id, out);
    out.extend_from_slice(b",\"type\":\"function\",\"function\":{\"name\":");
    push_string(name, out);
    out.extend_from_slice(b",\"arguments\":");
    push_string(arguments, out);
    out.push(b'}');
    if let Some(seal) = seal {
        out.extend_from_slice(b",\"extra_content\":{\"google\":{\"thought_signature\":");
        push_string(seal, out);
        out.extend_from_slice(b"}}");
    }
    out.push(b'}');
}
