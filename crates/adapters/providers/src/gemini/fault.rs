//! What follows from Google's complaints.

use core::time::Duration;

use serde::Deserialize;
use vuzo_domain::chat::{FaultKind, ProviderFault};
use vuzo_wire::talk::ReadFault;

use crate::upstream::fault::{garbled, presentable};

/// A provider that names a longer time than this has not thought of our customers.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);
/// So much of an error is kept for the operator.
const MOST_DETAIL: usize = 1_000;

#[derive(Deserialize, Default)]
#[serde(default)]
struct Envelope {
    error: Option<Complaint>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Complaint {
    code: Option<u16>,
    message: Option<String>,
    status: Option<String>,
    details: Option<Vec<Detail>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Detail {
    reason: Option<String>,
    violations: Option<Vec<Violation>>,
    retry_delay: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Violation {
    quota_id: Option<String>,
}

/// An error that came with a status of failure.
pub(super) fn of_status(status: u16, body: &[u8], retry_after: Option<Duration>) -> ProviderFault {
    let complaint = read(body).unwrap_or_else(|| Complaint {
        message: Some(clip(&String::from_utf8_lossy(body))).filter(|text| !text.is_empty()),
        ..Complaint::default()
    });
    let mut fault = judge(status, &complaint);
    fault.retry_after = fault.retry_after.or(retry_after);
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
    let json = raw.iter().position(|byte| matches!(byte, b'{' | b'['));
    let body = json.and_then(|begin| raw.get(begin..)).unwrap_or_default();
    of_body(body).unwrap_or_else(|| {
        let complaint = Complaint {
            code: stated.code.as_deref().and_then(|code| code.parse().ok()),
            message: Some(stated.message.clone()),
            status: stated.kind.clone(),
            details: None,
        };
        judge(complaint.status(), &complaint)
    })
}

/// Errors come bare or wrapped in an array.
fn read(body: &[u8]) -> Option<Complaint> {
    let body = body.trim_ascii();
    let envelope = if body.first() == Some(&b'[') {
        let wrapped = serde_json::from_slice::<Vec<Envelope>>(body).ok()?;
        wrapped.into_iter().next()?
    } else {
        serde_json::from_slice::<Envelope>(body).ok()?
    };
    envelope.error
}

impl Complaint {
    /// The status that it would have come with.
    fn status(&self) -> u16 {
        let code = self.code.filter(|code| (400..600).contains(code));
        code.unwrap_or_else(|| match self.status.as_deref().unwrap_or_default() {
            "INVALID_ARGUMENT" | "FAILED_PRECONDITION" | "OUT_OF_RANGE" => 400,
            "UNAUTHENTICATED" => 401,
            "PERMISSION_DENIED" => 403,
            "NOT_FOUND" => 404,
            "RESOURCE_EXHAUSTED" => 429,
            "UNAVAILABLE" => 503,
            "DEADLINE_EXCEEDED" => 504,
            _ => 500,
        })
    }

    fn says(&self, words: &str) -> bool {
        let message = self.message.as_deref().unwrap_or_default();
        message.to_ascii_lowercase().contains(words)
    }

    fn details(&self) -> &[Detail] {
        self.details.as_deref().unwrap_or_default()
    }

    /// Whether it is the key that is not taken; the status says otherwise.
    fn is_about_the_key(&self) -> bool {
        let reasons = self
            .details()
            .iter()
            .filter_map(|detail| detail.reason.as_deref());
        reasons
            .into_iter()
            .any(|reason| reason.starts_with("API_KEY_"))
            || self.says("api key")
    }

    /// Files are named by the customer, who must not be able to get our key a bad name.
    fn is_about_a_file(&self) -> bool {
        self.says("access the file ") || self.says("file_uri") || self.says("fileuri")
    }

    /// "The input token count (…) exceeds the maximum number of tokens allowed (…)."
    fn is_about_length(&self) -> bool {
        self.says("token count") && self.says("exceeds the maximum")
    }

    fn is_about_a_day(&self) -> bool {
        let violations = self.details().iter().flat_map(|detail| &detail.violations);
        violations
            .flatten()
            .filter_map(|violation| violation.quota_id.as_deref())
            .any(|quota| quota.contains("PerDay"))
    }

    /// `34.4s`.
    fn retry_delay(&self) -> Option<Duration> {
        let mut stated = self
            .details()
            .iter()
            .filter_map(|detail| detail.retry_delay.as_deref());
        let seconds: f64 = stated.next()?.strip_suffix('s')?.parse().ok()?;
        let stated = Duration::try_from_secs_f64(seconds).ok();
        stated.map(|wait| wait.min(LONGEST_WAIT))
    }
}

fn judge(status: u16, complaint: &Complaint) -> ProviderFault {
    let kind = kind(status, complaint);
    let stated = complaint.message.as_deref().unwrap_or_default();
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
    let word = complaint.status.as_deref().unwrap_or("none");
    let detail = format!("status {status}, {word}: {}", clip(stated));
    let mut fault = ProviderFault::new(kind, message).with_detail(detail);
    fault.retry_after = complaint.retry_delay();
    fault
}

fn kind(status: u16, complaint: &Complaint) -> FaultKind {
    let bad_request = |status| FaultKind::BadRequest {
        status,
        param: None,
        code: None,
    };
    match status {
        403 | 404 if complaint.is_about_a_file() => bad_request(400),
        400 if complaint.is_about_length() => FaultKind::BadRequest {
            status: 400,
            param: Some("messages".to_owned()),
            code: Some("context_length_exceeded".to_owned()),
        },
        400 if complaint.is_about_the_key() => FaultKind::OurAccount,
        // The operator's region or billing.
        400 if complaint.status.as_deref() == Some("FAILED_PRECONDITION") => FaultKind::OurAccount,
        400 | 413 | 422 => bad_request(status),
        // A quota of a day is one model's.
        429 if complaint.is_about_a_day() => FaultKind::NotServed,
        404 => FaultKind::NotServed,
        429 => FaultKind::RateLimited,
        408 | 504 => FaultKind::TimedOut,
        503 => FaultKind::Overloaded,
        499 | 500.. => FaultKind::Failing,
        // Credentials, rights, redirects: all ours.
        _ => FaultKind::OurAccount,
    }
}

fn clip(text: &str) -> String {
    text.chars().take(MOST_DETAIL).collect()
}

#[cfg(test)]
mod tests;
