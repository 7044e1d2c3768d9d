use std::collections::{HashMap, HashSet};

use diesel::QueryResult;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection as _};
use tokio::try_join;
use vuzo_domain::id::{AccountId, HoldId};
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::Unavailable;
use vuzo_domain::wallet::CapUse;
use vuzo_sql::RawId;
use vuzo_sql::rows::{ClaimRow, HoldRow, SourceRow};

use super::calls::SettledBy;
use super::{
    Batch, Books, Broken, Calls, Claims, Counters, Holds, Wants, count_wallets, read_counters,
};
use crate::database::Fault;
use crate::statements::{
    CounterKeys, EnsureCounters, FindWallets, LockCounters, LockWallets, ReadClaims, ReadHolds,
    ReadSettled, ReadSources, WalletKeys,
};

/// Begins a transaction, and locks and reads what its commands ask for: wallets
/// first, and what is on them on views of the data that are taken after that.
///
/// `None` if there are holds on wallets that nobody asked for, and that are not locked
/// therefore. They are among the wants now; the transaction has to begin again.
pub(crate) async fn load<'job>(
    conn: &AsyncPgConnection,
    wants: &mut Wants<'job>,
) -> Result<Option<Batch<'job>>, Broken> {
    find_strays(conn, wants).await?;
    let (locked, sources, holds, claims) = lock(conn, wants).await?;
    if locked != count_wallets(&sources) {
        // One was opened after the others were locked.
        return Err(Broken::Raced);
    }
    let unreadable = |fault: vuzo_sql::RowFault| Broken::Rows(Box::new(fault));
    let wallets = wants.wallets.iter().copied();
    let books = Books::read(wallets, &sources).map_err(unreadable)?;
    let holds = Holds::read(&holds).map_err(unreadable)?;
    let known = wants.wallets.len();
    wants
        .wallets
        .extend(holds.iter().map(|hold| (hold.account, hold.currency)));
    if wants.wallets.len() > known {
        return Ok(None);
    }
    if holds
        .iter()
        .any(|hold| hold.is_open() && !books.carries(hold))
    {
        return Err(Broken::Raced);
    }
    let (counters, settled) = try_join!(
        biased;
        load_counters(conn, wants, &holds),
        load_settled(conn, wants, &holds),
    )?;
    Ok(Some(Batch {
        books,
        counters,
        claims: Claims::read(&wants.claims, claims),
        calls: Calls::read(settled),
        holds,
        is_resent: false,
    }))
}

/// Finds the wallets of holds that are all that a command names.
async fn find_strays(mut conn: &AsyncPgConnection, wants: &mut Wants<'_>) -> Result<(), Broken> {
    if wants.strays.is_empty() {
        return Ok(());
    }
    let ids = wants.strays.iter().map(|hold| RawId(hold.uuid())).collect();
    let rows: Vec<(RawId, String)> = FindWallets(ids).load(&mut conn).await?;
    for (account, code) in rows {
        let currency: Currency = code
            .parse()
            .map_err(|fault| Broken::Rows(Box::new(fault)))?;
        let account = AccountId::from_uuid(account.0);
        wants.wallets.insert((account, currency));
    }
    Ok(())
}

type Rows = (usize, Vec<SourceRow>, Vec<HoldRow>, Vec<ClaimRow>);

/// One round trip: the statements leave together and run one after the other.
async fn lock(conn: &AsyncPgConnection, wants: &Wants<'_>) -> QueryResult<Rows> {
    let wallets: WalletKeys = wants.wallets.iter().copied().collect();
    let holds = wants.holds.iter().map(|hold| RawId(hold.uuid())).collect();
    let claims = async {
        if wants.claims.is_empty() {
            return Ok(Vec::new());
        }
        let query: ReadClaims<'_> = wants.claims.iter().copied().collect();
        query.load(&mut &*conn).await
    };
    let ((), locked, sources, holds, claims) = try_join!(
        biased;
        async { (&mut &*conn).batch_execute("BEGIN").await },
        LockWallets(wallets.clone()).execute(&mut &*conn),
        ReadSources(wallets).load(&mut &*conn),
        ReadHolds(holds).load(&mut &*conn),
        claims,
    )?;
    Ok((locked, sources, holds, claims))
}

/// Locks and reads the counters of new holds and of those that are there.
async fn load_counters(
    conn: &AsyncPgConnection,
    wants: &Wants<'_>,
    holds: &Holds,
) -> Result<Counters, Broken> {
    let mut caps: HashSet<CapUse> = wants.counters.clone();
    for hold in holds.iter() {
        caps.extend(hold.caps.iter().copied());
    }
    if caps.is_empty() {
        return Ok(Counters::default());
    }
    let keys: CounterKeys = caps.iter().collect();
    let (_made, rows): (_, Vec<_>) = try_join!(
        biased;
        EnsureCounters(keys.clone()).execute(&mut &*conn),
        LockCounters(keys).load(&mut &*conn),
    )?;
    let counters: Result<Vec<_>, Fault<Unavailable>> = read_counters(&caps, &rows);
    Ok(counters?.into_iter().collect())
}

/// Reads what calls were settled by whose holds have ended.
async fn load_settled(
    conn: &AsyncPgConnection,
    wants: &Wants<'_>,
    holds: &Holds,
) -> Result<HashMap<HoldId, SettledBy>, Broken> {
    let mut query = ReadSettled::default();
    for hold in holds.iter() {
        if !hold.is_open() && wants.settling.contains(&hold.id) {
            query.accounts.push(RawId(hold.account.uuid()));
            query.calls.push(RawId(hold.id.uuid()));
        }
    }
    if query.calls.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(RawId, i64, i64)> = query.load(&mut &*conn).await?;
    let settled = |(id, charged, shortfall): (RawId, i64, i64)| {
        let settled = SettledBy {
            charged: Units(charged),
            shortfall: Units(shortfall),
        };
        (HoldId::from_uuid(id.0), settled)
    };
    Ok(rows.into_iter().map(settled).collect())
}
