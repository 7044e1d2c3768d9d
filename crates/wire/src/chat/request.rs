//! A chat completion request: read once, checked against the contract, borrowed from its body.

pub(crate) mod check;
mod draft;
mod fault;
mod messages;
mod options;
mod parts;
mod tools;

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::json::{Cursor, Kind};
use draft::Draft;
pub(crate) use draft::SERVICE_TIERS;
pub use fault::RequestFault;

/// The name under which a client states its output limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitField {
    /// `max_tokens`, deprecated by OpenAI and still the only one that many providers know.
    MaxTokens,
    /// `max_completion_tokens`, which includes reasoning.
    MaxCompletionTokens,
}

impl LimitField {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MaxTokens => "max_tokens",
            Self::MaxCompletionTokens => "max_completion_tokens",
        }
    }
}

/// One top-level member of the body and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Field<'a> {
    pub(crate) name: Cow<'a, str>,
    /// Offset of the key's opening quote.
    pub(crate) key: usize,
    /// Offset of the value's first byte.
    pub(crate) value: usize,
    /// Offset after the value's last byte.
    pub(crate) end: usize,
}

/// A checked request: the facts that a gateway needs, and every field as it was sent.
///
/// An explicit `null` counts as absent everywhere.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts about one body, not a state"
)]
pub struct ChatRequest<'a> {
    /// The model asked for.
    pub model: Cow<'a, str>,
    /// Other models to try in order, from `models` or `fallbacks`.
    pub fallbacks: Vec<Cow<'a, str>>,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// Whether a stream is to end with a usage chunk.
    pub include_usage: bool,
    /// The output limit, if the client states one.
    pub max_output_tokens: Option<u32>,
    /// Which field states it.
    pub limit_field: Option<LimitField>,
    /// How many answers are wanted; 1 when not stated.
    pub n: u32,
    /// Bytes that a provider tokenises (messages, tools, response format, prediction, unknown fields), base64 media left out.
    pub prompt_bytes: u64,
    /// Image parts.
    pub images: u32,
    /// Decoded size of all `input_audio` parts.
    pub audio_bytes: u64,
    /// Decoded size of all `file` parts sent inline.
    pub file_bytes: u64,
    /// Whether tools or legacy functions are offered.
    pub has_tools: bool,
    /// Whether a cache hint asks for a longer life than the usual five minutes.
    pub long_cache: bool,
    /// The service tier asked for.
    pub service_tier: Option<&'static str>,
    /// The deprecated end-user id.
    pub user: Option<Cow<'a, str>>,
    /// The client's own key-value pairs.
    pub metadata: Option<&'a RawValue>,
    body: &'a str,
    fields: Vec<Field<'a>>,
}

impl<'a> ChatRequest<'a> {
    /// Reads and checks a body in one pass; strings without escapes are borrowed.
    ///
    /// # Errors
    /// The first thing wrong, worded for the client; it is answered with status 400.
    pub fn parse(body: &'a [u8]) -> Result<Self, RequestFault> {
        let body = std::str::from_utf8(body).map_err(|fault| {
            RequestFault::syntax(format!(
                "The request body is not valid UTF-8 (byte {}).",
                fault.valid_up_to()
            ))
        })?;
        let mut cursor = Cursor::new(body.as_bytes());
        match cursor.kind() {
            Kind::Object => {}
            Kind::Nothing if body.trim().is_empty() => {
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
        if let Err(fault) = draft.read(&mut cursor) {
            return Err(broken(body).unwrap_or(fault));
        }
        cursor.end()?;
        draft.finish(body)
    }

    /// The JSON text of a top-level field; `None` when it is absent or null.
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        let field = self.fields.iter().find(|field| field.name == name)?;
        self.body
            .get(field.value..field.end)
            .filter(|text| *text != "null")
    }

    /// A top-level field as a raw value; `None` when it is absent or null. Scans the value, unlike [`ChatRequest::raw`].
    pub fn field(&self, name: &str) -> Option<&'a RawValue> {
        self.raw(name)
            .and_then(|text| serde_json::from_str(text).ok())
    }

    /// The body as it came.
    pub fn body(&self) -> &'a str {
        self.body
    }

    /// The names of all top-level fields in the order in which they were sent.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|field| field.name.as_ref())
    }

    pub(crate) fn fields(&self) -> &[Field<'a>] {
        &self.fields
    }
}

/// A body that is no JSON at all is refused as such, whatever else was wrong before the break.
fn broken(body: &str) -> Option<RequestFault> {
    let mut cursor = Cursor::new(body.as_bytes());
    let read = cursor.skip().and_then(|_| cursor.end());
    read.err().map(RequestFault::from)
}

#[cfg(test)]
mod tests;
