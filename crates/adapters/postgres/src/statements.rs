//! The statements of the hot path. The text of each is constant, however many rows it
//! touches: columns are bound as arrays, so a connection prepares it once.

mod claims;
mod counters;
mod holds;
mod sources;
mod transfers;
mod usage;

pub(crate) use claims::{DropClaims, KeepAnswers, ReadClaims, TakeClaims};
pub(crate) use counters::{CounterKeys, EnsureCounters, LockCounters, SaveCounters};
pub(crate) use holds::{EndHolds, ExtendHolds, FindWallets, InsertHolds, ReadHolds};
pub(crate) use sources::{LockWallets, ReadSources, SaveSources, WalletKeys};
pub(crate) use transfers::InsertTransfers;
pub(crate) use usage::{InsertUsage, ReadSettled};

/// A statement that writes.
pub(crate) trait Rows {
    /// How many rows it names.
    fn rows(&self) -> usize;
}
