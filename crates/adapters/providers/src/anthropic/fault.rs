//! What follows from Anthropic's complaints.

use core::time::Duration;

use serde::Deserialize;
use vuzo_domain::chat::{FaultKind, ProviderFault};
use vuzo_wire::talk::ReadFault;

use crate::upstream::fault::{clip, garbled, presentable};

/// So much of an error is kept for the operator.
const MOST_DETAIL: usize = 1_000;
/// No field has a longer name.
const LONGEST_PARAM: usize = 200;

/// Complaints about credit come as bad requests.
const ACCOUNT_PHRASES: &[&str] = &[
    "credit balance is too low",
    "spend limit",
    "usage limits",
    "your organization",
    "api key",
];

#[derive(Deserialize, Default)]
#[serde(default)]
struct Envelope {
    error: Option<Complaint>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Complaint {
    #[serde(rename = "type")]
    kind: Option<String>,
    message: Option<String>,
    details: Option<Details>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Details {
    error_code: Option<String>,
}

/// An error that came with a status of failure.
pub(super) fn of_status(status: u16, body: &[u8], retry_after: Option<Duration>) -> ProviderFault {
    let complaint = read(body).unwrap_or_else(|| Complaint {
        message: Some(String::from_utf8_lossy(body).into_owned()),
        // What is no error of the wire's own is a proxy's, and no answer to a request.
        kind: Some("none".to_owned()),
        details: None,
    });
    let mut fault = judge(status, &complaint);
    // Where the account is at its end, waiting does not help.
    if !matches!(fault.kind, FaultKind::OurAccount | FaultKind::NotServed) {
        fault.retry_after = retry_after;
    }
    fault
}

/// An error that came with a status of success; `None` if it is none.
pub(super) fn of_body(body: &[u8]) -> Option<ProviderFault> {
    read(body).map(|complaint| judge(complaint.status(), &complaint))
}

/// An error inside an answer.
pub(super) fn of_read(trouble: &ReadFault, raw: &[u8]) -> ProviderFault {
    let stated = match trouble {
        ReadFault::Garbled(what) => return garbled(what, Some(raw)),
        ReadFault::Stated(stated) => stated,
    };
    let complaint = Complaint {
        kind: stated.kind.clone(),
        message: Some(stated.message.clone()),
        details: None,
    };
    judge(complaint.status(), &complaint)
}

fn read(body: &[u8]) -> Option<Complaint> {
    serde_json::from_slice::<Envelope>(body).ok()?.error
}

impl Complaint {
    /// The status that it would have come with.
    fn status(&self) -> u16 {
        match self.kind.as_deref().unwrap_or_default() {
            "invalid_request_error" => 400,
            "authentication_error" => 401,
            "billing_error" => 402,
            "permission_error" => 403,
            "not_found_error" => 404,
            "conflict_error" => 409,
            "request_too_large" => 413,
            "rate_limit_error" => 429,
            "timeout_error" => 504,
            "overloaded_error" => 529,
            _ => 500,
        }
    }

    fn code(&self) -> &str {
        let details = self.details.as_ref();
        details
            .and_then(|details| details.error_code.as_deref())
            .unwrap_or_default()
    }

    fn message(&self) -> &str {
        self.message.as_deref().unwrap_or_default()
    }

    /// Whether it is the operator's money or rights that are wanting, whatever the status.
    fn is_about_the_account(&self) -> bool {
        let kind = self.kind.as_deref().unwrap_or_default();
        let prose = self.message().to_ascii_lowercase();
        self.code().ends_with("spend_limit_reached")
            || matches!(
                kind,
                "billing_error" | "authentication_error" | "permission_error"
            )
            || (kind == "invalid_request_error"
                && ACCOUNT_PHRASES.iter().any(|phrase| prose.contains(phrase)))
    }

    /// The field that the message begins with: `messages.0.content: …`.
    fn param(&self) -> Option<String> {
        let (param, _) = self.message().split_once(": ")?;
        let named =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'[' | b']');
        let is_field = !param.is_empty()
            && param.len() <= LONGEST_PARAM
            && param.bytes().all(named)
            && param.starts_with(|first: char| first.is_ascii_lowercase());
        is_field.then(|| param.to_owned())
    }
}

fn judge(status: u16, complaint: &Complaint) -> ProviderFault {
    let kind = kind(status, complaint);
    let stated = complaint.message();
    let message = match &kind {
        FaultKind::BadRequest { .. } if stated.is_empty() => {
            "The provider does not take the request.".to_owned()
        }
        FaultKind::BadRequest { .. } => presentable(stated),
        FaultKind::RateLimited | FaultKind::Overloaded => {
            "The provider is busy; try again soon.".to_owned()
        }
        FaultKind::TimedOut => "The provider did not answer in time.".to_owned(),
        FaultKind::NotServed => "The provider does not serve this model at present.".to_owned(),
        _ => "The provider could not serve the call.".to_owned(),
    };
    let word = complaint.kind.as_deref().unwrap_or("none");
    let detail = format!(
        "status {status}, type {word}, code {}: {}",
        if complaint.code().is_empty() {
            "none"
        } else {
            complaint.code()
        },
        clip(stated, MOST_DETAIL)
    );
    ProviderFault::new(kind, message).with_detail(detail)
}

fn kind(status: u16, complaint: &Complaint) -> FaultKind {
    if complaint.is_about_the_account() {
        return FaultKind::OurAccount;
    }
    if status == 400 && complaint.message().contains("prompt is too long") {
        return FaultKind::BadRequest {
            status,
            param: Some("messages".to_owned()),
            code: Some("context_length_exceeded".to_owned()),
        };
    }
    let is_the_wires_own = complaint.kind.as_deref() != Some("none");
    match status {
        400 | 413 | 422 if is_the_wires_own => FaultKind::BadRequest {
            status,
            param: complaint.param(),
            code: None,
        },
        413 => FaultKind::BadRequest {
            status,
            param: None,
            code: None,
        },
        404 => FaultKind::NotServed,
        429 => FaultKind::RateLimited,
        408 | 504 => FaultKind::TimedOut,
        503 | 529 => FaultKind::Overloaded,
        409 | 425 | 500.. => FaultKind::Failing,
        // Credentials, rights, redirects: the set-up's, not the customer's.
        _ => FaultKind::OurAccount,
    }
}

#[cfg(test)]
mod tests;
