//! The time of this machine.

use std::time::{SystemTime, UNIX_EPOCH};

use vuzo_domain::port::Clock;
use vuzo_domain::time::Timestamp;

/// The system's clock, to the microsecond. Asking it costs no system call on Linux.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the wall clock enters; everybody else is given this port"
    )]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}
