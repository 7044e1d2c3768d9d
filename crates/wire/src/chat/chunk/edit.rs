//! Small edits of one payload on its way to the client.

use std::cell::Cell;

use crate::json::{Cursor, Edit, JsonFault, edit_object, push_member, push_string};

/// Writes the payload with its top-level `id` replaced, or added when there is none.
///
/// Stops reading at the id, which usually comes first. A payload that is not an object is copied unchanged.
pub fn replace_id(data: &[u8], new_id: &str, out: &mut Vec<u8>) {
    out.reserve(data.len() + new_id.len() + 8);
    let mark = out.len();
    if try_replace_id(data, new_id, out).is_err() {
        out.truncate(mark);
        out.extend_from_slice(data);
    }
}

/// Writes the payload without a top-level `usage` that is null; says whether there was one.
pub fn strip_usage_null(data: &[u8], out: &mut Vec<u8>) -> bool {
    let mark = out.len();
    if null_usage(data) {
        out.reserve(data.len());
        let mut stripped = false;
        let decide = |name: &str, value: &[u8], _: &mut Vec<u8>| {
            if name == "usage" && value == b"null" {
                stripped = true;
                return Edit::Drop;
            }
            Edit::Keep
        };
        if edit_object(data, out, decide, |_, _| {}).is_ok() {
            return stripped;
        }
    }
    out.truncate(mark);
    out.extend_from_slice(data);
    false
}

/// Both edits at once: gives the payload our id, and strips a null `usage` for a client that did not ask for usage.
pub fn relay(data: &[u8], new_id: &str, strip_usage: bool, out: &mut Vec<u8>) {
    if !strip_usage || !null_usage(data) {
        return replace_id(data, new_id, out);
    }
    let mark = out.len();
    out.reserve(data.len() + new_id.len() + 8);
    let has_id = Cell::new(false);
    let decide = |name: &str, value: &[u8], out: &mut Vec<u8>| match name {
        "usage" if value == b"null" => Edit::Drop,
        "id" => {
            has_id.set(true);
            push_string(new_id, out);
            Edit::Written
        }
        _ => Edit::Keep,
    };
    let append = |comma, out: &mut Vec<u8>| {
        if !has_id.get() {
            push_id(comma, new_id, out);
        }
    };
    if edit_object(data, out, decide, append).is_err() {
        out.truncate(mark);
        out.extend_from_slice(data);
    }
}

fn push_id(comma: bool, new_id: &str, out: &mut Vec<u8>) {
    let mut id = Vec::with_capacity(new_id.len() + 2);
    push_string(new_id, &mut id);
    push_member(comma, "id", &id, out);
}

fn try_replace_id(data: &[u8], new_id: &str, out: &mut Vec<u8>) -> Result<(), JsonFault> {
    let mut cursor = Cursor::new(data);
    cursor.open_object()?;
    let mut empty = true;
    loop {
        let before = cursor.pos();
        let Some(key) = cursor.member()? else {
            out.extend_from_slice(data.get(..before).unwrap_or_default());
            push_id(!empty, new_id, out);
            out.extend_from_slice(data.get(before..).unwrap_or_default());
            return Ok(());
        };
        let value = cursor.pos();
        cursor.skip()?;
        if key.is("id") {
            out.extend_from_slice(data.get(..value).unwrap_or_default());
            push_string(new_id, out);
            out.extend_from_slice(cursor.rest());
            return Ok(());
        }
        empty = false;
    }
}

/// Whether some `usage` is null; a substring search that spares the walk.
fn null_usage(data: &[u8]) -> bool {
    super::usage_values(data).any(|value| value.starts_with(b"null"))
}
