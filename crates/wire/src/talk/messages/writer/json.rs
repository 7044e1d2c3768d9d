//! The few shapes of JSON that answers are made of.

use crate::json::{Cursor, Kind, push_string};

/// Writes `text` as a string.
pub(super) fn push(text: &str, out: &mut Vec<u8>) {
    push_string(text, out);
}

/// Writes `"name":"text"`.
pub(super) fn member(name: &str, text: &str, out: &mut Vec<u8>) {
    push_string(name, out);
    out.push(b':');
    push_string(text, out);
}

/// Writes `"name":number`.
pub(super) fn number_member(name: &str, number: u64, out: &mut Vec<u8>) {
    push_string(name, out);
    out.push(b':');
    out.extend_from_slice(number.to_string().as_bytes());
}

/// Writes arguments as the object that the wire wants. What is none, such as arguments
/// that were cut off, is handed over as text under a name that says so.
pub(super) fn push_input(arguments: &str, out: &mut Vec<u8>) {
    let mut cursor = Cursor::new(arguments.as_bytes());
    if arguments.trim().is_empty() {
        out.extend_from_slice(b"{}");
    } else if cursor.kind() == Kind::Object && cursor.skip().is_ok() && cursor.end().is_ok() {
        out.extend_from_slice(arguments.trim().as_bytes());
    } else {
        out.push(b'{');
        member("INVALID_JSON", arguments, out);
        out.push(b'}');
    }
}
