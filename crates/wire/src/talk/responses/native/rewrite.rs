//! Turns a customer's body into the provider's, touching only what must change.

use std::cell::Cell;

use crate::{
    chat::RequestFault,
    json::{Cursor, Edit, JsonFault, Kind, edit_object, push_member, push_string},
    talk::responses::seal,
};

/// The gateway's own extras, another broker's routing, what the gateway keeps itself
/// instead of the provider, and what would let a customer steer the operator's bill.
const WITHHELD: &[&str] = &[
    "sim",
    "models",
    "fallbacks",
    "route",
    "provider",
    "plugins",
    "transforms",
    "usage",
    "service_tier",
    "metadata",
    "background",
];

const SEALS: &[u8] = br#""reasoning.encrypted_content""#;

/// What changes in a customer's own body.
#[derive(Debug, Clone, Copy)]
pub struct Change<'c> {
    /// What the provider calls the model.
    pub model: &'c str,
    /// The output limit to write, where it differs from the customer's.
    pub output_limit: Option<u64>,
    /// The class of service to ask for, whatever the customer asked for.
    pub service_tier: Option<&'c str>,
    /// Whether the model reasons. What it reasoned is then asked for in sealed form,
    /// unless the customer wants nothing stored and did not ask for it: nothing is ever
    /// stored, and without it the next request could not go on from there.
    pub reasons: bool,
}

/// Rewrites a body that has been let in. What does not change keeps its bytes and its
/// place.
///
/// # Errors
/// The body is not a JSON object.
pub fn rewrite(body: &[u8], change: &Change<'_>) -> Result<Vec<u8>, RequestFault> {
    let mut out = Vec::with_capacity(body.len() + 128);
    let limit = change.output_limit.map(|limit| limit.to_string());
    let (limited, stored, included) = (Cell::new(false), Cell::new(false), Cell::new(false));
    let seals = change.reasons && !wants_no_state(body)?;
    let decide = |name: &str, value: &[u8], out: &mut Vec<u8>| match name {
        "model" => {
            push_string(change.model, out);
            Edit::Written
        }
        "max_output_tokens" => {
            limited.set(true);
            let Some(limit) = &limit else {
                return Edit::Keep;
            };
            out.extend_from_slice(limit.as_bytes());
            Edit::Written
        }
        "store" => {
            stored.set(true);
            out.extend_from_slice(b"false");
            Edit::Written
        }
        "include" if seals => {
            included.set(true);
            include_seals(value, out);
            Edit::Written
        }
        "input" => usable_items(value, out),
        _ if WITHHELD.contains(&name) => Edit::Drop,
        _ => Edit::Keep,
    };
    let append = |mut comma, out: &mut Vec<u8>| {
        let mut add = |name: &str, value: &[u8], out: &mut Vec<u8>| {
            push_member(comma, name, value, out);
            comma = true;
        };
        if let (Some(limit), false) = (&limit, limited.get()) {
            add("max_output_tokens", limit.as_bytes(), out);
        }
        if !stored.get() {
            add("store", b"false", out);
        }
        if let Some(word) = change.service_tier {
            let mut tier = Vec::with_capacity(word.len() + 2);
            push_string(word, &mut tier);
            add("service_tier", &tier, out);
        }
        if seals && !included.get() {
            add("include", &[b"[", SEALS, b"]"].concat(), out);
        }
    };
    edit_object(body, &mut out, decide, append)?;
    Ok(out)
}

/// Whether the customer said that nothing is to be stored.
fn wants_no_state(body: &[u8]) -> Result<bool, JsonFault> {
    let mut cursor = Cursor::new(body);
    cursor.open_object()?;
    while let Some(key) = cursor.member()? {
        let value = cursor.skip()?;
        if key.is("store") {
            return Ok(value == b"false");
        }
    }
    Ok(false)
}

/// Writes `include` with the word for sealed reasoning in it.
fn include_seals(include: &[u8], out: &mut Vec<u8>) {
    let text = include.trim_ascii();
    let known = memchr::memmem::find(text, SEALS).is_some();
    match text.strip_suffix(b"]") {
        Some(open) if !known => {
            out.extend_from_slice(open);
            if open.trim_ascii_end().last() != Some(&b'[') {
                out.push(b',');
            }
            out.extend_from_slice(SEALS);
            out.push(b']');
        }
        Some(_) => out.extend_from_slice(text),
        None => {
            out.push(b'[');
            out.extend_from_slice(SEALS);
            out.push(b']');
        }
    }
}

/// Writes the items without reasoning that the provider could not open: it would look
/// for it among what it stored, and refuse the request.
fn usable_items(input: &[u8], out: &mut Vec<u8>) -> Edit {
    let mark = out.len();
    if let Ok(true) = write_usable(input, out) {
        return Edit::Written;
    }
    out.truncate(mark);
    Edit::Keep
}

fn write_usable(input: &[u8], out: &mut Vec<u8>) -> Result<bool, JsonFault> {
    // Most requests hold no reasoning at all.
    if memchr::memmem::find(input, b"reasoning").is_none() {
        return Ok(false);
    }
    let mut cursor = Cursor::new(input);
    if cursor.kind() != Kind::Array {
        return Ok(false);
    }
    cursor.open_array()?;
    out.push(b'[');
    let (mut comma, mut dropped) = (false, false);
    while cursor.item()? {
        let item = cursor.skip()?;
        if is_useless(item)? {
            dropped = true;
            continue;
        }
        if comma {
            out.push(b',');
        }
        comma = true;
        out.extend_from_slice(item);
    }
    out.push(b']');
    Ok(dropped)
}

/// Whether an item is reasoning that only its own maker could read.
fn is_useless(item: &[u8]) -> Result<bool, JsonFault> {
    let mut cursor = Cursor::new(item);
    if cursor.kind() != Kind::Object {
        return Ok(false);
    }
    cursor.open_object()?;
    let (mut is_reasoning, mut is_sealed) = (false, false);
    while let Some(key) = cursor.member()? {
        if cursor.kind() != Kind::String {
            cursor.skip()?;
            continue;
        }
        let text = cursor.string()?;
        is_reasoning |= key.is("type") && text.is("reasoning");
        is_sealed |= key.is("encrypted_content")
            && text
                .decode()
                .is_some_and(|sealed| !sealed.is_empty() && !seal::is_ours(&sealed));
    }
    Ok(is_reasoning && !is_sealed)
}
