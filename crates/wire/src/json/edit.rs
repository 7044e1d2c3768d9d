//! Rewriting the members of one object, every other byte left as it is.

use super::{Cursor, JsonFault};

/// What became of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edit {
    /// Copy its value.
    Keep,
    /// Leave the member out.
    Drop,
    /// The decider has written the new value to the output.
    Written,
}

/// Copies the object `src` to `out`, asking `decide(name, value, out)` about every member,
/// then lets `append` add members; its `bool` tells whether a comma is due before the first.
///
/// # Errors
/// The fault in `src`; `out` then holds a part of the object.
pub(crate) fn edit_object(
    src: &[u8],
    out: &mut Vec<u8>,
    mut decide: impl FnMut(&str, &[u8], &mut Vec<u8>) -> Edit,
    append: impl FnOnce(bool, &mut Vec<u8>),
) -> Result<(), JsonFault> {
    let mut cursor = Cursor::new(src);
    cursor.open_object()?;
    out.extend_from_slice(cursor.since(0));
    let mut copied_any = false;
    loop {
        let before = cursor.pos();
        let Some(key) = cursor.member()? else {
            append(copied_any, out);
            out.extend_from_slice(cursor.since(before));
            out.extend_from_slice(cursor.rest());
            return Ok(());
        };
        let lead = cursor.since(before);
        let value = cursor.skip()?;
        let mark = out.len();
        out.extend_from_slice(if copied_any {
            lead
        } else {
            without_comma(lead)
        });
        let name = key.decode().unwrap_or_default();
        match decide(&name, value, out) {
            Edit::Keep => out.extend_from_slice(value),
            Edit::Written => {}
            Edit::Drop => {
                out.truncate(mark);
                continue;
            }
        }
        copied_any = true;
    }
}

/// Copies the array `src` to `out`, letting `edit(item, out)` write every item.
///
/// # Errors
/// The fault in `src`; `out` then holds a part of the array.
pub(crate) fn edit_items(
    src: &[u8],
    out: &mut Vec<u8>,
    mut edit: impl FnMut(&[u8], &mut Vec<u8>),
) -> Result<(), JsonFault> {
    let mut cursor = Cursor::new(src);
    cursor.open_array()?;
    let mut copied = 0;
    while cursor.item()? {
        let item = cursor.skip()?;
        let end = cursor.pos();
        let start = end.saturating_sub(item.len());
        out.extend_from_slice(src.get(copied..start).unwrap_or_default());
        edit(item, out);
        copied = end;
    }
    out.extend_from_slice(src.get(copied..).unwrap_or_default());
    Ok(())
}

/// Puts a JSON text on one line: a line break between tokens is blank space to JSON and
/// the end of the line to an event of a stream.
pub(crate) fn on_one_line(json: &mut [u8]) {
    for byte in json.iter_mut() {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
}

/// Writes `"name":` with a comma before it when one is due.
pub(crate) fn push_member(comma: bool, name: &str, value: &[u8], out: &mut Vec<u8>) {
    if comma {
        out.push(b',');
    }
    push_string(name, out);
    out.push(b':');
    out.extend_from_slice(value);
}

/// Writes `text` as a JSON string.
pub(crate) fn push_string(text: &str, out: &mut Vec<u8>) {
    let plain = text
        .bytes()
        .all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\');
    if plain {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else if serde_json::to_writer(&mut *out, text).is_err() {
        // Writing a string to a vector cannot fail; keep the output well formed all the same.
        out.extend_from_slice(b"\"\"");
    }
}

/// The text between two values without the comma: what stands before the first member.
fn without_comma(lead: &[u8]) -> &[u8] {
    let trimmed = lead.trim_ascii_start();
    trimmed
        .strip_prefix(b",")
        .map_or(lead, <[u8]>::trim_ascii_start)
}
