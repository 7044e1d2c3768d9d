//! The statements of the hot path. The text of each is constant, however many rows it
//! touches: columns are bound as arrays, so a connection prepares it once.

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;

mod claims;
mod counters;
mod holds;
mod sources;
mod transfers;
mod usage;
mod write;

pub(crate) use claims::{DropClaims, KeepAnswers, ReadClaims, TakeClaims};
pub(crate) use counters::{CounterKeys, EnsureCounters, LockCounters, SaveCounters};
pub(crate) use holds::{EndHolds, ExtendHolds, FindWallets, InsertHolds, ReadHolds};
pub(crate) use sources::{LockWallets, ReadSources, SaveSources, WalletKeys};
pub(crate) use transfers::InsertTransfers;
pub(crate) use usage::{InsertUsage, ReadSettled};
pub(crate) use write::WriteLedger;

/// Rows that are written together with others, as columns.
trait Columns {
    fn is_empty(&self) -> bool;

    /// Binds every column, in the order in which the statement numbers them.
    fn bind<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()>;
}

/// A statement that writes.
pub(crate) trait Rows {
    /// How many rows it names.
    fn rows(&self) -> usize;
}
