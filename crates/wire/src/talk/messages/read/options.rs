//! Everything beside the conversation and its tools.

use std::ops::RangeInclusive;

use super::super::super::{CacheLife, Effort, Format};
use super::{extra, json_schema, schema, string, unsupported};
use crate::chat::RequestFault;
use crate::chat::request::check::{self, Checked, Path};
use crate::json::Cursor;

const EFFORTS: &[&str] = &["low", "medium", "high", "xhigh", "max"];

/// A number within bounds, as it was written.
pub(super) fn decimal(
    cursor: &mut Cursor<'_>,
    at: &Path<'_>,
    bounds: RangeInclusive<f64>,
) -> Checked<String> {
    let mut ahead = cursor.clone();
    check::decimal(cursor, at, bounds)?;
    let digits = ahead.number()?;
    Ok(String::from_utf8_lossy(digits).into_owned())
}

/// Reads `cache_control`.
pub(super) fn cache(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<CacheLife> {
    let mut typed = false;
    let mut life = CacheLife::Short;
    check::members(cursor, at, &["type", "ttl"], |cursor, name, at| {
        if name == "type" {
            typed = true;
            return check::word(cursor, at, &["ephemeral"]).map(drop);
        }
        if check::word(cursor, at, &["5m", "1h"])? == "1h" {
            life = CacheLife::Long;
        }
        Ok(())
    })?;
    if typed {
        Ok(life)
    } else {
        Err(RequestFault::missing(&at.field("type")))
    }
}

/// Reads `thinking`.
pub(super) fn thinking(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<Effort> {
    let (mut kind, mut budget) = (None, None);
    let known = &["type", "budget_tokens", "display"];
    check::members(cursor, at, known, |cursor, name, at| {
        match name {
            "type" => {
                let words = &["enabled", "adaptive", "disabled", "between_tools"];
                kind = Some(check::word(cursor, at, words)?);
            }
            "budget_tokens" => budget = Some(check::integer(cursor, at, 1024..=1 << 31)?),
            _ => {
                check::word(cursor, at, &["summarized", "omitted"])?;
            }
        }
        Ok(())
    })?;
    match (kind, budget) {
        (None, _) => Err(RequestFault::missing(&at.field("type"))),
        (Some("enabled"), None) => Err(RequestFault::missing(&at.field("budget_tokens"))),
        (Some("enabled"), Some(budget)) => Ok(Effort::Budget(budget.unsigned_abs())),
        (Some("disabled"), _) => Ok(Effort::Off),
        (Some(_), _) => Ok(Effort::Adaptive),
    }
}

/// Reads `output_config`: how hard to try, and the form of the answer.
pub(super) fn output(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<(Option<String>, Format)> {
    let (mut effort, mut form) = (None, Format::Text);
    check::members(cursor, at, &["effort", "format"], |cursor, name, at| {
        if name == "effort" {
            effort = Some(check::word(cursor, at, EFFORTS)?.to_owned());
        } else {
            form = format(cursor, at)?;
        }
        Ok(())
    })?;
    Ok((effort, form))
}

fn format(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<Format> {
    let (mut typed, mut form) = (false, None);
    check::members(cursor, at, &["type", "schema"], |cursor, name, at| {
        if name == "type" {
            typed = true;
            return check::word(cursor, at, &["json_schema"]).map(drop);
        }
        form = Some(json_schema(schema(cursor, at)?));
        Ok(())
    })?;
    if !typed {
        return Err(RequestFault::missing(&at.field("type")));
    }
    form.ok_or_else(|| RequestFault::missing(&at.field("schema")))
}

/// Reads `metadata` and gives the customer's own end user.
pub(super) fn metadata(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<Option<String>> {
    let mut user = None;
    let mut ahead = cursor.clone();
    check::members(cursor, at, &["user_id"], |cursor, _, at| {
        user = Some(check::short_text(cursor, at, 512)?.into_owned());
        Ok(())
    })?;
    ahead.open_object()?;
    while let Some(key) = ahead.member()? {
        if !key.is("user_id") {
            let name = key.decode().unwrap_or_default();
            return Err(extra(&at.field(&name)));
        }
        ahead.skip()?;
    }
    Ok(user)
}

/// Reads the `type` of something that has variants which run at the provider.
pub(super) fn own_type(
    cursor: &mut Cursor<'_>,
    at: &Path<'_>,
    known: &[&'static str],
    why: &str,
) -> Checked<&'static str> {
    let given = string(cursor, at)?;
    match known.iter().find(|word| **word == given) {
        Some(word) => Ok(word),
        None => Err(unsupported(at, why)),
    }
}
