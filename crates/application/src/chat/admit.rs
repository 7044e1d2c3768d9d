use std::sync::Arc;
use std::sync::atomic::Ordering;

use vuzo_domain::limit::{Counted, LimitRefusal, LimitScope, Limited, Remaining};
use vuzo_domain::port::{self, Admission, LimitScopeRules, LimiterError};

use super::call::Call;
use super::engine::Engine;
use super::error::CallError;
use super::tally::Tally;
use crate::models::PriceBook;

/// So many calls may wait for the ledger; then new ones are refused.
const MOST_UNSETTLED: u64 = 4_096;

/// Completion tokens that a call is expected to take where it sets no limit.
const USUAL_OUTPUT: u64 = 512;

/// A call that every limit has let in.
pub(super) struct Admitted {
    pub(super) call: Box<Call>,
    pub(super) book: Arc<PriceBook>,
    pub(super) limits: port::Admitted,
}

/// A place among the calls that run. It must be given back.
pub(super) struct Place(Option<Admission>);

/// What is left where a limit refuses a call: nothing of that window.
pub(super) fn left_after(error: &CallError) -> port::Admitted {
    let CallError::Limited(LimitRefusal {
        limited: Limited::Window(counted, window),
        limit,
        retry_after,
        ..
    }) = error
    else {
        return port::Admitted::default();
    };
    let none = Some(Remaining {
        window: *window,
        limit: *limit,
        remaining: 0,
        reset_after: *retry_after,
    });
    match counted {
        Counted::Requests => port::Admitted {
            requests: none,
            tokens: None,
        },
        Counted::Tokens => port::Admitted {
            requests: None,
            tokens: none,
        },
    }
}

impl Engine {
    /// Asks every limit of key and account at once.
    pub(super) async fn admit(&self, call: Box<Call>) -> Result<(Place, Admitted), CallError> {
        if self.tally.unsettled.load(Ordering::Relaxed) >= MOST_UNSETTLED {
            return Err(CallError::Busy);
        }
        let admission = admission(&call);
        let limited = admission
            .scopes
            .iter()
            .any(|rules| !rules.limits.is_unlimited());
        let (place, limits) = if limited {
            match self.limiter.admit(&admission).await {
                Ok(limits) => (Place(Some(admission)), limits),
                Err(LimiterError::Refused(refusal)) => {
                    Tally::add(&self.tally.limited);
                    return Err(CallError::Limited(refusal));
                }
                Err(LimiterError::Unavailable(fault)) => {
                    return Err(CallError::Unavailable(fault));
                }
            }
        } else {
            (Place(None), port::Admitted::default())
        };
        let admitted = Admitted {
            call,
            book: self.models.book(),
            limits,
        };
        Ok((place, admitted))
    }

    /// Gives a place back, and corrects the tokens to those that were taken.
    pub(super) async fn leave(&self, place: Place, tokens: u64) {
        let Some(admission) = place.0 else {
            return;
        };
        if let Err(fault) = self.limiter.leave(&admission, tokens).await {
            tracing::debug!(%fault, "a call's place lapses by itself");
        }
    }
}

fn admission(call: &Call) -> Admission {
    let account = &call.caller.account;
    let mut scopes = Vec::with_capacity(2);
    scopes.push(LimitScopeRules {
        scope: LimitScope::Account(account.id),
        limits: account.limits,
    });
    if let Some(key) = call.caller.key() {
        scopes.push(LimitScopeRules {
            scope: LimitScope::Key(key.id),
            limits: key.limits,
        });
    }
    let answers = u64::from(call.envelope.answers);
    let output = call.envelope.output_limit.unwrap_or(USUAL_OUTPUT);
    Admission {
        call: call.id,
        scopes,
        tokens: call
            .envelope
            .typical_prompt_tokens()
            .saturating_add(output.saturating_mul(answers)),
        at: call.created_at,
    }
}
