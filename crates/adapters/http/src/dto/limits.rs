use serde::Serialize;
use vuzo_domain::limit::Limits;

use crate::error::Fault;
use crate::fields::Fields;

/// Limits; null does not limit.
#[derive(Serialize)]
pub(crate) struct LimitsView {
    requests_per_minute: Option<u64>,
    requests_per_hour: Option<u64>,
    requests_per_day: Option<u64>,
    tokens_per_minute: Option<u64>,
    tokens_per_hour: Option<u64>,
    tokens_per_day: Option<u64>,
    max_tokens_per_request: Option<u64>,
    max_concurrency: Option<u64>,
}

impl LimitsView {
    pub(crate) const fn of(limits: &Limits) -> Self {
        Self {
            requests_per_minute: limits.requests_per_minute,
            requests_per_hour: limits.requests_per_hour,
            requests_per_day: limits.requests_per_day,
            tokens_per_minute: limits.tokens_per_minute,
            tokens_per_hour: limits.tokens_per_hour,
            tokens_per_day: limits.tokens_per_day,
            max_tokens_per_request: limits.max_tokens_per_request,
            max_concurrency: limits.max_concurrency,
        }
    }
}

/// Reads limits over those that hold: what is left out stays, null takes away.
pub(crate) fn over(mut fields: Fields<'_>, current: Limits) -> Result<Limits, Fault> {
    let mut read = |name: &str, current| Ok::<_, Fault>(fields.given_count(name)?.over(current));
    let limits = Limits {
        requests_per_minute: read("requests_per_minute", current.requests_per_minute)?,
        requests_per_hour: read("requests_per_hour", current.requests_per_hour)?,
        requests_per_day: read("requests_per_day", current.requests_per_day)?,
        tokens_per_minute: read("tokens_per_minute", current.tokens_per_minute)?,
        tokens_per_hour: read("tokens_per_hour", current.tokens_per_hour)?,
        tokens_per_day: read("tokens_per_day", current.tokens_per_day)?,
        max_tokens_per_request: read("max_tokens_per_request", current.max_tokens_per_request)?,
        max_concurrency: read("max_concurrency", current.max_concurrency)?,
    };
    fields.finish()?;
    Ok(limits)
}
