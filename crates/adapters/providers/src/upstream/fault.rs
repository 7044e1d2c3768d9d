//! What follows from a provider's trouble. A complaint about the operator's account is
//! never the customer's fault, and the provider's words reach the customer only where
//! they are about the request.

mod words;

use core::time::Duration;
use std::error::Error;

use vuzo_domain::chat::{FaultKind, ProviderFault};
use vuzo_wire::error::UpstreamFault;

use words::Topic;
pub(crate) use words::presentable;

/// No connection, or it broke before the answer began.
pub(crate) fn of_transport(error: reqwest::Error) -> ProviderFault {
    let kind = if error.is_timeout() && !error.is_connect() {
        FaultKind::TimedOut
    } else {
        FaultKind::Unreachable
    };
    ProviderFault::new(kind, "The provider could not be reached.").with_detail(chain(error))
}

/// The provider closed a kept connection instead of answering on it.
pub(crate) fn closed_too_early(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error
            .to_string()
            .contains("connection closed before message completed")
        {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The provider has been silent for too long.
pub(crate) fn silent() -> ProviderFault {
    ProviderFault::new(FaultKind::TimedOut, "The provider did not answer in time.")
}

/// The answer ended in the middle.
pub(crate) fn broke_off(error: reqwest::Error) -> ProviderFault {
    ProviderFault::new(FaultKind::Garbled, "The provider broke its answer off.")
        .with_detail(chain(error))
}

/// The answer ended in the middle without a word.
pub(crate) fn ended_early() -> ProviderFault {
    ProviderFault::new(FaultKind::Garbled, "The provider broke its answer off.")
}

/// The answer cannot be understood.
pub(crate) fn garbled(reason: &str, body: Option<&[u8]>) -> ProviderFault {
    let seen = body.map(|body| clip(&String::from_utf8_lossy(body), 300).to_owned());
    let detail = match seen {
        Some(seen) => format!("{reason}; it begins with {seen:?}"),
        None => reason.to_owned(),
    };
    ProviderFault::new(
        FaultKind::Garbled,
        "The provider's answer could not be understood.",
    )
    .with_detail(detail)
}

/// An error that came with a status of failure.
pub(crate) fn of_status(status: u16, body: &[u8], retry_after: Option<Duration>) -> ProviderFault {
    let stated = UpstreamFault::read(body);
    let mut fault = judge(status, stated.as_ref(), body);
    fault.retry_after = retry_after;
    fault
}

/// An error body that came with a status of success; `None` if it is none.
pub(crate) fn of_body(body: &[u8]) -> Option<ProviderFault> {
    UpstreamFault::read(body).map(|error| of_error(&error, body))
}

/// An error inside an answer that had begun well; its code may be a status.
pub(crate) fn of_error(error: &UpstreamFault, body: &[u8]) -> ProviderFault {
    let code = error
        .code
        .as_deref()
        .and_then(|code| code.parse::<u16>().ok());
    let status = code.filter(|code| (400..600).contains(code));
    judge(status.unwrap_or(500), Some(error), body)
}

fn judge(status: u16, error: Option<&UpstreamFault>, body: &[u8]) -> ProviderFault {
    let kind = match words::topic(status, error) {
        Topic::Account => FaultKind::OurAccount,
        Topic::Model => FaultKind::NotServed,
        Topic::Pace => FaultKind::RateLimited,
        Topic::Overload => FaultKind::Overloaded,
        Topic::Trouble => FaultKind::Failing,
        Topic::Request => FaultKind::BadRequest {
            status: if matches!(status, 400 | 403 | 404 | 413 | 422) {
                status
            } else {
                400
            },
            param: words::param(body),
            code: error.and_then(|error| {
                let code = error.code.clone().filter(|code| !words::is_number(code));
                code.or_else(|| words::class(error))
            }),
        },
    };
    let stated = error.map_or("", |error| error.message.as_str());
    let message = match &kind {
        FaultKind::BadRequest { .. } if stated.is_empty() => {
            "The provider does not take the request.".to_owned()
        }
        FaultKind::BadRequest { .. } => presentable(stated),
        FaultKind::RateLimited | FaultKind::Overloaded => {
            "The provider is busy; try again soon.".to_owned()
        }
        _ => "The provider could not serve the call.".to_owned(),
    };
    let detail = match error {
        Some(error) => format!(
            "status {status}, code {}, type {}: {}",
            error.code.as_deref().unwrap_or("none"),
            error.kind.as_deref().unwrap_or("none"),
            clip(stated, 1_000)
        ),
        None => format!(
            "status {status}: {}",
            clip(&String::from_utf8_lossy(body), 300)
        ),
    };
    ProviderFault::new(kind, message).with_detail(detail)
}

/// An error with all its causes, without the address.
fn chain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// The beginning of a text.
pub(crate) fn clip(text: &str, most: usize) -> &str {
    let end = text
        .char_indices()
        .nth(most)
        .map_or(text.len(), |(end, _)| end);
    text.get(..end).unwrap_or(text)
}

#[cfg(test)]
mod tests;
