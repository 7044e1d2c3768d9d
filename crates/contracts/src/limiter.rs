//! What [`vuzo_domain::port::Limiter`] promises.

mod at_any_time;
mod over_time;

pub use at_any_time::*;
pub use over_time::*;

use core::time::Duration;
use std::sync::Arc;

use vuzo_domain::id::{AccountId, GenerationId, KeyId};
use vuzo_domain::limit::{LimitRefusal, LimitScope, Limits};
use vuzo_domain::port::{Admission, Admitted, LimitScopeRules, Limiter, LimiterError};
use vuzo_domain::time::Timestamp;

use crate::Ticker;

/// Every law of `Limiter`, for an adapter that takes the time from the admission.
/// The argument is the path of an `async fn() -> Arc<dyn Limiter>` that makes a fresh
/// limiter.
#[macro_export]
macro_rules! limiter_laws {
    ($setup:path) => {
        $crate::__instantiate!(limiter, $setup, $crate::limiter::Gate, [
            a_window_is_never_overfilled
            concurrent_calls_never_overfill_a_window
            a_refused_call_counts_nowhere
            every_scope_counts_for_itself
            a_call_without_limits_is_let_in
            what_is_left_is_told
            places_are_given_back
            concurrent_calls_never_pass_the_places
            tokens_are_counted_as_expected
            tokens_are_corrected_at_the_end
            leaving_twice_harms_nobody
            a_call_larger_than_its_window_waits_for_an_empty_one
            waiting_time_is_at_least_a_second
            no_span_of_a_window_holds_more_than_its_limit
            waiting_as_told_is_enough
            every_length_of_window_slides
            a_place_that_is_never_given_back_lapses
            tokens_leave_their_window
        ]);
    };
}

/// The laws of `Limiter` that hold whatever the time is, for an adapter with a clock
/// of its own. They need a limiter in which a minute does not end within a law, as it
/// does not in real time.
#[macro_export]
macro_rules! limiter_laws_with_own_clock {
    ($setup:path) => {
        $crate::__instantiate!(limiter, $setup, $crate::limiter::Gate, [
            a_window_is_never_overfilled
            concurrent_calls_never_overfill_a_window
            a_refused_call_counts_nowhere
            every_scope_counts_for_itself
            a_call_without_limits_is_let_in
            what_is_left_is_told
            places_are_given_back
            concurrent_calls_never_pass_the_places
            tokens_are_counted_as_expected
            tokens_are_corrected_at_the_end
            leaving_twice_harms_nobody
            a_call_larger_than_its_window_waits_for_an_empty_one
            waiting_time_is_at_least_a_second
        ]);
    };
}

/// A limiter under test.
pub struct Gate {
    /// The limiter.
    pub limiter: Arc<dyn Limiter>,
    ticker: Ticker,
}

impl Gate {
    /// A gate with this limiter.
    pub fn new(limiter: Arc<dyn Limiter>) -> Self {
        Self {
            limiter,
            ticker: Ticker::default(),
        }
    }

    /// Some key.
    pub fn key(&self) -> LimitScope {
        LimitScope::Key(KeyId::from_uuid(self.ticker.uuid()))
    }

    /// Some account.
    pub fn account(&self) -> LimitScope {
        LimitScope::Account(AccountId::from_uuid(self.ticker.uuid()))
    }

    /// A call that takes these tokens, counted in these scopes.
    pub fn call(&self, tokens: u64, scopes: &[(LimitScope, Limits)]) -> Admission {
        Admission {
            call: GenerationId::from_uuid(self.ticker.uuid()),
            scopes: scopes
                .iter()
                .map(|(scope, limits)| LimitScopeRules {
                    scope: *scope,
                    limits: *limits,
                })
                .collect(),
            tokens,
            at: self.ticker.now(),
        }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.ticker.now()
    }

    /// Lets time pass.
    pub fn pass(&self, span: Duration) {
        self.ticker.pass(span);
    }

    /// Asks for admission; a limiter that is not there is a failure.
    pub async fn admit(&self, admission: &Admission) -> Result<Admitted, LimitRefusal> {
        match self.limiter.admit(admission).await {
            Ok(admitted) => Ok(admitted),
            Err(LimiterError::Refused(refusal)) => Err(refusal),
            Err(LimiterError::Unavailable(fault)) => unreachable!("{fault:?}"),
        }
    }

    /// Ends a call.
    pub async fn leave(&self, admission: &Admission, tokens: u64) {
        self.limiter.leave(admission, tokens).await.unwrap();
    }

    /// How many more calls of this kind get in at once.
    pub async fn room(&self, tokens: u64, scopes: &[(LimitScope, Limits)]) -> usize {
        let mut count = 0;
        while self.admit(&self.call(tokens, scopes)).await.is_ok() {
            count += 1;
            assert!(count < 10_000, "nothing limits this");
        }
        count
    }
}

/// So many calls a minute.
pub(crate) fn calls(requests_per_minute: u64) -> Limits {
    Limits {
        requests_per_minute: Some(requests_per_minute),
        ..Limits::default()
    }
}

/// So many tokens a minute.
pub(crate) fn tokens(tokens_per_minute: u64) -> Limits {
    Limits {
        tokens_per_minute: Some(tokens_per_minute),
        ..Limits::default()
    }
}

/// So many calls at the same time.
pub(crate) fn places(max_concurrency: u64) -> Limits {
    Limits {
        max_concurrency: Some(max_concurrency),
        ..Limits::default()
    }
}
