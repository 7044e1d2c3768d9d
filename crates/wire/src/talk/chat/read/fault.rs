//! Refusals of what is well formed and cannot be said in the canonical conversation.

use crate::chat::RequestFault;

/// The field cannot be honoured here.
pub(in crate::talk) fn unsupported(param: impl Into<String>, why: &str) -> RequestFault {
    let param = param.into();
    RequestFault {
        message: format!("Unsupported parameter: '{param}'. {why}"),
        param: Some(param),
        code: Some("unsupported_parameter"),
    }
}

/// The field's value is not what it has to be.
pub(in crate::talk) fn invalid(param: impl Into<String>, expected: &str) -> RequestFault {
    let param = param.into();
    RequestFault {
        message: format!("Invalid value for '{param}': expected {expected}."),
        param: Some(param),
        code: Some("invalid_value"),
    }
}
