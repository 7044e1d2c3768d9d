//! Fields that say how to answer, not what.

use serde_json::value::RawValue;

use crate::{
    chat::{
        RequestFault,
        request::check::{self, Checked, Path},
    },
    json::{Cursor, Kind},
    talk::{CacheLife, Effort, Format},
};

const EFFORTS: &[&str] = &["none", "minimal", "low", "medium", "high", "xhigh", "max"];
const SUMMARIES: &[&str] = &["auto", "concise", "detailed", "none"];
const MAX_PAIRS: usize = 16;
const MAX_INCLUDES: usize = 32;

/// The refusal of whatever only a gateway with a memory could serve.
pub(super) fn keeps_no_state(at: &Path<'_>) -> RequestFault {
    let message = format!(
        "'{at}' is not supported: this gateway stores no responses, conversations or prompts. \
         Send the whole conversation in 'input'."
    );
    RequestFault::new(at, "unsupported_parameter", message)
}

/// A text of any length.
pub(super) fn string(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<String> {
    check::short_text(cursor, at, usize::MAX).map(std::borrow::Cow::into_owned)
}

/// A number from 0 to `most`, as it was written.
pub(super) fn number(cursor: &mut Cursor<'_>, at: &Path<'_>, most: f64) -> Checked<String> {
    let start = cursor.pos();
    check::decimal(cursor, at, 0.0..=most)?;
    Ok(String::from_utf8_lossy(cursor.since(start)).into_owned())
}

/// A value that has just been passed over, as raw JSON.
pub(super) fn raw(json: &[u8], at: &Path<'_>) -> Checked<Box<RawValue>> {
    serde_json::from_slice(json).map_err(|_invalid| RequestFault::value(at, "valid JSON"))
}

/// An object, as raw JSON.
pub(super) fn object(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<Box<RawValue>> {
    let start = cursor.pos();
    check::object(cursor, at)?;
    raw(cursor.since(start), at)
}

/// Reads `reasoning`.
pub(super) fn reasoning(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<Option<Effort>> {
    let mut effort = None;
    let known = ["effort", "summary", "generate_summary"];
    check::members(cursor, at, &known, |cursor, name, at| {
        if name == "effort" {
            effort = Some(match check::word(cursor, at, EFFORTS)? {
                "none" => Effort::Off,
                word => Effort::Level(word.to_owned()),
            });
            return Ok(());
        }
        check::word(cursor, at, SUMMARIES).map(drop)
    })?;
    Ok(effort)
}

/// Reads `text`: the answer's form, and how long-winded it shall be.
pub(super) fn text(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<(Format, Option<String>)> {
    let (mut format, mut verbosity) = (Format::Text, None);
    check::members(cursor, at, &["format", "verbosity"], |cursor, name, at| {
        if name == "format" {
            format = self::format(cursor, at)?;
        } else {
            let word = check::word(cursor, at, &["low", "medium", "high"])?;
            verbosity = Some(word.to_owned());
        }
        Ok(())
    })?;
    Ok((format, verbosity))
}

fn format(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<Format> {
    let (mut kind, mut label, mut description) = (None, None, None);
    let (mut schema, mut strict) = (None, None);
    let known = ["type", "name", "description", "schema", "strict"];
    check::members(cursor, at, &known, |cursor, name, at| {
        match name {
            "type" => {
                let kinds = &["text", "json_object", "json_schema"];
                kind = Some(check::word(cursor, at, kinds)?);
            }
            "name" => label = Some(identifier(cursor, at)?),
            "description" => description = Some(string(cursor, at)?),
            "schema" => schema = Some(object(cursor, at)?),
            _ => strict = Some(check::boolean(cursor, at)?),
        }
        Ok(())
    })?;
    match kind {
        None => Err(RequestFault::missing(&at.field("type"))),
        Some("json_object") => Ok(Format::JsonObject),
        Some("json_schema") => {
            let Some(name) = label else {
                return Err(RequestFault::missing(&at.field("name")));
            };
            if schema.is_none() {
                return Err(RequestFault::missing(&at.field("schema")));
            }
            Ok(Format::JsonSchema {
                name,
                description,
                schema,
                strict,
            })
        }
        Some(_) => Ok(Format::Text),
    }
}

/// A name made of `[A-Za-z0-9_-]{1,64}`.
pub(super) fn identifier(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<String> {
    let start = cursor.pos();
    check::identifier(cursor, at)?;
    let mut again = Cursor::new(cursor.since(start));
    string(&mut again, at)
}

/// What `include` asks for that concerns this gateway.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Include {
    pub(super) logprobs: bool,
    pub(super) seals: bool,
}

/// Reads `include`. Words that are not known ask for nothing here, and a provider may
/// know them.
pub(super) fn include(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<Include> {
    let mut include = Include::default();
    check::items(cursor, at, MAX_INCLUDES, |cursor, at| {
        let word = check::text(cursor, at)?;
        include.logprobs |= word.is("message.output_text.logprobs");
        include.seals |= word.is("reasoning.encrypted_content");
        Ok(())
    })?;
    Ok(include)
}

/// Reads an object that may ask for a cache life.
pub(super) fn cache_life(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<Option<CacheLife>> {
    let mut life = CacheLife::Short;
    check::members(cursor, at, &["ttl"], |cursor, _, at| {
        if !check::text(cursor, at)?.is("5m") {
            life = CacheLife::Long;
        }
        Ok(())
    })?;
    Ok(Some(life))
}

/// Checks `metadata` and gives its JSON text.
pub(super) fn metadata(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<String> {
    if cursor.kind() != Kind::Object {
        return Err(check::wrong_kind(cursor, at, "an object"));
    }
    let start = cursor.pos();
    cursor.open_object()?;
    let mut seen = Vec::new();
    while let Some(key) = cursor.member()? {
        let Some(name) = key.decode() else {
            return Err(RequestFault::value(at, "keys without broken escapes"));
        };
        if seen.len() == MAX_PAIRS {
            let message = format!("Invalid '{at}': too many pairs, send at most {MAX_PAIRS}.");
            let code = "object_above_max_properties";
            return Err(RequestFault::new(at, code, message));
        }
        if seen.contains(&name) {
            return Err(RequestFault::duplicate(&at.field(&name)));
        }
        if name.chars().count() > 64 {
            let message = format!("Invalid '{at}': a key is too long, send at most 64 characters.");
            return Err(RequestFault::new(at, "string_above_max_length", message));
        }
        check::short_text(cursor, &at.field(&name), 512)?;
        seen.push(name);
    }
    Ok(String::from_utf8_lossy(cursor.since(start)).into_owned())
}
