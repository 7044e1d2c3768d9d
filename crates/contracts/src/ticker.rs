use core::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use core::time::Duration;

use uuid::Uuid;
use vuzo_domain::time::Timestamp;

/// Tuesday noon, far from the ends of day, week and month.
pub const FIRST_MOMENT: i64 = 1_773_144_000;

/// Ids and times that only ever rise.
#[derive(Debug)]
pub struct Ticker {
    ids: AtomicU64,
    micros: AtomicI64,
}

impl Default for Ticker {
    fn default() -> Self {
        Self {
            ids: AtomicU64::new(1),
            micros: AtomicI64::new(FIRST_MOMENT * 1_000_000),
        }
    }
}

impl Ticker {
    /// A fresh id in the order of time, as production makes them.
    pub fn uuid(&self) -> Uuid {
        let number = u128::from(self.ids.fetch_add(1, Ordering::Relaxed));
        let millis = u128::try_from(FIRST_MOMENT).unwrap() * 1_000 + number;
        Uuid::from_u128((millis << 80) | (0x7 << 76) | (0b10 << 62) | number)
    }

    /// Now: a millisecond later every time.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.micros.fetch_add(1_000, Ordering::Relaxed))
    }

    /// Lets time pass.
    pub fn pass(&self, span: Duration) {
        let micros = i64::try_from(span.as_micros()).unwrap();
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }
}
