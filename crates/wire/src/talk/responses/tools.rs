//! Tools and the choice among them.

use super::{content::kind_of, options, request::NativeOnly};
use crate::{
    chat::{
        RequestFault,
        request::check::{self, Checked, Path},
    },
    json::{Cursor, Kind},
    talk::{Talk, Tool, ToolChoice},
};

const MAX_TOOLS: usize = 128;

/// Reads `tools`.
pub(super) fn read(
    cursor: &mut Cursor<'_>,
    at: &Path<'_>,
    native: &mut NativeOnly,
) -> Checked<Vec<Tool>> {
    let mut tools = Vec::new();
    check::items(cursor, at, MAX_TOOLS, |cursor, at| {
        let Some(kind) = kind_of(cursor, at)? else {
            return Err(RequestFault::missing(&at.field("type")));
        };
        if kind.is("function") {
            tools.push(function(cursor, at)?);
        } else if kind.is("custom") {
            custom(cursor, at, native)?;
        } else {
            let kind = kind.decode().unwrap_or_default();
            return Err(hosted(at, &kind));
        }
        Ok(())
    })?;
    Ok(tools)
}

fn function(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<Tool> {
    let (mut label, mut description) = (None, None);
    let (mut parameters, mut strict) = (None, None);
    let known = ["type", "name", "description", "parameters", "strict"];
    check::members(cursor, at, &known, |cursor, name, at| {
        match name {
            "type" => check::text(cursor, at).map(drop)?,
            "name" => label = Some(options::identifier(cursor, at)?),
            "description" => description = Some(options::string(cursor, at)?),
            "parameters" => parameters = Some(options::object(cursor, at)?),
            _ => strict = Some(check::boolean(cursor, at)?),
        }
        Ok(())
    })?;
    let name = label.ok_or_else(|| RequestFault::missing(&at.field("name")))?;
    Ok(Tool {
        name,
        description,
        parameters,
        strict,
        cache: None,
    })
}

fn custom(cursor: &mut Cursor<'_>, at: &Path<'_>, native: &mut NativeOnly) -> Checked {
    let start = cursor.pos();
    let mut named = false;
    let known = ["type", "name", "description", "format"];
    check::members(cursor, at, &known, |cursor, name, at| match name {
        "name" => {
            named = true;
            check::identifier(cursor, at)
        }
        "format" => check::object(cursor, at),
        _ => check::text(cursor, at).map(drop),
    })?;
    if !named {
        return Err(RequestFault::missing(&at.field("name")));
    }
    native.note(only_native(at, "Custom tools"), cursor.since(start));
    Ok(())
}

/// The refusal of something that only a provider of this wire can do.
pub(super) fn only_native(at: &Path<'_>, what: &str) -> RequestFault {
    let message = format!(
        "Unsupported value: '{at}'. {what} are not supported with this model: use function tools."
    );
    RequestFault::new(at, "unsupported_value", message)
}

/// The refusal of a tool that runs at the provider, which nobody has priced.
fn hosted(at: &Path<'_>, kind: &str) -> RequestFault {
    let at = at.field("type");
    let kind: String = kind.chars().take(64).collect();
    let message = format!(
        "Unsupported value for '{at}': tools of type '{kind}' run at the provider, which this \
         gateway does not offer. Send tools of type 'function'."
    );
    RequestFault::new(&at, "unsupported_value", message)
}

/// What `tool_choice` says.
#[derive(Debug)]
pub(super) struct Choice {
    choice: ToolChoice,
    /// The tools that may be used, where not all may.
    allowed: Option<Vec<String>>,
}

impl Choice {
    /// Puts the choice into a request whose tools are known.
    pub(super) fn apply(self, talk: &mut Talk) {
        if let Some(allowed) = self.allowed {
            talk.tools.retain(|tool| allowed.contains(&tool.name));
        }
        talk.tool_choice = Some(self.choice);
    }
}

/// Reads `tool_choice`.
pub(super) fn choice(
    cursor: &mut Cursor<'_>,
    at: &Path<'_>,
    native: &mut NativeOnly,
) -> Checked<Choice> {
    match cursor.kind() {
        Kind::String => {
            let choice = word(cursor, at, &["none", "auto", "required"])?;
            Ok(Choice {
                choice,
                allowed: None,
            })
        }
        Kind::Object => {
            let Some(kind) = kind_of(cursor, at)? else {
                return Err(RequestFault::missing(&at.field("type")));
            };
            if kind.is("function") {
                let choice = ToolChoice::Named(named(cursor, at)?);
                return Ok(Choice {
                    choice,
                    allowed: None,
                });
            }
            if kind.is("allowed_tools") {
                return allowed(cursor, at);
            }
            if kind.is("custom") {
                let start = cursor.pos();
                let choice = ToolChoice::Named(named(cursor, at)?);
                native.note(only_native(at, "Custom tools"), cursor.since(start));
                return Ok(Choice {
                    choice,
                    allowed: None,
                });
            }
            let kind = kind.decode().unwrap_or_default();
            Err(hosted(at, &kind))
        }
        _ => Err(check::wrong_kind(
            cursor,
            at,
            "'none', 'auto', 'required' or an object that names a tool",
        )),
    }
}

fn word(cursor: &mut Cursor<'_>, at: &Path<'_>, known: &[&'static str]) -> Checked<ToolChoice> {
    Ok(match check::word(cursor, at, known)? {
        "none" => ToolChoice::None,
        "required" => ToolChoice::Required,
        _ => ToolChoice::Auto,
    })
}

fn named(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<String> {
    let mut label = None;
    check::members(cursor, at, &["type", "name"], |cursor, name, at| {
        if name == "name" {
            label = Some(options::identifier(cursor, at)?);
            return Ok(());
        }
        check::text(cursor, at).map(drop)
    })?;
    label.ok_or_else(|| RequestFault::missing(&at.field("name")))
}

fn allowed(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<Choice> {
    let (mut mode, mut names) = (None, None);
    check::members(
        cursor,
        at,
        &["type", "mode", "tools"],
        |cursor, name, at| {
            match name {
                "type" => check::text(cursor, at).map(drop)?,
                "mode" => mode = Some(word(cursor, at, &["auto", "required"])?),
                _ => {
                    let mut list = Vec::new();
                    check::items(cursor, at, MAX_TOOLS, |cursor, at| {
                        list.push(named(cursor, at)?);
                        Ok(())
                    })?;
                    names = Some(list);
                }
            }
            Ok(())
        },
    )?;
    let choice = mode.ok_or_else(|| RequestFault::missing(&at.field("mode")))?;
    let allowed = names.ok_or_else(|| RequestFault::missing(&at.field("tools")))?;
    Ok(Choice {
        choice,
        allowed: Some(allowed),
    })
}
