use core::fmt::Write as _;
use core::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use vuzo_application::chat::{Facts, Failure};
use vuzo_domain::id::GenerationId;
use vuzo_domain::limit::Remaining;
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::Admitted;
use vuzo_domain::time::Timestamp;
use vuzo_wire::goduration;

use super::cache::CACHE;
use crate::error::Fault;

static COST: HeaderName = HeaderName::from_static("x-vuzo-cost");
static BALANCE: HeaderName = HeaderName::from_static("x-vuzo-balance");
static MODEL: HeaderName = HeaderName::from_static("x-vuzo-model");
static OVERHEAD: HeaderName = HeaderName::from_static("x-vuzo-overhead-ms");
static CLAMPED: HeaderName = HeaderName::from_static("x-vuzo-max-tokens-clamped");
static GENERATION: HeaderName = HeaderName::from_static("x-vuzo-generation-id");
static RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
static RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The three headers that clients read of one count, in OpenAI's words and in Anthropic's.
struct Trio {
    name: &'static str,
    limit: HeaderName,
    remaining: HeaderName,
    reset: HeaderName,
    anthropic_limit: HeaderName,
    anthropic_remaining: HeaderName,
    anthropic_reset: HeaderName,
}

/// Whose clients read the limits. All of them get OpenAI's words and the IETF draft's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readers {
    /// OpenAI's, and whoever copies them.
    OpenAi,
    /// Anthropic's, who want to know the time of a reset.
    Anthropic {
        /// What time it is.
        now: Timestamp,
    },
}

static REQUESTS: Trio = Trio {
    name: "requests",
    limit: HeaderName::from_static("x-ratelimit-limit-requests"),
    remaining: HeaderName::from_static("x-ratelimit-remaining-requests"),
    reset: HeaderName::from_static("x-ratelimit-reset-requests"),
    anthropic_limit: HeaderName::from_static("anthropic-ratelimit-requests-limit"),
    anthropic_remaining: HeaderName::from_static("anthropic-ratelimit-requests-remaining"),
    anthropic_reset: HeaderName::from_static("anthropic-ratelimit-requests-reset"),
};

static TOKENS: Trio = Trio {
    name: "tokens",
    limit: HeaderName::from_static("x-ratelimit-limit-tokens"),
    remaining: HeaderName::from_static("x-ratelimit-remaining-tokens"),
    reset: HeaderName::from_static("x-ratelimit-reset-tokens"),
    anthropic_limit: HeaderName::from_static("anthropic-ratelimit-tokens-limit"),
    anthropic_remaining: HeaderName::from_static("anthropic-ratelimit-tokens-remaining"),
    anthropic_reset: HeaderName::from_static("anthropic-ratelimit-tokens-reset"),
};

/// What is told beside every answer.
pub(super) fn facts(map: &mut HeaderMap, facts: &Facts, readers: Readers) {
    generation(map, facts.generation);
    insert(map, &MODEL, facts.model.clone());
    insert(map, &BALANCE, facts.currency.format(facts.available));
    insert(map, &OVERHEAD, millis(facts.overhead));
    if let Some(limit) = facts.clamped {
        map.insert(CLAMPED.clone(), HeaderValue::from(limit));
    }
    if let Some(mark) = facts.cache {
        map.insert(CACHE.clone(), HeaderValue::from_static(mark.name()));
    }
    limits(&facts.limits, readers, |name, value| {
        map.insert(name, value);
    });
}

/// What the call cost.
pub(super) fn cost(map: &mut HeaderMap, cost: Units, currency: Currency) {
    insert(map, &COST, currency.format(cost));
}

/// The id by which the receipt is found.
pub(super) fn generation(map: &mut HeaderMap, id: GenerationId) {
    insert(map, &GENERATION, id.to_string());
}

/// What is told beside a refusal.
pub(super) fn refused(fault: &mut Fault, failure: &Failure, readers: Readers) {
    if let Ok(id) = HeaderValue::try_from(failure.generation.to_string()) {
        fault.add_header(GENERATION.clone(), id);
    }
    limits(&failure.limits, readers, |name, value| {
        fault.add_header(name, value);
    });
}

/// What is left of the limits, in the words of the clients and in those of the IETF draft.
fn limits(admitted: &Admitted, readers: Readers, mut put: impl FnMut(HeaderName, HeaderValue)) {
    let (mut state, mut policy) = (String::new(), String::new());
    let counts = [(&REQUESTS, admitted.requests), (&TOKENS, admitted.tokens)];
    for (trio, left) in counts {
        let Some(left) = left else { continue };
        put(trio.limit.clone(), HeaderValue::from(left.limit));
        put(trio.remaining.clone(), HeaderValue::from(left.remaining));
        if let Ok(reset) = HeaderValue::try_from(reset(&left)) {
            put(trio.reset.clone(), reset);
        }
        if let Readers::Anthropic { now } = readers {
            put(trio.anthropic_limit.clone(), HeaderValue::from(left.limit));
            let remaining = HeaderValue::from(left.remaining);
            put(trio.anthropic_remaining.clone(), remaining);
            let reset = now.after(left.reset_after).to_string();
            if let Ok(reset) = HeaderValue::try_from(reset) {
                put(trio.anthropic_reset.clone(), reset);
            }
        }
        if !state.is_empty() {
            state.push_str(", ");
            policy.push_str(", ");
        }
        let (name, window) = (trio.name, left.window.secs());
        let secs = left.reset_after.as_secs() + u64::from(left.reset_after.subsec_nanos() > 0);
        // Writing into a string does not fail.
        let _ = write!(state, "\"{name}\";r={};t={secs}", left.remaining);
        let _ = write!(policy, "\"{name}\";q={};w={window}", left.limit);
    }
    if state.is_empty() {
        return;
    }
    for (name, value) in [(&RATE_LIMIT, state), (&RATE_LIMIT_POLICY, policy)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            put(name.clone(), value);
        }
    }
}

fn reset(left: &Remaining) -> String {
    goduration::from_millis(u64::try_from(left.reset_after.as_millis()).unwrap_or(u64::MAX))
}

/// Milliseconds with three decimals.
fn millis(duration: Duration) -> String {
    format!(
        "{}.{:03}",
        duration.as_millis(),
        duration.as_micros() % 1_000
    )
}

/// Values that no header can carry are left out: a model's name is the operator's.
fn insert(map: &mut HeaderMap, name: &HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        map.insert(name.clone(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vuzo_domain::limit::RateWindow;

    #[test]
    fn limits_are_told_in_both_languages() {
        let admitted = Admitted {
            requests: Some(Remaining {
                window: RateWindow::Minute,
                limit: 60,
                remaining: 59,
                reset_after: Duration::from_millis(1_200),
            }),
            tokens: Some(Remaining {
                window: RateWindow::Hour,
                limit: 1_000,
                remaining: 0,
                reset_after: Duration::from_secs(360),
            }),
        };
        let told = |readers: Readers| {
            let mut lines = Vec::new();
            limits(&admitted, readers, |name, value| {
                lines.push(format!("{name}: {}", value.to_str().unwrap()));
            });
            lines
        };
        let now = Timestamp::from_secs(1_795_168_800);
        let mut both = told(Readers::Anthropic { now });
        let openai = told(Readers::OpenAi);
        let anthropic: Vec<String> = both
            .extract_if(.., |line| line.starts_with("anthropic-"))
            .collect();
        assert_eq!(both, openai, "beside the others");
        assert_eq!(
            anthropic,
            [
                "anthropic-ratelimit-requests-limit: 60",
                "anthropic-ratelimit-requests-remaining: 59",
                "anthropic-ratelimit-requests-reset: 2026-11-20T10:00:01.2Z",
                "anthropic-ratelimit-tokens-limit: 1000",
                "anthropic-ratelimit-tokens-remaining: 0",
                "anthropic-ratelimit-tokens-reset: 2026-11-20T10:06:00Z",
            ]
        );
        assert_eq!(
            openai,
            [
                "x-ratelimit-limit-requests: 60",
                "x-ratelimit-remaining-requests: 59",
                "x-ratelimit-reset-requests: 1.2s",
                "x-ratelimit-limit-tokens: 1000",
                "x-ratelimit-remaining-tokens: 0",
                "x-ratelimit-reset-tokens: 6m0s",
                "ratelimit: \"requests\";r=59;t=2, \"tokens\";r=0;t=360",
                "ratelimit-policy: \"requests\";q=60;w=60, \"tokens\";q=1000;w=3600",
            ]
        );
        limits(
            &Admitted::default(),
            Readers::Anthropic { now },
            |name, _| panic!("{name} without a limit"),
        );
    }

    #[test]
    fn overhead_has_microseconds() {
        assert_eq!(millis(Duration::from_micros(1_234_567)), "1234.567");
        assert_eq!(millis(Duration::from_micros(45)), "0.045");
    }
}
