use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// After so many failures in a row nobody waits for the other side any more.
const FAILURES: u32 = 3;
/// How long it is left alone before one call tries it again.
const PAUSE: Duration = Duration::from_secs(1);

/// Remembers whether the other side answers.
#[derive(Debug)]
pub(super) struct Breaker {
    born: Instant,
    failures: AtomicU32,
    /// Until when it is left alone, in microseconds since `born`.
    paused_until: AtomicU64,
}

impl Breaker {
    pub(super) fn new() -> Self {
        Self {
            born: Instant::now(),
            failures: AtomicU32::new(0),
            paused_until: AtomicU64::new(0),
        }
    }

    /// Whether the other side is not to be waited for.
    pub(super) fn is_open(&self) -> bool {
        self.failures.load(Ordering::Relaxed) >= FAILURES
    }

    /// Whether this call may try the other side. While it is left alone, one call in
    /// each pause may.
    pub(super) fn lets_through(&self) -> bool {
        if !self.is_open() {
            return true;
        }
        let now = self.elapsed();
        let paused_until = self.paused_until.load(Ordering::Relaxed);
        now >= paused_until
            && self
                .paused_until
                .compare_exchange(
                    paused_until,
                    now.saturating_add(micros(PAUSE)),
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                )
                .is_ok()
    }

    /// Notes an answer. Answers whether the other side was given up before.
    pub(super) fn succeeded(&self) -> bool {
        // Read before written: answers are many and the line is shared.
        self.failures.load(Ordering::Relaxed) != 0
            && self.failures.swap(0, Ordering::Relaxed) >= FAILURES
    }

    /// Notes a failure. Answers whether it was the one that gave the other side up.
    pub(super) fn failed(&self) -> bool {
        self.paused_until.store(
            self.elapsed().saturating_add(micros(PAUSE)),
            Ordering::Relaxed,
        );
        let before = self
            .failures
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |failures| {
                Some(failures.saturating_add(1))
            });
        before.is_ok_and(|failures| failures.saturating_add(1) == FAILURES)
    }

    fn elapsed(&self) -> u64 {
        micros(self.born.elapsed())
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_failures_in_a_row_open_it_and_an_answer_closes_it() {
        let breaker = Breaker::new();
        assert!(!breaker.failed());
        assert!(!breaker.failed());
        assert!(!breaker.succeeded(), "two failures were not enough");
        assert!(!breaker.failed());
        assert!(!breaker.failed());
        assert!(breaker.lets_through());
        assert!(breaker.failed(), "the third in a row opens it");
        assert!(!breaker.failed(), "and it opens once");
        assert!(breaker.is_open());
        assert!(!breaker.lets_through());
        assert!(breaker.succeeded());
        assert!(!breaker.succeeded());
        assert!(breaker.lets_through());
    }

    #[test]
    fn one_call_is_let_through_when_the_pause_is_over() {
        let breaker = Breaker::new();
        for _ in 0..FAILURES {
            breaker.failed();
        }
        breaker.paused_until.store(0, Ordering::Relaxed);
        assert!(breaker.lets_through());
        assert!(!breaker.lets_through(), "the others wait for its outcome");
    }
}
