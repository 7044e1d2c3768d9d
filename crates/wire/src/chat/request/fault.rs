//! Why a request is refused.

use super::check::Path;
use crate::json::{JsonFault, Problem};

/// A refusal, answered with status 400 and type `invalid_request_error`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestFault {
    /// What is wrong and what to send instead.
    pub message: String,
    /// The path of the field, such as `messages[0].content`.
    pub param: Option<String>,
    /// The machine-readable reason, in OpenAI's words where it has one.
    pub code: Option<&'static str>,
}

impl RequestFault {
    pub(crate) fn new(at: &Path<'_>, code: &'static str, message: String) -> Self {
        Self {
            message,
            param: Some(at.to_string()),
            code: Some(code),
        }
    }

    /// The body as a whole is unreadable.
    pub(crate) fn syntax(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            param: None,
            code: None,
        }
    }

    pub(crate) fn duplicate(at: &Path<'_>) -> Self {
        Self::new(
            at,
            "duplicate_key",
            format!("'{at}' is given twice: send it once."),
        )
    }

    pub(crate) fn missing(at: &Path<'_>) -> Self {
        Self::new(
            at,
            "missing_required_parameter",
            format!("Missing required parameter: '{at}'."),
        )
    }

    pub(crate) fn kind(at: &Path<'_>, expected: &str, got: &str) -> Self {
        Self::new(
            at,
            "invalid_type",
            format!("Invalid type for '{at}': expected {expected}, but got {got}."),
        )
    }

    pub(crate) fn value(at: &Path<'_>, expected: &str) -> Self {
        Self::new(
            at,
            "invalid_value",
            format!("Invalid value for '{at}': expected {expected}."),
        )
    }
}

impl std::fmt::Display for RequestFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for RequestFault {}

impl From<JsonFault> for RequestFault {
    fn from(fault: JsonFault) -> Self {
        let code = (fault.problem == Problem::TooDeep).then_some("nesting_too_deep");
        Self {
            message: format!("The request body is not valid JSON: {fault}."),
            param: None,
            code,
        }
    }
}
