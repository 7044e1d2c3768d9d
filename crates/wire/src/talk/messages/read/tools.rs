//! The tools on offer and the choice among them.

use super::super::super::{Tool, ToolChoice};
use super::options::{cache, own_type};
use super::{schema, string};
use crate::chat::RequestFault;
use crate::chat::request::check::{self, Checked, Path};
use crate::json::Cursor;

const MAX_TOOLS: usize = 1_000;
const MEMBERS: &[&str] = &[
    "type",
    "name",
    "description",
    "input_schema",
    "strict",
    "cache_control",
];
const FOREIGN: &str =
    "only tools of type 'custom', which the customer runs, are priced by this gateway";

/// Reads `tools`.
pub(super) fn tools(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<Vec<Tool>> {
    let mut tools = Vec::new();
    check::items(cursor, at, MAX_TOOLS, |cursor, at| {
        tools.push(tool(cursor, at)?);
        Ok(())
    })?;
    Ok(tools)
}

fn tool(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<Tool> {
    let (mut name, mut parameters) = (None, None);
    let (mut description, mut strict, mut breakpoint) = (None, None, None);
    check::members(cursor, at, MEMBERS, |cursor, member, at| {
        match member {
            "type" => {
                own_type(cursor, at, &["custom"], FOREIGN)?;
            }
            "name" => {
                let mut ahead = cursor.clone();
                identifier(cursor, at)?;
                name = Some(string(&mut ahead, at)?);
            }
            "description" => description = Some(string(cursor, at)?),
            "input_schema" => {
                of_object(&mut cursor.clone(), at)?;
                parameters = Some(schema(cursor, at)?);
            }
            "strict" => strict = Some(check::boolean(cursor, at)?),
            _ => breakpoint = Some(cache(cursor, at)?),
        }
        Ok(())
    })?;
    let Some(name) = name else {
        return Err(RequestFault::missing(&at.field("name")));
    };
    if parameters.is_none() {
        return Err(RequestFault::missing(&at.field("input_schema")));
    }
    Ok(Tool {
        name,
        description,
        parameters,
        strict,
        cache: breakpoint,
    })
}

/// A tool's name has up to 128 characters here, twice as many as in `OpenAI`'s wire.
fn identifier(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked {
    let name = string(cursor, at)?;
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if (1..=128).contains(&name.len()) && name.bytes().all(known) {
        return Ok(());
    }
    Err(RequestFault::value(
        at,
        "1 to 128 letters, digits, underscores or dashes",
    ))
}

/// The schema of arguments describes an object.
fn of_object(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked {
    let mut typed = false;
    check::members(cursor, at, &["type"], |cursor, _, at| {
        typed = true;
        check::word(cursor, at, &["object"]).map(drop)
    })?;
    if typed {
        Ok(())
    } else {
        Err(RequestFault::missing(&at.field("type")))
    }
}

/// Reads `tool_choice`: which tools, and whether several at once.
pub(super) fn choice(
    cursor: &mut Cursor<'_>,
    at: &Path<'_>,
) -> Checked<(ToolChoice, Option<bool>)> {
    let (mut kind, mut tool, mut parallel) = (None, None, None);
    let known = &["type", "name", "disable_parallel_tool_use"];
    check::members(cursor, at, known, |cursor, name, at| {
        match name {
            "type" => kind = Some(check::word(cursor, at, &["auto", "any", "tool", "none"])?),
            "name" => tool = Some(string(cursor, at)?),
            _ => parallel = Some(!check::boolean(cursor, at)?),
        }
        Ok(())
    })?;
    let choice = match (kind, tool) {
        (None, _) => return Err(RequestFault::missing(&at.field("type"))),
        (Some("tool"), None) => return Err(RequestFault::missing(&at.field("name"))),
        (Some("tool"), Some(name)) => ToolChoice::Named(name),
        (Some("any"), _) => ToolChoice::Required,
        (Some("none"), _) => ToolChoice::None,
        (Some(_), _) => ToolChoice::Auto,
    };
    Ok((choice, parallel))
}
