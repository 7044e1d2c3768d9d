//! Refusals in Anthropic's words.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Fault, rules};

/// The body of a refusal, or the last event of a stream.
#[derive(Serialize)]
pub(crate) struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    error: Error<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Error<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Map::is_empty")]
    details: Map<String, Value>,
}

/// Says a refusal in Anthropic's words; our own code, the field and the further facts
/// stand in `details`.
pub(crate) fn body<'a>(fault: &'a Fault, request_id: Option<&'a str>) -> Body<'a> {
    let detail = &*fault.0;
    let mut details = Map::new();
    if let Some(code) = fault.code() {
        details.insert("error_code".to_owned(), code.into());
    }
    if let Some(param) = &detail.param {
        details.insert("param".to_owned(), param.as_str().into());
    }
    for (name, value) in &detail.extra {
        details.insert((*name).to_owned(), value.clone());
    }
    Body {
        kind: "error",
        error: Error {
            kind: kind(fault),
            message: detail.message.as_ref(),
            details,
        },
        request_id,
    }
}

/// Anthropic's class for a status; what is overloaded has one of its own.
fn kind(fault: &Fault) -> &'static str {
    let code = fault.code().unwrap_or_default();
    let is_overload = [rules::OVERLOADED, rules::PROVIDER_OVERLOADED]
        .iter()
        .any(|rule| rule.code == code);
    match fault.status().as_u16() {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        409 => "conflict_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        500.. if is_overload => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_class() {
        for rule in rules::ALL {
            let fault = Fault::new(*rule, "No.");
            let expected = match rule.status {
                400 | 405 | 408 | 410 | 415 | 422 | 499 => "invalid_request_error",
                401 => "authentication_error",
                402 => "billing_error",
                403 => "permission_error",
                404 => "not_found_error",
                409 => "conflict_error",
                413 => "request_too_large",
                429 => "rate_limit_error",
                504 => "timeout_error",
                503 if rule.code.ends_with("overloaded") => "overloaded_error",
                500 | 502 | 503 => "api_error",
                other => panic!("a status without a class: {other}"),
            };
            assert_eq!(kind(&fault), expected, "{rule:?}");
        }
    }

    #[test]
    fn facts_stand_in_the_details() {
        let fault = Fault::new(rules::INSUFFICIENT_CREDITS, "Add credit.")
            .param("max_tokens")
            .with("required", "0.5");
        assert_eq!(
            serde_json::to_string(&body(&fault, Some("req_1"))).unwrap(),
            r#"{"type":"error","error":{"type":"billing_error","message":"Add credit.","details":{"error_code":"insufficient_credits","param":"max_tokens","required":"0.5"}},"request_id":"req_1"}"#
        );
        let bare = Fault::new(rules::MALFORMED, "No JSON.");
        assert_eq!(
            serde_json::to_string(&body(&bare, None)).unwrap(),
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"No JSON."}}"#
        );
    }
}
