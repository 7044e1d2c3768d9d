use core::time::Duration;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use vuzo_domain::catalog::ProviderId;
use vuzo_domain::chat::{FaultKind, ProviderFault};
use vuzo_domain::id::ProviderKeyId;

use super::breaker::{Breaker, BreakerState};

/// So long a key rests that the provider refused or that is out of funds.
const REFUSED_REST: Duration = Duration::from_secs(5 * 60);

/// So long it is remembered that a key was refused, so that it is noticed when it is
/// taken again.
const REFUSED_MEMORY: Duration = Duration::from_secs(24 * 3_600);

/// So long a key rests whose provider wants us to slow down and does not say for how
/// long; and the bounds of what is believed.
const USUAL_REST: Duration = Duration::from_secs(5);
const SHORTEST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(10 * 60);

/// What a call is sent to.
#[derive(Clone, Copy, Debug)]
pub(in crate::chat) struct Target<'call> {
    pub(in crate::chat) provider: &'call ProviderId,
    /// What the provider calls the model.
    pub(in crate::chat) model: &'call str,
    /// The stored key, if it is not that of the configuration.
    pub(in crate::chat) key: Option<ProviderKeyId>,
}

/// How a provider does with one of its models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetView {
    /// Which provider.
    pub provider: ProviderId,
    /// What the provider calls the model.
    pub model: String,
    /// Whether calls go there.
    pub state: BreakerState,
    /// How many attempts failed since the start.
    pub failures: u64,
}

struct Watched {
    provider: ProviderId,
    model: String,
    breaker: Breaker,
    failures: u64,
}

/// A key that rests: for every model, or for one of them.
struct Resting {
    provider: ProviderId,
    key: Option<ProviderKeyId>,
    model: Option<String>,
    until: Instant,
}

impl Resting {
    fn forgotten_at(&self) -> Instant {
        match self.model {
            None => self.until + REFUSED_MEMORY,
            Some(_) => self.until,
        }
    }

    fn is(&self, target: Target<'_>) -> bool {
        self.key == target.key
            && self.provider == *target.provider
            && self
                .model
                .as_deref()
                .is_none_or(|model| model == target.model)
    }
}

#[derive(Default)]
struct Record {
    watched: Vec<Watched>,
    resting: Vec<Resting>,
}

/// What this process knows of its providers. It only decides who is asked first; where
/// everybody is troubled, they are asked all the same.
#[derive(Default)]
pub(in crate::chat) struct Health {
    record: Mutex<Record>,
    /// Whether there is anything to know. While all is well calls look no further.
    is_troubled: AtomicBool,
}

impl Health {
    /// Whether a target is better left alone by its key.
    pub(in crate::chat) fn rests(&self, target: Target<'_>, now: Instant) -> bool {
        if !self.is_troubled.load(Ordering::Relaxed) {
            return false;
        }
        let record = self.record();
        let mut resting = record.resting.iter();
        resting.any(|rest| rest.until > now && rest.is(target))
    }

    /// Whether a call may go to a target. Whoever asks goes, if they may.
    pub(in crate::chat) fn lets_in(&self, target: Target<'_>, now: Instant) -> bool {
        if !self.is_troubled.load(Ordering::Relaxed) {
            return true;
        }
        let mut record = self.record();
        find(&mut record.watched, target).is_none_or(|watched| watched.breaker.enter(now))
    }

    /// Notes that a target answered. `true` if its key was thought to be refused.
    pub(in crate::chat) fn note_answer(&self, target: Target<'_>, now: Instant) -> bool {
        if !self.is_troubled.load(Ordering::Relaxed) {
            return false;
        }
        let mut record = self.record();
        if let Some(watched) = find(&mut record.watched, target) {
            watched.breaker.succeed(now);
        }
        let known = record.resting.len();
        record
            .resting
            .retain(|rest| rest.model.is_some() || !rest.is(target));
        let was_refused = record.resting.len() < known;
        self.look_again(&mut record, now);
        was_refused
    }

    /// Notes that a target did not answer, or broke off.
    pub(in crate::chat) fn note_fault(
        &self,
        target: Target<'_>,
        fault: &ProviderFault,
        now: Instant,
    ) {
        let mut record = self.record();
        let counts = match fault.kind {
            FaultKind::BadRequest { .. } => return,
            FaultKind::OurAccount => {
                record.rest(target, None, now + REFUSED_REST);
                false
            }
            FaultKind::NotServed => {
                record.rest(target, Some(target.model), now + REFUSED_REST);
                false
            }
            FaultKind::RateLimited => {
                let rest = fault.retry_after.unwrap_or(USUAL_REST);
                let until = now + rest.clamp(SHORTEST_REST, LONGEST_REST);
                record.rest(target, Some(target.model), until);
                false
            }
            FaultKind::Unreachable
            | FaultKind::TimedOut
            | FaultKind::Overloaded
            | FaultKind::Failing
            | FaultKind::Garbled => true,
        };
        let watched = record.watch(target, now);
        watched.failures = watched.failures.saturating_add(1);
        if counts {
            let is_time_out = fault.kind == FaultKind::TimedOut;
            watched.note(|breaker| {
                if is_time_out {
                    breaker.time_out(now);
                } else {
                    breaker.fail(now);
                }
            });
        }
        self.look_again(&mut record, now);
    }

    /// Notes that a call has been waiting for an answer for long.
    pub(in crate::chat) fn note_silence(&self, target: Target<'_>, now: Instant) {
        let mut record = self.record();
        let watched = record.watch(target, now);
        watched.note(|breaker| breaker.fall_silent(now));
        self.look_again(&mut record, now);
    }

    /// Every target that ever failed or fell silent.
    pub(in crate::chat) fn view(&self) -> Vec<TargetView> {
        let record = self.record();
        let watched = record.watched.iter();
        let view = |watched: &Watched| TargetView {
            provider: watched.provider.clone(),
            model: watched.model.clone(),
            state: watched.breaker.state(),
            failures: watched.failures,
        };
        watched.map(view).collect()
    }

    fn look_again(&self, record: &mut Record, now: Instant) {
        record.resting.retain(|rest| rest.forgotten_at() > now);
        let mut watched = record.watched.iter();
        let is_troubled =
            !record.resting.is_empty() || watched.any(|one| !one.breaker.is_untroubled());
        self.is_troubled.store(is_troubled, Ordering::Relaxed);
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    fn rest(&mut self, target: Target<'_>, model: Option<&str>, until: Instant) {
        self.resting
            .retain(|rest| rest.model.as_deref() != model || !rest.is(target));
        self.resting.push(Resting {
            provider: target.provider.clone(),
            key: target.key,
            model: model.map(ToOwned::to_owned),
            until,
        });
    }

    fn watch(&mut self, target: Target<'_>, now: Instant) -> &mut Watched {
        let known = self.watched.iter().position(|watched| watched.is(target));
        let index = known.unwrap_or(self.watched.len());
        if known.is_none() {
            self.watched.push(Watched {
                provider: target.provider.clone(),
                model: target.model.to_owned(),
                breaker: Breaker::new(now),
                failures: 0,
            });
        }
        &mut self.watched[index]
    }
}

impl Watched {
    /// Tells the breaker something, and the operator if that opens it.
    fn note(&mut self, tell: impl FnOnce(&mut Breaker)) {
        let before = self.breaker.state();
        tell(&mut self.breaker);
        if before != BreakerState::Open && self.breaker.state() == BreakerState::Open {
            tracing::warn!(
                provider = %self.provider,
                model = self.model,
                "a provider is left alone for a while"
            );
        }
    }

    fn is(&self, target: Target<'_>) -> bool {
        self.model == target.model && self.provider == *target.provider
    }
}

fn find<'record>(
    watched: &'record mut [Watched],
    target: Target<'_>,
) -> Option<&'record mut Watched> {
    watched.iter_mut().find(|watched| watched.is(target))
}

#[cfg(test)]
mod tests;
