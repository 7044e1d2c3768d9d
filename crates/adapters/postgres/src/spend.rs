//! Counters of caps that are new.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as QueryError};
use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use vuzo_domain::id::AccountId;
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::{Cap, CapScope, CapUse, Hold, SpendCounter};
use vuzo_sql::RawId;
use vuzo_sql::rows::{HoldRow, write_cap_uses};
use vuzo_sql::schema::{holds, usage};

use crate::database::Fault;
use crate::statements::SaveCounters;
use crate::wallets::lock;

/// Lets the counters of caps that were not there before begin with what was spent
/// and is held in their window. Holds that are open are counted from now on.
pub(crate) async fn begin<R>(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    scope: CapScope,
    before: &[Cap],
    after: &[Cap],
    at: Timestamp,
) -> Result<(), Fault<R>> {
    let is_new = |cap: &&Cap| before.iter().all(|known| known.window != cap.window);
    let windows: Vec<Cap> = after.iter().filter(is_new).copied().collect();
    if windows.is_empty() {
        return Ok(());
    }
    let counted_at = |cap: &Cap, at: Timestamp| CapUse {
        scope,
        window: cap.window,
        started_at: cap.window.start(at),
    };
    // Caps are in US dollars: while that wallet is locked no hold comes or goes.
    let locked = lock::wallets(conn, [(account, Currency::USD)]).await?;
    let fresh: Vec<CapUse> = windows.iter().map(|cap| counted_at(cap, at)).collect();
    lock::counters(conn, &fresh).await?;
    let open = open_holds(conn, account, scope).await?;
    if locked == 0 && !open.is_empty() {
        return Err(opened_meanwhile());
    }
    let mut save = SaveCounters::default();
    for cap in &fresh {
        let mut held = Units::ZERO;
        for hold in open.iter().filter(|hold| hold.placed_at >= cap.started_at) {
            held = held.plus(hold.total()?)?;
        }
        let spent = spent_since(conn, account, scope, cap.started_at).await?;
        save.push(cap, SpendCounter { spent, held });
    }
    save.execute(conn).await?;
    for mut hold in open {
        let known = hold.caps.len();
        for cap in &windows {
            let counted = counted_at(cap, hold.placed_at);
            if fresh.contains(&counted) && !hold.caps.contains(&counted) {
                hold.caps.push(counted);
            }
        }
        if hold.caps.len() > known {
            diesel::update(holds::table.filter(holds::id.eq(RawId(hold.id.uuid()))))
                .set(holds::caps.eq(write_cap_uses(&hold.caps)))
                .execute(conn)
                .await?;
        }
    }
    Ok(())
}

/// The wallet was opened, and held on, after it was found not to be there: the work
/// is begun again, and finds it.
fn opened_meanwhile<R>() -> Fault<R> {
    let kind = DatabaseErrorKind::SerializationFailure;
    let reason = "the wallet was opened meanwhile".to_owned();
    Fault::Query(QueryError::DatabaseError(kind, Box::new(reason)))
}

/// Open holds in US dollars, as caps are.
async fn open_holds<R>(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    scope: CapScope,
) -> Result<Vec<Hold>, Fault<R>> {
    let rows: Vec<HoldRow> = holds::table
        .filter(holds::state.eq("open"))
        .filter(holds::account_id.eq(RawId(account.uuid())))
        .filter(holds::currency.eq(Currency::USD.code()))
        .order(holds::id)
        .select(HoldRow::as_select())
        .load(conn)
        .await?;
    let mut counted = Vec::with_capacity(rows.len());
    for row in &rows {
        let hold = Hold::try_from(row)?;
        let is_counted = match scope {
            CapScope::Account(_) => true,
            CapScope::Key(key) => hold.key == Some(key),
        };
        if is_counted {
            counted.push(hold);
        }
    }
    Ok(counted)
}

async fn spent_since<R>(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    scope: CapScope,
    started_at: Timestamp,
) -> Result<Units, Fault<R>> {
    let mut query = usage::table
        .filter(usage::account_id.eq(RawId(account.uuid())))
        .filter(usage::created_at.ge(started_at.as_micros()))
        .filter(usage::currency.eq(Currency::USD.code()))
        // A sum of BIGINT is NUMERIC; the cast fails rather than wraps.
        .select(sql::<BigInt>("coalesce(sum(usage.charged), 0)::bigint"))
        .into_boxed();
    if let CapScope::Key(key) = scope {
        query = query.filter(usage::key_id.eq(RawId(key.uuid())));
    }
    Ok(Units(query.get_result(conn).await?))
}
