//! Fields that are checked and passed on, without a place in the summary.

use super::{
    RequestFault,
    check::{self, Checked, Path},
    draft::Meaning,
    parts, tools,
};
use crate::json::{Cursor, Kind};

const EFFORTS: &[&str] = &["none", "minimal", "low", "medium", "high", "xhigh", "max"];
const AUDIO_FORMATS: &[&str] = &["wav", "aac", "mp3", "flac", "opus", "pcm16"];
const FORMATS: &[&str] = &["text", "json_object", "json_schema"];

/// Checks one field; unknown ones are passed over, and counted as prompt since a provider may read them.
pub(super) fn check(name: &str, cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<Meaning> {
    match name {
        "temperature" => check::decimal(cursor, at, 0.0..=2.0)?,
        "top_p" => check::decimal(cursor, at, 0.0..=1.0)?,
        "frequency_penalty" | "presence_penalty" => check::decimal(cursor, at, -2.0..=2.0)?,
        "seed" => check::integer(cursor, at, i64::MIN..=i64::MAX).map(drop)?,
        "stop" => stop(cursor, at)?,
        "logit_bias" => logit_bias(cursor, at)?,
        "parallel_tool_calls" | "store" => check::boolean(cursor, at).map(drop)?,
        "reasoning_effort" => check::word(cursor, at, EFFORTS).map(drop)?,
        "verbosity" => check::word(cursor, at, &["low", "medium", "high"]).map(drop)?,
        "modalities" => check::some_items(cursor, at, 2, |cursor, at| {
            check::word(cursor, at, &["text", "audio"]).map(drop)
        })
        .map(drop)?,
        "audio" => audio(cursor, at)?,
        "metadata" => metadata(cursor, at)?,
        "safety_identifier" => check::short_text(cursor, at, 128).map(drop)?,
        "prompt_cache_key" => check::short_text(cursor, at, 1024).map(drop)?,
        "prompt_cache_retention" => check::text(cursor, at).map(drop)?,
        "tool_choice" => tools::choice(cursor, at)?,
        "function_call" => tools::function_call(cursor, at)?,
        "web_search_options" | "moderation" => check::object(cursor, at)?,
        "response_format" => {
            response_format(cursor, at)?;
            return Ok(Meaning::Prompt);
        }
        "prediction" => {
            prediction(cursor, at)?;
            return Ok(Meaning::Prompt);
        }
        _ => {
            cursor.skip()?;
            return Ok(Meaning::Prompt);
        }
    }
    Ok(Meaning::Control)
}

/// Reads `stream_options` and tells whether usage is wanted.
pub(super) fn stream(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<bool> {
    let mut include_usage = false;
    check::members(
        cursor,
        at,
        &["include_usage", "include_obfuscation"],
        |cursor, name, at| {
            let value = check::boolean(cursor, at)?;
            include_usage |= value && name == "include_usage";
            Ok(())
        },
    )?;
    Ok(include_usage)
}

/// Reads an object that may ask for a cache life; `true` when it is longer than the usual five minutes.
pub(super) fn cache_hint(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<bool> {
    let mut long = false;
    check::members(cursor, at, &["ttl"], |cursor, _, at| {
        long = !check::text(cursor, at)?.is("5m");
        Ok(())
    })?;
    Ok(long)
}

fn stop(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked {
    match cursor.kind() {
        Kind::String => Ok(cursor.string().map(drop)?),
        Kind::Array => check::items(cursor, at, 4, |cursor, at| {
            check::text(cursor, at).map(drop)
        })
        .map(drop),
        _ => Err(check::wrong_kind(
            cursor,
            at,
            "a string or an array of up to 4 strings",
        )),
    }
}

fn logit_bias(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked {
    if cursor.kind() != Kind::Object {
        return Err(check::wrong_kind(cursor, at, "an object"));
    }
    cursor.open_object()?;
    while let Some(key) = cursor.member()? {
        let name = key.decode().unwrap_or_default();
        let at = at.field(&name);
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(RequestFault::value(&at, "token ids as keys"));
        }
        check::decimal(cursor, &at, -100.0..=100.0)?;
    }
    Ok(())
}

fn metadata(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked {
    const MAX_PAIRS: usize = 16;
    if cursor.kind() != Kind::Object {
        return Err(check::wrong_kind(cursor, at, "an object"));
    }
    cursor.open_object()?;
    let mut seen = Vec::new();
    while let Some(key) = cursor.member()? {
        let Some(name) = key.decode() else {
            return Err(RequestFault::value(at, "keys without broken escapes"));
        };
        if seen.len() == MAX_PAIRS {
            let message = format!("Invalid '{at}': too many pairs, send at most {MAX_PAIRS}.");
            return Err(RequestFault::new(
                at,
                "object_above_max_properties",
                message,
            ));
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
    Ok(())
}

fn audio(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked {
    check::members(
        cursor,
        at,
        &["format", "voice"],
        |cursor, name, at| match name {
            "format" => check::word(cursor, at, AUDIO_FORMATS).map(drop),
            _ if cursor.kind() == Kind::Object => check::object(cursor, at),
            _ => check::text(cursor, at).map(drop),
        },
    )
}

fn prediction(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked {
    let (mut typed, mut filled) = (false, false);
    check::members(cursor, at, &["type", "content"], |cursor, name, at| {
        if name == "type" {
            typed = true;
            return check::word(cursor, at, &["content"]).map(drop);
        }
        filled = true;
        parts::text_content(cursor, at)
    })?;
    if !typed {
        return Err(RequestFault::missing(&at.field("type")));
    }
    if filled {
        Ok(())
    } else {
        Err(RequestFault::missing(&at.field("content")))
    }
}

fn response_format(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked {
    let (mut kind, mut schema) = (None, false);
    check::members(cursor, at, &["type", "json_schema"], |cursor, name, at| {
        if name == "type" {
            kind = Some(check::word(cursor, at, FORMATS)?);
            return Ok(());
        }
        schema = true;
        json_schema(cursor, at)
    })?;
    match kind {
        None => Err(RequestFault::missing(&at.field("type"))),
        Some("json_schema") if !schema => Err(RequestFault::missing(&at.field("json_schema"))),
        Some(_) => Ok(()),
    }
}

fn json_schema(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked {
    let mut named = false;
    check::members(
        cursor,
        at,
        &["name", "description", "schema", "strict"],
        |cursor, name, at| match name {
            "name" => {
                named = true;
                check::identifier(cursor, at)
            }
            "description" => check::text(cursor, at).map(drop),
            "schema" => check::object(cursor, at),
            _ => check::boolean(cursor, at).map(drop),
        },
    )?;
    if named {
        Ok(())
    } else {
        Err(RequestFault::missing(&at.field("name")))
    }
}
