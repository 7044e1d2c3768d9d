use async_trait::async_trait;

use super::Unavailable;
use crate::id::AccountId;
use crate::key::KeyHash;

/// Something that other instances may hold a stale copy of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// A key.
    Key(KeyHash),
    /// An account, and with it all its keys.
    Account(AccountId),
    /// Models, prices, rules or provider keys.
    Catalog,
}

/// Changes since some moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeBatch {
    /// Where to go on from.
    pub cursor: i64,
    /// What changed.
    pub changes: Vec<Change>,
}

/// The durable list of changes, written in the transactions that cause them.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Changes: Send + Sync + 'static {
    /// Where the list ends now.
    async fn change_cursor(&self) -> Result<i64, Unavailable>;

    /// All changes after the cursor, at most 10,000 at once. MUST NOT pass over a
    /// change whose transaction commits after a later one: an adapter on a database
    /// where that can happen looks back far enough, and may answer twice.
    async fn changes_since(&self, cursor: i64) -> Result<ChangeBatch, Unavailable>;
}

/// Where news of changes arrive.
pub trait ChangeSink: Send + Sync + 'static {
    /// Forgets what is stale.
    fn forget(&self, change: Change);
}

/// A quick way to tell other instances, on top of the durable list. It may lose
/// news; the list does not.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ChangeFeed: Send + Sync + 'static {
    /// Tells everybody.
    async fn announce(&self, change: Change) -> Result<(), Unavailable>;
}
