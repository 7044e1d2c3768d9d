//! The conversation: roles, and what each role must and may say.

use super::{
    RequestFault,
    check::{self, Checked, Path},
    draft::Tally,
    options,
    parts::{self, Content},
};
use crate::json::Cursor;

const MAX_MESSAGES: usize = 10_000;
const MAX_TOOL_CALLS: usize = 1_000;
const ROLES: &[&str] = &[
    "developer",
    "system",
    "user",
    "assistant",
    "tool",
    "function",
];
const MEMBERS: &[&str] = &[
    "role",
    "content",
    "name",
    "tool_calls",
    "tool_call_id",
    "function_call",
    "refusal",
    "audio",
    "cache_control",
];

/// Checks `messages` and adds up their parts.
pub(super) fn check(cursor: &mut Cursor<'_>, at: &Path<'_>, tally: &mut Tally) -> Checked {
    check::some_items(cursor, at, MAX_MESSAGES, |cursor, at| {
        message(cursor, at, tally)
    })
    .map(drop)
}

/// What one message holds; its role may come last, so the rules wait for the end.
#[derive(Debug, Default)]
struct Found {
    role: Option<&'static str>,
    content: Option<Content>,
    name: bool,
    tool_call_id: bool,
    /// Something that stands in for an assistant's content.
    instead: bool,
}

fn message(cursor: &mut Cursor<'_>, at: &Path<'_>, tally: &mut Tally) -> Checked {
    let mut found = Found::default();
    check::members(cursor, at, MEMBERS, |cursor, name, at| {
        member(cursor, name, at, &mut found, tally)
    })?;
    rules(&found, at)
}

fn member(
    cursor: &mut Cursor<'_>,
    name: &str,
    at: &Path<'_>,
    found: &mut Found,
    tally: &mut Tally,
) -> Checked {
    match name {
        "role" => found.role = Some(check::word(cursor, at, ROLES)?),
        "content" => found.content = Some(parts::content(cursor, at, tally)?),
        "name" => {
            check::short_text(cursor, at, 256)?;
            found.name = true;
        }
        "tool_call_id" => {
            check::text(cursor, at)?;
            found.tool_call_id = true;
        }
        "tool_calls" => found.instead |= check::items(cursor, at, MAX_TOOL_CALLS, tool_call)? > 0,
        "function_call" => {
            call(cursor, at, "arguments")?;
            found.instead = true;
        }
        "refusal" => {
            check::text(cursor, at)?;
            found.instead = true;
        }
        "audio" => {
            check::object(cursor, at)?;
            found.instead = true;
        }
        _ => tally.long_cache |= options::cache_hint(cursor, at)?,
    }
    Ok(())
}

fn rules(found: &Found, at: &Path<'_>) -> Checked {
    let Some(role) = found.role else {
        return Err(RequestFault::missing(&at.field("role")));
    };
    let may_be_empty = match role {
        "assistant" => found.instead,
        "function" => true,
        _ => false,
    };
    match &found.content {
        None if !may_be_empty => return Err(RequestFault::missing(&at.field("content"))),
        None => {}
        Some(content) => content.allowed_for(role, &at.field("content"))?,
    }
    match role {
        "tool" if !found.tool_call_id => Err(RequestFault::missing(&at.field("tool_call_id"))),
        "function" if !found.name => Err(RequestFault::missing(&at.field("name"))),
        _ => Ok(()),
    }
}

fn tool_call(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked {
    let (mut id, mut kind) = (false, None);
    let (mut function, mut custom) = (false, false);
    check::members(
        cursor,
        at,
        &["id", "type", "function", "custom"],
        |cursor, name, at| {
            match name {
                "id" => id = check::text(cursor, at).map(|_| true)?,
                "type" => kind = Some(check::word(cursor, at, &["function", "custom"])?),
                "function" => function = call(cursor, at, "arguments").map(|()| true)?,
                _ => custom = call(cursor, at, "input").map(|()| true)?,
            }
            Ok(())
        },
    )?;
    let absent = match kind {
        _ if !id => "id",
        None => "type",
        Some("function") if !function => "function",
        Some("custom") if !custom => "custom",
        Some(_) => return Ok(()),
    };
    Err(RequestFault::missing(&at.field(absent)))
}

/// A call: a name, and its input as a string.
fn call(cursor: &mut Cursor<'_>, at: &Path<'_>, input: &str) -> Checked {
    let (mut has_name, mut has_input) = (false, false);
    check::members(cursor, at, &["name", input], |cursor, name, at| {
        check::text(cursor, at)?;
        has_name |= name == "name";
        has_input |= name == input;
        Ok(())
    })?;
    match (has_name, has_input) {
        (false, _) => Err(RequestFault::missing(&at.field("name"))),
        (_, false) => Err(RequestFault::missing(&at.field(input))),
        _ => Ok(()),
    }
}
