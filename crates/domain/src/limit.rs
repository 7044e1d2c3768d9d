//! How much may be called in which time.

mod window;

pub use window::{RateWindow, SlidingWindow};

use core::time::Duration;

use crate::id::{AccountId, KeyId};

/// Limits on a key, an account or an address; what is absent does not limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Calls in any 60 seconds.
    pub requests_per_minute: Option<u64>,
    /// Calls in any 60 minutes.
    pub requests_per_hour: Option<u64>,
    /// Calls in any 24 hours.
    pub requests_per_day: Option<u64>,
    /// Tokens in any 60 seconds.
    pub tokens_per_minute: Option<u64>,
    /// Tokens in any 60 minutes.
    pub tokens_per_hour: Option<u64>,
    /// Tokens in any 24 hours.
    pub tokens_per_day: Option<u64>,
    /// Completion tokens of one call.
    pub max_tokens_per_request: Option<u64>,
    /// Calls at the same time.
    pub max_concurrency: Option<u64>,
}

/// What is counted in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Counted {
    /// Calls.
    Requests,
    /// Tokens.
    Tokens,
}

impl Counted {
    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
        }
    }
}

impl Limits {
    /// Every window that limits, with its bound.
    pub fn windows(&self) -> impl Iterator<Item = (Counted, RateWindow, u64)> {
        [
            (
                Counted::Requests,
                RateWindow::Minute,
                self.requests_per_minute,
            ),
            (Counted::Requests, RateWindow::Hour, self.requests_per_hour),
            (Counted::Requests, RateWindow::Day, self.requests_per_day),
            (Counted::Tokens, RateWindow::Minute, self.tokens_per_minute),
            (Counted::Tokens, RateWindow::Hour, self.tokens_per_hour),
            (Counted::Tokens, RateWindow::Day, self.tokens_per_day),
        ]
        .into_iter()
        .filter_map(|(counted, window, limit)| Some((counted, window, limit?)))
    }

    /// Whether nothing is limited across calls.
    pub fn is_unlimited(&self) -> bool {
        self.windows().next().is_none() && self.max_concurrency.is_none()
    }
}

/// Whose calls are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LimitScope {
    /// All calls of an account.
    Account(AccountId),
    /// The calls made with one key.
    Key(KeyId),
    /// Requests without a key, from one address.
    Address(core::net::IpAddr),
}

/// Why a call must wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitRefusal {
    /// Whose limit it was.
    pub scope: LimitScope,
    /// Which limit.
    pub limited: Limited,
    /// The bound.
    pub limit: u64,
    /// When to try again. At least a second.
    pub retry_after: Duration,
}

/// Which limit it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limited {
    /// A window.
    Window(Counted, RateWindow),
    /// Calls at the same time.
    Concurrency,
}

/// How much of a window is left, for the headers of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remaining {
    /// The window.
    pub window: RateWindow,
    /// The bound.
    pub limit: u64,
    /// What is left of it.
    pub remaining: u64,
    /// When all of it will be there again.
    pub reset_after: Duration,
}
