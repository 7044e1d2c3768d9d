//! Reading a provider's words: what is it complaining about?

use serde_json::Value;
use vuzo_wire::error::UpstreamFault;

/// What an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    /// The operator's key, credit, rights or set-up.
    Account,
    /// A model that the operator's account does not get.
    Model,
    /// Too many calls at once.
    Pace,
    /// Too many calls of everybody's.
    Overload,
    /// The provider itself.
    Trouble,
    /// The customer's request.
    Request,
}

const ACCOUNT_WORDS: &[&str] = &[
    "insufficient_quota",
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
    "billing_hard_limit_reached",
    "billing_not_active",
    "account_deactivated",
    "invalid_api_key",
    "invalid_authentication",
    "authentication",
    "authentication_error",
    "permission_denied",
    "permission_error",
    "payment_required",
];

const MODEL_WORDS: &[&str] = &["model_not_found"];

const PACE_WORDS: &[&str] = &["rate_limit_exceeded", "rate_limit_error", "slow_down"];

const OVERLOAD_WORDS: &[&str] = &[
    "server_is_overloaded",
    "provider_overloaded",
    "overloaded_error",
];

const TROUBLE_WORDS: &[&str] = &[
    "server_error",
    "service_unavailable_error",
    "provider_unavailable",
    "server",
    "timeout",
    "api_error",
];

const REQUEST_WORDS: &[&str] = &[
    "invalid_request",
    "invalid_prompt",
    "context_length_exceeded",
    "max_tokens_exceeded",
    "token_limit_exceeded",
    "string_too_long",
    "invalid_image",
    "invalid_image_format",
    "invalid_image_mode",
    "invalid_image_url",
    "invalid_base64_image",
    "image_too_large",
    "image_too_small",
    "image_file_too_large",
    "image_file_not_found",
    "image_parse_error",
    "image_content_policy_violation",
    "empty_image_file",
    "failed_to_download_image",
    "unsupported_image_media_type",
    "bio_policy",
    "misalignment_policy_violation",
    "payload_too_large",
    "unprocessable",
    "content_policy_violation",
    "content_filter",
    "refusal",
];

const ACCOUNT_PHRASES: &[&str] = &[
    "credit balance is too low",
    "insufficient credits",
    "insufficient balance",
    "out of credits",
    "used all available credits",
    "exceeded your current quota",
    "api key",
    "your team",
    "your organization",
];

const MODEL_PHRASES: &[&str] = &["is not a valid model"];

const TROUBLE_PHRASES: &[&str] = &["service is currently unavailable", "overloaded"];

/// What the error is about. Of trouble, the status says which.
pub(super) fn topic(status: u16, error: Option<&UpstreamFault>) -> Topic {
    match (words(status, error), status) {
        (Topic::Trouble, 503 | 529) => Topic::Overload,
        (topic, _) => topic,
    }
}

/// The class of a complaint about the request, where it is one that means the same with
/// every provider.
pub(super) fn class(error: &UpstreamFault) -> Option<String> {
    let kind = error.kind.as_ref()?;
    REQUEST_WORDS.contains(&kind.as_str()).then(|| kind.clone())
}

/// The machine-readable words decide before the status, and the status before the prose.
fn words(status: u16, error: Option<&UpstreamFault>) -> Topic {
    let named = |words: &[&str]| {
        error.is_some_and(|error| {
            [&error.kind, &error.code]
                .into_iter()
                .flatten()
                .any(|word| words.contains(&word.as_str()))
        })
    };
    let prose = error.map_or_else(String::new, |error| error.message.to_ascii_lowercase());
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| prose.contains(phrase));
    let by_word = [
        (ACCOUNT_WORDS, Topic::Account),
        (MODEL_WORDS, Topic::Model),
        (PACE_WORDS, Topic::Pace),
        (OVERLOAD_WORDS, Topic::Overload),
        (TROUBLE_WORDS, Topic::Trouble),
        (REQUEST_WORDS, Topic::Request),
    ];
    match status {
        401 | 402 => return Topic::Account,
        _ => {
            if let Some((_, topic)) = by_word.iter().find(|(words, _)| named(words)) {
                return *topic;
            }
        }
    }
    match status {
        429 if says(ACCOUNT_PHRASES) && !prose.contains("rate limit") => Topic::Account,
        429 => Topic::Pace,
        403 if is_moderation(&prose) => Topic::Request,
        404 if says(&["endpoints found that support"]) => Topic::Request,
        // An address that is not there is the operator's set-up; so is a model.
        404 if error.is_none() => Topic::Account,
        404 if says(&["model", "endpoint"]) => Topic::Model,
        400 | 404 | 422 if says(MODEL_PHRASES) => Topic::Model,
        400 | 404 | 413 | 422 if says(ACCOUNT_PHRASES) => Topic::Account,
        400 if says(TROUBLE_PHRASES) => Topic::Trouble,
        400 | 404 | 413 | 422 => Topic::Request,
        408 | 409 | 425 | 500.. => Topic::Trouble,
        // Forbidden, or redirects, methods and media types that it does not take: ours.
        _ => Topic::Account,
    }
}

fn is_moderation(prose: &str) -> bool {
    [
        "moderation",
        "flagged",
        "content policy",
        "usage policies",
        "usage guidelines",
        "safety",
    ]
    .iter()
    .any(|word| prose.contains(word))
}

/// The field that the error names.
pub(super) fn param(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let param = body.get("error")?.get("param")?.as_str()?;
    (!param.is_empty() && param.len() <= 200).then(|| param.to_owned())
}

/// Whether a code only repeats the status.
pub(super) fn is_number(code: &str) -> bool {
    code.bytes().all(|digit| digit.is_ascii_digit())
}

/// What begins like this names the operator's account there.
const PRIVATE: &[&str] = &["org-", "proj_", "sk-", "xai-", "acct_", "team-", "key-"];

/// A provider's sentence as a customer may read it: short, and without the operator's
/// names at the provider.
pub(crate) fn presentable(message: &str) -> String {
    let mut words = Vec::new();
    for word in super::clip(message, 1_000).split(' ') {
        let bare = word.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
        let hidden = PRIVATE
            .iter()
            .any(|prefix| bare.starts_with(prefix) && bare.len() > prefix.len() + 6);
        words.push(if hidden { "[hidden]" } else { word });
    }
    words.join(" ")
}
