use async_trait::async_trait;

use super::Unavailable;
use crate::id::GenerationId;
use crate::limit::{LimitRefusal, LimitScope, Limits, Remaining};
use crate::time::Timestamp;

/// The limits of one scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitScopeRules {
    /// Whose calls.
    pub scope: LimitScope,
    /// How many.
    pub limits: Limits,
}

/// A call that wants in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// The call.
    pub call: GenerationId,
    /// Every scope that counts it; all must have room. The account of a key is always
    /// named beside it, so that adapters may keep the two together.
    pub scopes: Vec<LimitScopeRules>,
    /// The tokens that it is expected to take.
    pub tokens: u64,
    /// When. Adapters with a clock of their own that all instances share use that.
    pub at: Timestamp,
}

/// A call that was let in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Admitted {
    /// What is left of the tightest window of calls.
    pub requests: Option<Remaining>,
    /// What is left of the tightest window of tokens.
    pub tokens: Option<Remaining>,
}

/// Why a call is not let in.
#[derive(Debug, thiserror::Error)]
pub enum LimiterError {
    /// A limit is reached. Nothing was counted.
    #[error("a rate limit is reached")]
    Refused(LimitRefusal),
    /// The store of the counters is. Nothing may have been counted.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Counts calls in sliding windows.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Limiter: Send + Sync + 'static {
    /// Counts a call in every window of every scope, or in none: where one has no
    /// room, MUST refuse and count nothing. No span of a window's length may ever
    /// hold more calls than its limit. A call with more tokens than a token window
    /// holds at all is let in only while that window is empty.
    async fn admit(&self, admission: &Admission) -> Result<Admitted, LimiterError>;

    /// Ends a call: gives back its place among the concurrent ones and corrects the
    /// tokens to those it took. A place that is never given back lapses by itself
    /// within an hour. Doing it twice does no harm to others.
    async fn leave(&self, admission: &Admission, tokens: u64) -> Result<(), Unavailable>;
}
