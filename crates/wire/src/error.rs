//! Error bodies: the one we write, and the many that providers write.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::json::{Cursor, Kind};

/// An error as every OpenAI client reads it: all four keys are always there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ErrorBody<'a> {
    /// The error itself.
    pub error: ErrorDetail<'a>,
}

/// The inside of an [`ErrorBody`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ErrorDetail<'a> {
    /// What happened and what to do, for a human.
    pub message: Cow<'a, str>,
    /// The class of error, such as `invalid_request_error`.
    #[serde(rename = "type")]
    pub kind: &'a str,
    /// The field at fault.
    pub param: Option<&'a str>,
    /// The machine-readable reason.
    pub code: Option<&'a str>,
    /// Further facts beside the four keys.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl<'a> ErrorBody<'a> {
    /// An error without field, code or further facts.
    pub fn new(kind: &'a str, message: impl Into<Cow<'a, str>>) -> Self {
        Self {
            error: ErrorDetail {
                message: message.into(),
                kind,
                param: None,
                code: None,
                extra: Map::new(),
            },
        }
    }

    /// Names the field at fault.
    #[must_use]
    pub fn param(mut self, param: Option<&'a str>) -> Self {
        self.error.param = param;
        self
    }

    /// Names the reason.
    #[must_use]
    pub fn code(mut self, code: Option<&'a str>) -> Self {
        self.error.code = code;
        self
    }

    /// Adds a fact beside the four keys.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.error.extra.insert(name.to_owned(), value.into());
        self
    }

    /// The JSON text.
    pub fn to_json(&self) -> Vec<u8> {
        // Strings and plain values always serialise.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The error as a frame of a stream that has begun; nothing may follow it.
    pub fn to_sse(&self) -> Vec<u8> {
        let json = self.to_json();
        let mut frame = Vec::with_capacity(json.len() + 8);
        frame.extend_from_slice(b"data: ");
        frame.extend_from_slice(&json);
        frame.extend_from_slice(b"\n\n");
        frame
    }
}

/// What a provider says went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UpstreamFault {
    /// The provider's words; a general sentence when it gave none.
    pub message: String,
    /// Its code; an integer is given as its digits.
    pub code: Option<String>,
    /// Its class: `metadata.error_type` if there is one, else `type` or Google's `status`.
    pub kind: Option<String>,
}

impl UpstreamFault {
    /// Reads a provider's error body in any of the known shapes; `None` when it holds no error.
    pub fn read(body: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(body);
        // Google wraps its errors in an array when it streams.
        if cursor.kind() == Kind::Array {
            cursor.open_array().ok()?;
            cursor.item().ok().filter(|more| *more)?;
        }
        cursor.open_object().ok()?;
        let mut fault = Self::default();
        let mut error = None;
        let mut bare = Vec::new();
        while let Ok(Some(key)) = cursor.member() {
            let kind = cursor.kind();
            let Ok(value) = cursor.skip() else { break };
            if key.is("error") {
                error = Some((kind, value));
            } else if key.is("code") {
                fault.code = scalar(kind, value);
            } else if key.is("message") || key.is("detail") {
                bare.extend(scalar(kind, value));
            }
        }
        match error {
            Some((kind, value)) => fault.absorb(kind, value),
            None => bare.pop().map(|message| Self { message, ..fault }),
        }
    }

    /// Reads the value of an `error` member; `None` when it is falsy.
    pub(crate) fn of_value(value: &[u8]) -> Option<Self> {
        let kind = Cursor::new(value).kind();
        Self::default().absorb(kind, value)
    }

    fn absorb(mut self, kind: Kind, value: &[u8]) -> Option<Self> {
        match kind {
            Kind::Null | Kind::Nothing => return None,
            Kind::Bool if value == b"false" => return None,
            Kind::String | Kind::Number => {
                self.message =
                    scalar(kind, value).filter(|text| !text.is_empty() && text != "0")?;
            }
            Kind::Object => self.members(value),
            Kind::Bool | Kind::Array => {}
        }
        if self.message.is_empty() {
            "The provider reported an error without saying which.".clone_into(&mut self.message);
        }
        Some(self)
    }

    fn members(&mut self, value: &[u8]) {
        let mut cursor = Cursor::new(value);
        let mut precise = None;
        if cursor.open_object().is_err() {
            return;
        }
        while let Ok(Some(key)) = cursor.member() {
            let kind = cursor.kind();
            let Ok(value) = cursor.skip() else { break };
            if key.is("message") {
                self.message = scalar(kind, value).unwrap_or_default();
            } else if key.is("code") {
                self.code = scalar(kind, value);
            } else if key.is("type") {
                self.kind = scalar(kind, value);
            } else if key.is("status") {
                self.kind = self.kind.take().or_else(|| scalar(kind, value));
            } else if key.is("metadata") {
                precise = error_type(value);
            }
        }
        self.kind = precise.or_else(|| self.kind.take());
    }
}

/// A string or a number as text.
fn scalar(kind: Kind, value: &[u8]) -> Option<String> {
    match kind {
        Kind::String => {
            let text = Cursor::new(value).string().ok()?;
            Some(text.decode().map_or_else(
                || String::from_utf8_lossy(text.raw()).into_owned(),
                Cow::into_owned,
            ))
        }
        Kind::Number => String::from_utf8(value.to_vec()).ok(),
        _ => None,
    }
}

/// `OpenRouter`'s stable error class.
fn error_type(metadata: &[u8]) -> Option<String> {
    let mut cursor = Cursor::new(metadata);
    cursor.open_object().ok()?;
    while let Ok(Some(key)) = cursor.member() {
        let kind = cursor.kind();
        let value = cursor.skip().ok()?;
        if key.is("error_type") {
            return scalar(kind, value);
        }
    }
    None
}

#[cfg(test)]
mod tests;
