//! A small validating JSON cursor: the one tool behind request checks, chunk scans and byte edits.
//!
//! It walks bytes once, allocates nothing and hands out slices of its input.
//! `serde_json` is asked only to decode strings that hold escapes, and its judgement is the oracle of the tests.

mod cursor;
mod edit;
mod fault;
mod text;

pub(crate) use cursor::{Cursor, Kind};
pub(crate) use edit::{Edit, edit_items, edit_object, on_one_line, push_member, push_string};
pub(crate) use fault::{JsonFault, Problem};
pub(crate) use text::Text;

/// Containers may nest this deep; the outermost object is level one.
pub(crate) const MAX_DEPTH: u32 = 64;

/// Whether `text` is exactly one JSON number.
pub(crate) fn is_number(text: &str) -> bool {
    let mut cursor = Cursor::new(text.as_bytes());
    cursor
        .number()
        .is_ok_and(|number| number.len() == text.len())
}

#[cfg(test)]
mod tests;
