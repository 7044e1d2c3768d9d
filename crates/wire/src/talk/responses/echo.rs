//! What an answer repeats of its request.

use std::cell::Cell;

use super::options;
use crate::{
    chat::request::check::ROOT,
    json::{Cursor, Edit, JsonFault, Kind, edit_object, push_member},
};

/// The fields that an answer repeats, and what it says where the request does not.
const FIELDS: &[(&str, &str)] = &[
    ("instructions", "null"),
    ("max_output_tokens", "null"),
    ("max_tool_calls", "null"),
    ("parallel_tool_calls", "true"),
    ("prompt_cache_key", "null"),
    ("reasoning", r#"{"effort":null,"summary":null}"#),
    ("safety_identifier", "null"),
    ("temperature", "null"),
    ("text", r#"{"format":{"type":"text"}}"#),
    ("tool_choice", "\"auto\""),
    ("tools", "[]"),
    ("top_logprobs", "0"),
    ("top_p", "null"),
    ("truncation", "\"disabled\""),
    ("user", "null"),
    ("metadata", "{}"),
];

/// What an answer repeats of its request, and how it is to be written.
#[derive(Debug, Clone)]
pub struct Echo {
    /// The members, written.
    pub(super) members: Vec<u8>,
    /// Whether what providers seal is to be handed out.
    pub(super) seals: bool,
    /// Whether token probabilities are wanted.
    pub(super) logprobs: bool,
}

impl Default for Echo {
    fn default() -> Self {
        Self::of(b"{}")
    }
}

impl Echo {
    /// Takes what has to be repeated from a request that has been let in.
    pub fn of(body: &[u8]) -> Self {
        let mut given = vec![None; FIELDS.len()];
        let mut include = options::Include::default();
        // What cannot be read has been refused before; the rest is repeated all the same.
        let _as_far_as_it_goes = collect(body, &mut given, &mut include);
        let mut members = Vec::with_capacity(512);
        for (index, ((name, default), given)) in FIELDS.iter().zip(&given).enumerate() {
            let value = given.unwrap_or(default.as_bytes());
            push_member(index > 0, name, &one_line(name, value), &mut members);
        }
        let top = FIELDS.iter().position(|(name, _)| *name == "top_logprobs");
        let some = top
            .and_then(|index| given.get(index).copied().flatten())
            .is_some_and(|most| most != b"0");
        Self {
            members,
            seals: include.seals,
            logprobs: include.logprobs || some,
        }
    }
}

fn collect<'b>(
    body: &'b [u8],
    given: &mut [Option<&'b [u8]>],
    include: &mut options::Include,
) -> Result<(), JsonFault> {
    let mut cursor = Cursor::new(body);
    cursor.open_object()?;
    while let Some(key) = cursor.member()? {
        if cursor.null()? {
            continue;
        }
        let value = cursor.skip()?;
        if key.is("include") {
            *include = options::include(&mut Cursor::new(value), &ROOT).unwrap_or_default();
        }
        let known = FIELDS.iter().position(|(name, _)| key.is(name));
        if let Some(slot) = known.and_then(|index| given.get_mut(index)) {
            *slot = Some(value);
        }
    }
    Ok(())
}

/// A value as it may stand in an event: a line break between its tokens is blank space to
/// JSON and the end of the line to SSE.
fn one_line(name: &str, value: &[u8]) -> Vec<u8> {
    let mut value = if name == "text" {
        with_format(value)
    } else {
        value.to_vec()
    };
    for byte in &mut value {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
    value
}

/// Clients that type strictly want to read the form of the answer, even the usual one.
fn with_format(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let seen = Cell::new(false);
    let decide = |name: &str, value: &[u8], _: &mut Vec<u8>| {
        if name != "format" || Cursor::new(value).kind() == Kind::Null {
            return if name == "format" {
                Edit::Drop
            } else {
                Edit::Keep
            };
        }
        seen.set(true);
        Edit::Keep
    };
    let edited = edit_object(text, &mut out, decide, |comma, out| {
        if !seen.get() {
            push_member(comma, "format", br#"{"type":"text"}"#, out);
        }
    });
    if edited.is_err() {
        return text.to_vec();
    }
    out
}
