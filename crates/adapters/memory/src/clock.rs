use core::sync::atomic::{AtomicI64, Ordering};
use core::time::Duration;

use vuzo_domain::port::Clock;
use vuzo_domain::time::Timestamp;

/// A clock that stands still until it is told otherwise.
#[derive(Debug)]
pub struct ManualClock {
    micros: AtomicI64,
}

impl ManualClock {
    /// A clock that shows this.
    pub const fn at(now: Timestamp) -> Self {
        Self {
            micros: AtomicI64::new(now.as_micros()),
        }
    }

    /// Moves the clock to this moment.
    pub fn set(&self, now: Timestamp) {
        self.micros.store(now.as_micros(), Ordering::SeqCst);
    }

    /// Moves the clock on, and answers what it shows then.
    pub fn advance(&self, by: Duration) -> Timestamp {
        let step = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        let before = self.micros.fetch_add(step, Ordering::SeqCst);
        Timestamp::from_micros(before.saturating_add(step))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.micros.load(Ordering::SeqCst))
    }
}
