//! Taking wallets for a transaction outside the writer, with the writer's own locks.

use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use vuzo_domain::id::AccountId;
use vuzo_domain::money::Currency;
use vuzo_domain::wallet::{CapUse, SpendCounter};
use vuzo_sql::rows::SourceRow;

use crate::batch::{count_wallets, read_counters};
use crate::database::Fault;
use crate::statements::{
    CounterKeys, EnsureCounters, LockCounters, LockWallets, ReadSources, WalletKeys,
};

/// Waits until nobody else changes these wallets, which then are this transaction's
/// until it ends. What is read of them afterwards is current. Answers how many there
/// are: one that is opened a moment later is not among them, and not locked.
pub(crate) async fn wallets<R>(
    conn: &mut AsyncPgConnection,
    wallets: impl IntoIterator<Item = (AccountId, Currency)>,
) -> Result<usize, Fault<R>> {
    let keys: WalletKeys = wallets.into_iter().collect();
    loop {
        let locked = LockWallets(keys.clone()).execute(conn).await?;
        let sources: Vec<SourceRow> = ReadSources(keys.clone()).load(conn).await?;
        if locked == count_wallets(&sources) {
            return Ok(locked);
        }
    }
}

/// The same for spending counters, which are made where they are not there yet.
/// Wallets are locked before counters.
pub(crate) async fn counters<R>(
    conn: &mut AsyncPgConnection,
    caps: &[CapUse],
) -> Result<Vec<(CapUse, SpendCounter)>, Fault<R>> {
    let keys: CounterKeys = caps.iter().collect();
    EnsureCounters(keys.clone()).execute(conn).await?;
    let rows: Vec<_> = LockCounters(keys).load(conn).await?;
    read_counters(caps, &rows)
}
