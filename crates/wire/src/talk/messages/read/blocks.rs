//! The conversation: who speaks, and in which blocks.

use super::super::super::seal::Maker;
use super::super::super::{CacheLife, Part, Role, Turn};
use super::options::{cache, own_type};
use super::source::{self, Document};
use super::{raw, string};
use crate::chat::RequestFault;
use crate::chat::request::check::{self, Checked, Path};
use crate::json::{Cursor, Kind};

const MAX_MESSAGES: usize = 100_000;
const MAX_BLOCKS: usize = 10_000;
const FOREIGN: &str = "blocks of tools that run at the provider are not priced by this gateway";
const MEMBERS: &[&str] = &[
    "type",
    "text",
    "source",
    "title",
    "id",
    "name",
    "input",
    "tool_use_id",
    "content",
    "is_error",
    "thinking",
    "signature",
    "data",
    "cache_control",
];
const SAID_BY_USERS: &[&str] = &["text", "image", "document", "tool_result"];
const SAID_BY_MODELS: &[&str] = &["text", "tool_use", "thinking", "redacted_thinking"];
const SAID_INSIDE: &[&str] = &["text", "image", "document"];
const ANY: &[&str] = &[
    "text",
    "image",
    "document",
    "tool_result",
    "tool_use",
    "thinking",
    "redacted_thinking",
];

/// Reads `messages`.
pub(super) fn messages(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<Vec<Turn>> {
    let mut turns = Vec::new();
    check::some_items(cursor, at, MAX_MESSAGES, |cursor, at| {
        turns.push(message(cursor, at)?);
        Ok(())
    })?;
    Ok(turns)
}

/// Reads `system`.
pub(super) fn system(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<Vec<Part>> {
    content(cursor, at)?.into_parts(at, &["text"])
}

/// Reads the content of a tool's result, or of a document.
pub(super) fn inner(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<Vec<Part>> {
    content(cursor, at)?.into_parts(at, SAID_INSIDE)
}

fn message(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<Turn> {
    let (mut role, mut said) = (None, None);
    check::members(cursor, at, &["role", "content"], |cursor, name, at| {
        if name == "role" {
            role = Some(check::word(cursor, at, &["user", "assistant", "system"])?);
        } else {
            said = Some(content(cursor, at)?);
        }
        Ok(())
    })?;
    let Some(role) = role else {
        return Err(RequestFault::missing(&at.field("role")));
    };
    let at = &at.field("content");
    let Some(said) = said else {
        return Err(RequestFault::missing(at));
    };
    let (role, kinds) = match role {
        "user" => (Role::User, SAID_BY_USERS),
        "assistant" => (Role::Assistant, SAID_BY_MODELS),
        _ => (Role::System, &["text"][..]),
    };
    let parts = said.into_parts(at, kinds)?;
    Ok(Turn { role, parts })
}

/// Content whose speaker is not known yet: each part with the block that it came in.
struct Said(Vec<(usize, &'static str, Part)>);

impl Said {
    /// The parts, if this speaker may say all of them.
    fn into_parts(self, at: &Path<'_>, kinds: &[&'static str]) -> Checked<Vec<Part>> {
        let mut parts = Vec::with_capacity(self.0.len());
        for (index, kind, part) in self.0 {
            if !kinds.contains(&kind) {
                return Err(RequestFault::value(
                    &Path::Index(at, index).field("type"),
                    &format!("a block of type '{}' here", kinds.join("', '")),
                ));
            }
            parts.push(part);
        }
        Ok(parts)
    }
}

fn content(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<Said> {
    let mut said = Vec::new();
    match cursor.kind() {
        Kind::String => {
            let text = string(cursor, at)?;
            said.push((0, "text", Part::Text { text, cache: None }));
        }
        Kind::Array => {
            let mut index = 0;
            check::items(cursor, at, MAX_BLOCKS, |cursor, at| {
                block(cursor, at, index, &mut said)?;
                index += 1;
                Ok(())
            })?;
        }
        _ => {
            return Err(check::wrong_kind(
                cursor,
                at,
                "a string or an array of blocks",
            ));
        }
    }
    Ok(Said(said))
}

/// What one block holds; its type may come last.
#[derive(Default)]
struct Found {
    kind: Option<&'static str>,
    /// Whether there is a source; it is read again once the type is known.
    source: bool,
    text: Option<String>,
    title: Option<String>,
    id: Option<String>,
    name: Option<String>,
    input: Option<String>,
    tool_use_id: Option<String>,
    content: Option<Vec<Part>>,
    is_error: bool,
    thinking: Option<String>,
    signature: Option<String>,
    data: Option<String>,
    cache: Option<CacheLife>,
}

fn block(
    cursor: &mut Cursor<'_>,
    at: &Path<'_>,
    index: usize,
    said: &mut Vec<(usize, &'static str, Part)>,
) -> Checked {
    let mut found = Found::default();
    let mut source = cursor.clone();
    check::members(cursor, at, MEMBERS, |cursor, name, at| {
        if name == "source" {
            source = cursor.clone();
            found.source = true;
            cursor.skip()?;
            return Ok(());
        }
        found.member(cursor, name, at)
    })?;
    let Some(kind) = found.kind else {
        return Err(RequestFault::missing(&at.field("type")));
    };
    let missing = |name: &str| RequestFault::missing(&at.field(name));
    let part = match kind {
        "image" | "document" if !found.source => return Err(missing("source")),
        "image" => Part::Image {
            media: source::image(&mut source, &at.field("source"))?,
            detail: None,
            cache: found.cache,
        },
        "document" => match source::document(&mut source, &at.field("source"))? {
            Document::One(media) => Part::Document {
                media,
                name: found.title,
                cache: found.cache,
            },
            Document::Parts(parts) => {
                said.extend(parts.into_iter().map(|part| (index, kind, part)));
                return Ok(());
            }
        },
        _ => found.into_part(kind, at)?,
    };
    said.push((index, kind, part));
    Ok(())
}

impl Found {
    fn member(&mut self, cursor: &mut Cursor<'_>, name: &str, at: &Path<'_>) -> Checked {
        match name {
            "type" => self.kind = Some(own_type(cursor, at, ANY, FOREIGN)?),
            "text" => self.text = Some(string(cursor, at)?),
            "title" => self.title = Some(string(cursor, at)?),
            "id" => self.id = Some(tool_id(cursor, at)?),
            "name" => self.name = Some(string(cursor, at)?),
            "input" => self.input = Some(raw(cursor, at)?),
            "tool_use_id" => self.tool_use_id = Some(tool_id(cursor, at)?),
            "content" => self.content = Some(inner(cursor, at)?),
            "is_error" => self.is_error = check::boolean(cursor, at)?,
            "thinking" => self.thinking = Some(string(cursor, at)?),
            "signature" => self.signature = Some(string(cursor, at)?),
            "data" => self.data = Some(string(cursor, at)?),
            _ => self.cache = Some(cache(cursor, at)?),
        }
        Ok(())
    }

    fn into_part(self, kind: &str, at: &Path<'_>) -> Checked<Part> {
        let missing = |name: &'static str| RequestFault::missing(&at.field(name));
        Ok(match kind {
            "tool_use" => Part::Call {
                id: self.id.ok_or_else(|| missing("id"))?,
                name: self.name.ok_or_else(|| missing("name"))?,
                arguments: self.input.ok_or_else(|| missing("input"))?,
                seal: None,
                cache: self.cache,
            },
            "tool_result" => Part::Result {
                id: self.tool_use_id.ok_or_else(|| missing("tool_use_id"))?,
                parts: self.content.unwrap_or_default(),
                is_error: self.is_error,
                cache: self.cache,
            },
            "thinking" => Part::Thought {
                text: self.thinking.ok_or_else(|| missing("thinking"))?,
                // A thought that came from a provider without signatures has an empty one.
                signature: Some(self.signature.ok_or_else(|| missing("signature"))?)
                    .filter(|signature| !signature.is_empty())
                    .map(|signature| Maker::Anthropic.adopt(signature)),
            },
            "redacted_thinking" => Part::SealedThought {
                data: Maker::Anthropic.adopt(self.data.ok_or_else(|| missing("data"))?),
            },
            _ => {
                let text = self.text.ok_or_else(|| missing("text"))?;
                if text.is_empty() {
                    return Err(RequestFault::value(
                        &at.field("text"),
                        "text that is not empty",
                    ));
                }
                Part::Text {
                    text,
                    cache: self.cache,
                }
            }
        })
    }
}

fn tool_id(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<String> {
    let id = string(cursor, at)?;
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if id.is_empty() || !id.bytes().all(known) {
        return Err(RequestFault::value(
            at,
            "a tool id of letters, digits, underscores or dashes",
        ));
    }
    Ok(id)
}
