//! Events and responses on their way to the customer.

use memchr::memmem;

use super::EventFacts;
use crate::json::{Edit, JsonFault, edit_object, push_string};

/// Writes an event as one frame of one line, with our id wherever the response's stands
/// and the customer's own notes, as JSON, in place of the provider's.
pub fn relay_event(
    data: &[u8],
    facts: &EventFacts<'_>,
    id: &str,
    metadata: Option<&str>,
    out: &mut Vec<u8>,
) {
    out.reserve(data.len().saturating_add(64));
    if let Some(kind) = facts.kind {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(kind.as_bytes());
        out.push(b'\n');
    }
    out.extend_from_slice(b"data: ");
    let begin = out.len();
    let names_us = facts.response.is_some() || memmem::find(data, b"\"response_id\"").is_some();
    if !names_us || rename(data, id, metadata, out).is_err() {
        out.truncate(begin);
        out.extend_from_slice(data);
    }
    // A line break between tokens is blank space to JSON and the end of the line to SSE.
    if memchr::memchr2(b'\n', b'\r', data).is_some() {
        for byte in out.iter_mut().skip(begin) {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
    }
    out.extend_from_slice(b"\n\n");
}

fn rename(
    data: &[u8],
    id: &str,
    metadata: Option<&str>,
    out: &mut Vec<u8>,
) -> Result<(), JsonFault> {
    let decide = |name: &str, value: &[u8], out: &mut Vec<u8>| match name {
        "response" => {
            relay_response(value, id, metadata, out);
            Edit::Written
        }
        "response_id" => {
            push_string(id, out);
            Edit::Written
        }
        _ => Edit::Keep,
    };
    edit_object(data, out, decide, |_, _| {})
}

/// Writes a response with our id, and with the customer's own notes, as JSON, in place of
/// the provider's. What is no object stays as it is.
pub fn relay_response(response: &[u8], id: &str, metadata: Option<&str>, out: &mut Vec<u8>) {
    let mark = out.len();
    let decide = |name: &str, _: &[u8], out: &mut Vec<u8>| match (name, metadata) {
        ("id", _) => {
            push_string(id, out);
            Edit::Written
        }
        ("metadata", Some(notes)) => {
            out.extend_from_slice(notes.as_bytes());
            Edit::Written
        }
        _ => Edit::Keep,
    };
    if edit_object(response, out, decide, |_, _| {}).is_err() {
        out.truncate(mark);
        out.extend_from_slice(response);
    }
}
