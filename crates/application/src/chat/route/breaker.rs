use core::time::Duration;

use tokio::time::Instant;

/// Failures and successes are counted for so long, then anew.
const WINDOW: Duration = Duration::from_secs(60);

/// With fewer failures in a window nobody is given up.
const LEAST_FAILURES: u32 = 5;

/// A call that waits for so long tells that its provider is silent, long before its own
/// time is up.
pub(in crate::chat) const LONG_SILENCE: Duration = Duration::from_secs(30);

/// So many silences in a row, with no answer to anybody in between, are enough. A time-out
/// is as much as two: with the silence before it a single call gives its provider up.
const MOST_SILENCES: u32 = 3;
const TIME_OUT: u32 = 2;

/// So long a provider is left alone first; twice as long after each probe that fails.
const FIRST_COOL_DOWN: Duration = Duration::from_secs(10);
const LONGEST_COOL_DOWN: Duration = Duration::from_secs(120);

/// A probe of which nothing is heard for so long is lost, and another one may go: its
/// customer left.
const LOST_PROBE: Duration = LONG_SILENCE;

/// Whether calls go to a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BreakerState {
    /// They do.
    Closed,
    /// It is left alone.
    Open,
    /// One call finds out how it is.
    HalfOpen,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed {
        since: Instant,
        attempts: u32,
        failures: u32,
        /// Since the last answer.
        silences: u32,
    },
    Open {
        until: Instant,
        cool_down: Duration,
    },
    Probing {
        lost_at: Instant,
        cool_down: Duration,
    },
}

/// Decides whether a provider is better left alone. Opens after five failures within a
/// minute that are at least half of what was tried, or after three silences in a row;
/// lets one call through after a cool-down, and closes as soon as one is answered. It has
/// no clock of its own.
#[derive(Clone, Debug)]
pub(super) struct Breaker(State);

impl Breaker {
    pub(super) const fn new(now: Instant) -> Self {
        Self(State::Closed {
            since: now,
            attempts: 0,
            failures: 0,
            silences: 0,
        })
    }

    /// Whether a call may go. The one that may after a cool-down is the probe: others
    /// are kept back until it has come to its end.
    pub(super) fn enter(&mut self, now: Instant) -> bool {
        let (due, cool_down) = match self.0 {
            State::Closed { .. } => return true,
            State::Open { until, cool_down } => (until, cool_down),
            State::Probing { lost_at, cool_down } => (lost_at, cool_down),
        };
        let is_probe = now >= due;
        if is_probe {
            self.0 = State::Probing {
                lost_at: now + LOST_PROBE,
                cool_down,
            };
        }
        is_probe
    }

    /// Notes that a call was answered.
    pub(super) fn succeed(&mut self, now: Instant) {
        match &mut self.0 {
            State::Closed {
                since,
                attempts,
                silences,
                ..
            } if now.duration_since(*since) <= WINDOW => {
                *attempts = attempts.saturating_add(1);
                *silences = 0;
            }
            _ => *self = Self::new(now),
        }
    }

    /// Notes that a call was not answered.
    pub(super) fn fail(&mut self, now: Instant) {
        self.note(now, 1, 0);
    }

    /// Notes that a call was not answered in its time.
    pub(super) fn time_out(&mut self, now: Instant) {
        self.note(now, 1, TIME_OUT);
    }

    /// Notes that a call has been waiting for long. It may be answered all the same.
    pub(super) fn fall_silent(&mut self, now: Instant) {
        self.note(now, 0, 1);
    }

    fn note(&mut self, now: Instant, new_failures: u32, new_silences: u32) {
        match self.0 {
            State::Closed {
                since,
                attempts,
                failures,
                silences,
            } => {
                let is_recent = now.duration_since(since) <= WINDOW;
                let (since, attempts, failures) = if is_recent {
                    (since, attempts, failures)
                } else {
                    (now, 0, 0)
                };
                let attempts = attempts.saturating_add(new_failures);
                let failures = failures.saturating_add(new_failures);
                let silences = silences.saturating_add(new_silences);
                let fails = failures >= LEAST_FAILURES && failures >= attempts.div_ceil(2);
                self.0 = if fails || silences >= MOST_SILENCES {
                    Self::opened(now, FIRST_COOL_DOWN)
                } else {
                    State::Closed {
                        since,
                        attempts,
                        failures,
                        silences,
                    }
                };
            }
            // Calls that began before it opened come to their end.
            State::Open { .. } => {}
            State::Probing { cool_down, .. } => {
                let longer = cool_down.saturating_mul(2).min(LONGEST_COOL_DOWN);
                self.0 = Self::opened(now, longer);
            }
        }
    }

    fn opened(now: Instant, cool_down: Duration) -> State {
        State::Open {
            until: now + cool_down,
            cool_down,
        }
    }

    /// Whether there is nothing to remember.
    pub(super) fn is_untroubled(&self) -> bool {
        matches!(
            self.0,
            State::Closed {
                failures: 0,
                silences: 0,
                ..
            }
        )
    }

    pub(super) const fn state(&self) -> BreakerState {
        match self.0 {
            State::Closed { .. } => BreakerState::Closed,
            State::Open { .. } => BreakerState::Open,
            State::Probing { .. } => BreakerState::HalfOpen,
        }
    }
}

#[cfg(test)]
mod tests;
