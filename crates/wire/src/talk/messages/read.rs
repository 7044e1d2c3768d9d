//! The request as a customer of `/v1/messages` sends it.

mod blocks;
mod options;
mod source;
mod tools;

use std::borrow::Cow;

use super::super::{CacheLife, Effort, Format, Part, Request, Talk};
use crate::chat::RequestFault;
use crate::chat::request::check::{self, Checked, Path, ROOT};
use crate::json::{Cursor, Kind};

const MAX_OUTPUT_TOKENS: u32 = 1 << 31;
const MAX_STOPS: usize = 1_000;
const MAX_FALLBACKS: usize = 8;

/// Fields that the wire knows, and that the gateway cannot price or must not lend out.
const REFUSED: &[(&str, &str)] = &[
    (
        "container",
        "code containers are billed by time, which this gateway does not price",
    ),
    (
        "mcp_servers",
        "tools that run at the provider are not priced by this gateway",
    ),
    (
        "inference_geo",
        "regions are billed with a surcharge, which this gateway does not price",
    ),
];

/// Reads and checks the body of `POST /v1/messages`.
///
/// # Errors
/// The first thing wrong, worded for the customer; it is answered with status 400.
pub fn read(body: &[u8]) -> Result<Request, RequestFault> {
    let (request, limit) = draft(body)?;
    if limit {
        Ok(request)
    } else {
        Err(RequestFault::missing(&ROOT.field("max_tokens")))
    }
}

/// Reads and checks the body of `POST /v1/messages/count_tokens`, which has no output limit.
///
/// # Errors
/// As for [`read`].
pub fn read_count(body: &[u8]) -> Result<Request, RequestFault> {
    draft(body).map(|(request, _)| request)
}

/// The request, and whether it states an output limit.
fn draft(body: &[u8]) -> Checked<(Request, bool)> {
    let text = std::str::from_utf8(body).map_err(|fault| {
        RequestFault::syntax(format!(
            "The request body is not valid UTF-8 (byte {}).",
            fault.valid_up_to()
        ))
    })?;
    let mut cursor = Cursor::new(text.as_bytes());
    match cursor.kind() {
        Kind::Object => {}
        Kind::Nothing if text.trim().is_empty() => {
            return Err(RequestFault::syntax(
                "The request body is empty: send a JSON object.",
            ));
        }
        Kind::Nothing => return Err(cursor.unexpected().into()),
        _ => {
            return Err(RequestFault::syntax(
                "The request body must be a JSON object.",
            ));
        }
    }
    let mut draft = Draft::default();
    if let Err(fault) = draft.fields(&mut cursor) {
        return Err(broken(text).unwrap_or(fault));
    }
    cursor.end()?;
    draft.finish()
}

/// A body that is no JSON at all is refused as such, whatever else was wrong before the break.
fn broken(body: &str) -> Option<RequestFault> {
    let mut cursor = Cursor::new(body.as_bytes());
    let read = cursor.skip().and_then(|_| cursor.end());
    read.err().map(RequestFault::from)
}

/// What has been read so far.
#[derive(Default)]
struct Draft {
    request: Request,
    model: Option<String>,
    has_messages: bool,
    thinking: Option<Effort>,
    effort: Option<String>,
    /// The automatic breakpoint: the prompt is to be cached up to its last part.
    cache: Option<CacheLife>,
    further: Vec<String>,
}

impl Draft {
    fn fields(&mut self, cursor: &mut Cursor<'_>) -> Checked {
        let mut seen: Vec<Cow<'_, str>> = Vec::with_capacity(16);
        cursor.open_object()?;
        while let Some(key) = cursor.member()? {
            let Some(name) = key.decode() else {
                return Err(RequestFault::syntax("A field name holds a broken escape."));
            };
            let at = Path::Field(&ROOT, &name);
            if seen.contains(&name) {
                return Err(RequestFault::duplicate(&at));
            }
            self.field(&name, cursor, &at)?;
            seen.push(name);
        }
        Ok(())
    }

    /// A field that is not known ends the reading, so the number of fields is bounded.
    fn field(&mut self, name: &str, cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked {
        if let Some((_, why)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
            if cursor.null()? {
                return Ok(());
            }
            return Err(unsupported(at, why));
        }
        let is_null = cursor.null()?;
        match name {
            // An explicit null counts as absent, and still has to be a field that exists.
            _ if is_null && KNOWN.contains(&name) => Ok(()),
            "model" => {
                self.model = Some(check::model_id(cursor, at)?.into_owned());
                Ok(())
            }
            "messages" => {
                self.has_messages = true;
                self.request.talk.turns = blocks::messages(cursor, at)?;
                Ok(())
            }
            "system" => {
                self.request.talk.system = blocks::system(cursor, at)?;
                Ok(())
            }
            "max_tokens" => {
                let limit = check::count(cursor, at, MAX_OUTPUT_TOKENS)?;
                self.request.talk.output_limit = Some(u64::from(limit));
                Ok(())
            }
            "stream" => {
                self.request.talk.stream = check::boolean(cursor, at)?;
                Ok(())
            }
            _ => self.option(name, cursor, at),
        }
    }

    fn option(&mut self, name: &str, cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked {
        let talk = &mut self.request.talk;
        match name {
            "temperature" => {
                talk.sampling.temperature = Some(options::decimal(cursor, at, 0.0..=1.0)?);
            }
            "top_p" => talk.sampling.top_p = Some(options::decimal(cursor, at, 0.0..=1.0)?),
            "top_k" => {
                let top = check::integer(cursor, at, 0..=i64::from(u32::MAX))?;
                talk.sampling.top_k = Some(top.to_string());
            }
            "stop_sequences" => {
                let stop = &mut talk.stop;
                check::items(cursor, at, MAX_STOPS, |cursor, at| {
                    stop.push(string(cursor, at)?);
                    Ok(())
                })?;
            }
            "tools" => talk.tools = tools::tools(cursor, at)?,
            "tool_choice" => {
                let (choice, parallel) = tools::choice(cursor, at)?;
                talk.tool_choice = Some(choice);
                talk.parallel_calls = parallel;
            }
            "thinking" => self.thinking = Some(options::thinking(cursor, at)?),
            "output_config" => {
                let (effort, format) = options::output(cursor, at)?;
                self.effort = effort;
                talk.format = format;
            }
            "metadata" => {
                let start = cursor.pos();
                talk.user = options::metadata(cursor, at)?;
                let text = cursor.since(start);
                self.request.metadata = Some(String::from_utf8_lossy(text).into_owned());
            }
            "cache_control" => self.cache = Some(options::cache(cursor, at)?),
            "service_tier" => {
                let word = check::word(cursor, at, &["auto", "standard_only"])?;
                self.request.service_tier = Some(word);
            }
            "speed" => {
                if check::word(cursor, at, &["standard", "fast"])? == "fast" {
                    let why = "the fast mode is billed at a multiple, which this gateway does not price: send 'standard'";
                    return Err(unsupported(at, why));
                }
            }
            "models" | "fallbacks" => {
                let into = if name == "models" {
                    &mut self.request.fallbacks
                } else {
                    &mut self.further
                };
                check::items(cursor, at, MAX_FALLBACKS, |cursor, at| {
                    into.push(check::model_id(cursor, at)?.into_owned());
                    Ok(())
                })?;
            }
            "sim" => check::object(cursor, at)?,
            _ => return Err(extra(at)),
        }
        Ok(())
    }

    fn finish(self) -> Checked<(Request, bool)> {
        let missing = |name| Err(RequestFault::missing(&Path::Field(&ROOT, name)));
        let mut request = self.request;
        let Some(model) = self.model else {
            return missing("model");
        };
        if !self.has_messages {
            return missing("messages");
        }
        let limit = request.talk.output_limit;
        if let (Some(Effort::Budget(budget)), Some(limit)) = (&self.thinking, limit)
            && *budget >= limit
        {
            return Err(RequestFault::new(
                &ROOT.field("max_tokens"),
                "invalid_value",
                "`max_tokens` must be greater than `thinking.budget_tokens`.".to_owned(),
            ));
        }
        request.model = model;
        request.fallbacks.extend(self.further);
        request.wants_usage = true;
        request.talk.answers = 1;
        request.talk.effort = match (self.thinking, self.effort) {
            (Some(Effort::Adaptive) | None, Some(level)) => Some(Effort::Level(level)),
            (thinking, _) => thinking,
        };
        if let Some(life) = self.cache {
            cache_to_the_end(&mut request.talk, life);
        }
        Ok((request, limit.is_some()))
    }
}

/// Everything that may stand at the top, besides what is refused.
const KNOWN: &[&str] = &[
    "model",
    "messages",
    "system",
    "max_tokens",
    "stream",
    "temperature",
    "top_p",
    "top_k",
    "stop_sequences",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "metadata",
    "cache_control",
    "service_tier",
    "speed",
    "models",
    "fallbacks",
    "sim",
];

/// Marks the last part that can carry a breakpoint and has none.
fn cache_to_the_end(talk: &mut Talk, life: CacheLife) {
    let parts = talk.turns.iter_mut().rev().flat_map(|turn| {
        let parts: &mut [Part] = &mut turn.parts;
        parts.iter_mut().rev()
    });
    for part in parts {
        if let Part::Text { cache, .. }
        | Part::Image { cache, .. }
        | Part::Document { cache, .. }
        | Part::Result { cache, .. } = part
        {
            cache.get_or_insert(life);
            return;
        }
    }
}

/// A field that nobody knows, in the vendor's words.
fn extra(at: &Path<'_>) -> RequestFault {
    RequestFault::new(
        at,
        "unknown_parameter",
        format!("{at}: Extra inputs are not permitted"),
    )
}

/// Something that the wire has and this gateway does not offer.
fn unsupported(at: &Path<'_>, why: &str) -> RequestFault {
    RequestFault::new(
        at,
        "unsupported_parameter",
        format!("'{at}' is not supported: {why}."),
    )
}

/// A string of any length, decoded.
fn string(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<String> {
    match check::text(cursor, at)?.decode() {
        Some(text) => Ok(text.into_owned()),
        None => Err(RequestFault::value(at, "text without broken escapes")),
    }
}

/// A value that only needs to be JSON of its kind, as text.
fn raw(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<String> {
    if cursor.kind() != Kind::Object {
        return Err(check::wrong_kind(cursor, at, "an object"));
    }
    Ok(String::from_utf8_lossy(cursor.skip()?).into_owned())
}

/// A schema, kept as it was sent.
fn schema(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<Box<serde_json::value::RawValue>> {
    let text = raw(cursor, at)?;
    serde_json::value::RawValue::from_string(text)
        .map_err(|_unreadable| RequestFault::value(at, "a JSON schema"))
}

/// The form of the answer that a schema asks for.
fn json_schema(schema: Box<serde_json::value::RawValue>) -> Format {
    Format::JsonSchema {
        name: "answer".to_owned(),
        description: None,
        schema: Some(schema),
        strict: Some(true),
    }
}

#[cfg(test)]
mod tests;
