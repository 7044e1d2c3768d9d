//! The conversation: a string, or items.

use std::collections::HashMap;

use super::{
    content::{self, Owner, kind_of},
    options,
    request::NativeOnly,
    seal::Seal,
    tools::only_native,
};
use crate::{
    chat::{
        RequestFault,
        request::check::{self, Checked, Path},
    },
    json::{Cursor, Kind},
    talk::{Part, Role, Turn},
};

const MAX_ITEMS: usize = 10_000;
const KINDS: &str = "one of 'message', 'function_call', 'function_call_output', 'reasoning'";

/// A conversation as it is read.
#[derive(Debug, Default)]
pub(super) struct Input {
    /// The system messages before everything else.
    pub(super) system: Vec<Part>,
    /// The rest.
    pub(super) turns: Vec<Turn>,
    /// What was sealed with calls that are still to come, by their ids.
    seals: HashMap<String, String>,
}

/// Reads `input`.
pub(super) fn read(
    cursor: &mut Cursor<'_>,
    at: &Path<'_>,
    native: &mut NativeOnly,
) -> Checked<Input> {
    let mut input = Input::default();
    match cursor.kind() {
        Kind::String => {
            let text = options::string(cursor, at)?;
            input.turn(Role::User, vec![Part::Text { text, cache: None }]);
        }
        Kind::Array => {
            check::some_items(cursor, at, MAX_ITEMS, |cursor, at| {
                input.item(cursor, at, native)
            })?;
        }
        _ => {
            return Err(check::wrong_kind(
                cursor,
                at,
                "a string or an array of items",
            ));
        }
    }
    Ok(input)
}

impl Input {
    fn item(&mut self, cursor: &mut Cursor<'_>, at: &Path<'_>, native: &mut NativeOnly) -> Checked {
        let Some(kind) = kind_of(cursor, at)? else {
            return self.message(cursor, at);
        };
        match kind.decode().as_deref() {
            Some("message") => self.message(cursor, at),
            Some("function_call") => self.call(cursor, at),
            Some("function_call_output") => self.result(cursor, at),
            Some("reasoning") => self.reasoning(cursor, at),
            Some("item_reference") => Err(options::keeps_no_state(at)),
            Some("custom_tool_call" | "custom_tool_call_output") => {
                let json = cursor.skip()?;
                native.note(only_native(at, "Custom tools"), json);
                Ok(())
            }
            Some("compaction") => {
                let json = cursor.skip()?;
                native.note(only_native(at, "Compacted conversations"), json);
                Ok(())
            }
            _ => Err(RequestFault::value(&at.field("type"), KINDS)),
        }
    }

    fn message(&mut self, cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked {
        // Whose it is decides what may be in it, and may stand after it.
        let owner = owner_of(cursor, at)?;
        let mut parts = None;
        let known = ["type", "role", "content", "id", "status", "phase"];
        check::members(cursor, at, &known, |cursor, name, at| {
            if name == "content" {
                parts = Some(content::read(cursor, at, owner)?);
                return Ok(());
            }
            check::text(cursor, at).map(drop)
        })?;
        let parts = parts.ok_or_else(|| RequestFault::missing(&at.field("content")))?;
        match owner {
            Owner::Assistant => parts.into_iter().for_each(|part| self.said(part)),
            Owner::System if self.turns.is_empty() => self.system.extend(parts),
            Owner::System => self.turn(Role::System, parts),
            Owner::User | Owner::Tool => self.turn(Role::User, parts),
        }
        Ok(())
    }

    fn call(&mut self, cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked {
        let (mut id, mut called, mut arguments) = (None, None, None);
        let known = ["type", "call_id", "name", "arguments", "id", "status"];
        check::members(cursor, at, &known, |cursor, name, at| {
            match name {
                "call_id" => id = Some(call_id(cursor, at)?),
                "name" => called = Some(options::string(cursor, at)?),
                "arguments" => arguments = Some(options::string(cursor, at)?),
                _ => check::text(cursor, at).map(drop)?,
            }
            Ok(())
        })?;
        let id = id.ok_or_else(|| RequestFault::missing(&at.field("call_id")))?;
        let name = called.ok_or_else(|| RequestFault::missing(&at.field("name")))?;
        let arguments = arguments.ok_or_else(|| RequestFault::missing(&at.field("arguments")))?;
        let seal = self.seals.remove(&id);
        self.said(Part::Call {
            id,
            name,
            arguments,
            seal,
            cache: None,
        });
        Ok(())
    }

    fn result(&mut self, cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked {
        let (mut id, mut parts) = (None, None);
        let known = ["type", "call_id", "output", "id", "status", "name"];
        check::members(cursor, at, &known, |cursor, name, at| {
            match name {
                "call_id" => id = Some(call_id(cursor, at)?),
                "output" => parts = Some(content::read(cursor, at, Owner::Tool)?),
                _ => check::text(cursor, at).map(drop)?,
            }
            Ok(())
        })?;
        let id = id.ok_or_else(|| RequestFault::missing(&at.field("call_id")))?;
        let parts = parts.ok_or_else(|| RequestFault::missing(&at.field("output")))?;
        let result = Part::Result {
            id,
            parts,
            is_error: false,
            cache: None,
        };
        match self.turns.last_mut() {
            Some(turn) if matches!(turn.parts.last(), Some(Part::Result { .. })) => {
                turn.parts.push(result);
            }
            _ => self.turn(Role::User, vec![result]),
        }
        Ok(())
    }

    fn reasoning(&mut self, cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked {
        let (mut summary, mut content, mut sealed) = (Vec::new(), Vec::new(), None);
        let known = [
            "type",
            "id",
            "summary",
            "content",
            "encrypted_content",
            "status",
        ];
        check::members(cursor, at, &known, |cursor, name, at| {
            match name {
                "summary" => summary = texts(cursor, at, "summary_text")?,
                "content" => content = texts(cursor, at, "reasoning_text")?,
                "encrypted_content" => sealed = Some(options::string(cursor, at)?),
                _ => check::text(cursor, at).map(drop)?,
            }
            Ok(())
        })?;
        let shown = if summary.is_empty() { content } else { summary };
        let text = shown.join("\n\n");
        // What somebody else has sealed is of no use to any provider of another wire.
        match sealed.as_deref().and_then(Seal::open) {
            Some(Seal::Signature(signature)) => self.said(Part::Thought {
                text,
                signature: Some(signature.to_owned()),
            }),
            Some(Seal::Thought(data)) => self.said(Part::SealedThought {
                data: data.to_owned(),
            }),
            Some(Seal::Call { id, seal }) => {
                self.seals.insert(id.to_owned(), seal.to_owned());
            }
            None if text.is_empty() => {}
            None => self.said(Part::Thought {
                text,
                signature: None,
            }),
        }
        Ok(())
    }

    /// The model's items that follow each other are one turn.
    fn said(&mut self, part: Part) {
        match self.turns.last_mut() {
            Some(turn) if turn.role == Role::Assistant => turn.parts.push(part),
            _ => self.turn(Role::Assistant, vec![part]),
        }
    }

    fn turn(&mut self, role: Role, parts: Vec<Part>) {
        self.turns.push(Turn { role, parts });
    }
}

/// Looks ahead for a message's role.
fn owner_of(cursor: &Cursor<'_>, at: &Path<'_>) -> Checked<Owner> {
    let mut ahead = cursor.clone();
    ahead.open_object()?;
    while let Some(key) = ahead.member()? {
        if !key.is("role") {
            ahead.skip()?;
            continue;
        }
        if ahead.null()? {
            break;
        }
        let roles = &["user", "assistant", "system", "developer"];
        return Ok(match check::word(&mut ahead, &at.field("role"), roles)? {
            "user" => Owner::User,
            "assistant" => Owner::Assistant,
            _ => Owner::System,
        });
    }
    Err(RequestFault::missing(&at.field("role")))
}

/// The id that ties a result to its call.
fn call_id(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<String> {
    let id = check::short_text(cursor, at, 1_024)?;
    if id.is_empty() {
        return Err(RequestFault::value(at, "the id of a call"));
    }
    Ok(id.into_owned())
}

/// The texts in an array of parts of one type.
fn texts(cursor: &mut Cursor<'_>, at: &Path<'_>, kind: &'static str) -> Checked<Vec<String>> {
    let mut texts = Vec::new();
    check::items(cursor, at, MAX_ITEMS, |cursor, at| {
        let mut text = None;
        check::members(cursor, at, &["type", "text"], |cursor, name, at| {
            if name == "type" {
                return check::word(cursor, at, &[kind]).map(drop);
            }
            text = Some(options::string(cursor, at)?);
            Ok(())
        })?;
        texts.push(text.ok_or_else(|| RequestFault::missing(&at.field("text")))?);
        Ok(())
    })?;
    Ok(texts)
}
