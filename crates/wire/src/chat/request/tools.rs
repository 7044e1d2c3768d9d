//! Tools, legacy functions and the choice among them.

use super::{
    RequestFault,
    check::{self, Checked, Path},
    draft::Tally,
    options,
};
use crate::json::{Cursor, Kind};

const MAX_TOOLS: usize = 128;

/// Checks `tools` and gives their number.
pub(super) fn check(cursor: &mut Cursor<'_>, at: &Path<'_>, tally: &mut Tally) -> Checked<usize> {
    check::items(cursor, at, MAX_TOOLS, |cursor, at| tool(cursor, at, tally))
}

/// Checks the legacy `functions` and gives their number.
pub(super) fn functions(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<usize> {
    check::items(cursor, at, MAX_TOOLS, function)
}

/// Checks `tool_choice`.
pub(super) fn choice(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked {
    match cursor.kind() {
        Kind::String => check::word(cursor, at, &["none", "auto", "required"]).map(drop),
        Kind::Object => typed(
            cursor,
            at,
            &["function", "custom", "allowed_tools"],
            |cursor, name, at| {
                if name == "allowed_tools" {
                    allowed_tools(cursor, at)
                } else {
                    named(cursor, at)
                }
            },
        ),
        _ => Err(check::wrong_kind(
            cursor,
            at,
            "'none', 'auto', 'required' or an object that names a tool",
        )),
    }
}

/// Checks the legacy `function_call`.
pub(super) fn function_call(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked {
    match cursor.kind() {
        Kind::String => check::word(cursor, at, &["none", "auto"]).map(drop),
        _ => named(cursor, at),
    }
}

/// An object `{"type": t, t: …}`: `each` checks the member that the type promises.
fn typed<'a>(
    cursor: &mut Cursor<'a>,
    at: &Path<'_>,
    types: &[&'static str],
    mut each: impl FnMut(&mut Cursor<'a>, &str, &Path<'_>) -> Checked,
) -> Checked {
    let mut kind = None;
    let mut present = 0_u32;
    let mut known = vec!["type"];
    known.extend(types);
    check::members(cursor, at, &known, |cursor, name, at| {
        if name == "type" {
            kind = Some(check::word(cursor, at, types)?);
            return Ok(());
        }
        if let Some((bit, _)) = (0_u32..).zip(types).find(|(_, word)| **word == name) {
            present |= 1 << bit;
        }
        each(cursor, name, at)
    })?;
    let Some(kind) = kind else {
        return Err(RequestFault::missing(&at.field("type")));
    };
    let promised = (0_u32..)
        .zip(types)
        .any(|(bit, word)| *word == kind && present & (1 << bit) != 0);
    if promised {
        Ok(())
    } else {
        Err(RequestFault::missing(&at.field(kind)))
    }
}

fn tool(cursor: &mut Cursor<'_>, at: &Path<'_>, tally: &mut Tally) -> Checked {
    let (mut kind, mut has_function, mut has_custom) = (None, false, false);
    check::members(
        cursor,
        at,
        &["type", "function", "custom", "cache_control"],
        |cursor, name, at| {
            match name {
                "type" => kind = Some(check::word(cursor, at, &["function", "custom"])?),
                "function" => {
                    has_function = true;
                    function(cursor, at)?;
                }
                "custom" => {
                    has_custom = true;
                    custom(cursor, at)?;
                }
                _ => tally.long_cache |= options::cache_hint(cursor, at)?,
            }
            Ok(())
        },
    )?;
    match kind {
        None => Err(RequestFault::missing(&at.field("type"))),
        Some("function") if !has_function => Err(RequestFault::missing(&at.field("function"))),
        Some("custom") if !has_custom => Err(RequestFault::missing(&at.field("custom"))),
        Some(_) => Ok(()),
    }
}

fn function(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked {
    let mut has_name = false;
    check::members(
        cursor,
        at,
        &["name", "description", "parameters", "strict"],
        |cursor, name, at| match name {
            "name" => {
                has_name = true;
                check::identifier(cursor, at)
            }
            "description" => check::text(cursor, at).map(drop),
            "parameters" => check::object(cursor, at),
            _ => check::boolean(cursor, at).map(drop),
        },
    )?;
    if has_name {
        Ok(())
    } else {
        Err(RequestFault::missing(&at.field("name")))
    }
}

fn custom(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked {
    let mut has_name = false;
    check::members(
        cursor,
        at,
        &["name", "description", "format"],
        |cursor, name, at| match name {
            "name" => {
                has_name = true;
                check::identifier(cursor, at)
            }
            "description" => check::text(cursor, at).map(drop),
            _ => check::object(cursor, at),
        },
    )?;
    if has_name {
        Ok(())
    } else {
        Err(RequestFault::missing(&at.field("name")))
    }
}

fn named(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked {
    let mut has_name = false;
    check::members(cursor, at, &["name"], |cursor, _, at| {
        has_name = true;
        check::identifier(cursor, at)
    })?;
    if has_name {
        Ok(())
    } else {
        Err(RequestFault::missing(&at.field("name")))
    }
}

fn allowed_tools(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked {
    let (mut mode, mut tools) = (false, false);
    check::members(cursor, at, &["mode", "tools"], |cursor, name, at| {
        if name == "mode" {
            mode = true;
            return check::word(cursor, at, &["auto", "required"]).map(drop);
        }
        tools = true;
        check::items(cursor, at, MAX_TOOLS, check::object).map(drop)
    })?;
    match (mode, tools) {
        (false, _) => Err(RequestFault::missing(&at.field("mode"))),
        (_, false) => Err(RequestFault::missing(&at.field("tools"))),
        _ => Ok(()),
    }
}
