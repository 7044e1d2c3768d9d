//! Counters of caps that are new.

use diesel::prelude::*;
use vuzo_domain::id::AccountId;
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::{Cap, CapScope, CapUse, Hold, SpendCounter};
use vuzo_sql::RawId;
use vuzo_sql::rows::{HoldRow, write_cap_uses};
use vuzo_sql::schema::{holds, usage};

use crate::batch::Batch;
use crate::fault::Fault;
use crate::functions::sum_whole;

/// Lets the counters of caps that were not there before begin with what was spent
/// and is held in their window. Holds that are open are counted from now on.
pub(crate) fn begin(
    batch: &mut Batch<'_>,
    account: AccountId,
    scope: CapScope,
    before: &[Cap],
    after: &[Cap],
    at: Timestamp,
) -> Result<(), Fault> {
    let is_new = |cap: &&Cap| before.iter().all(|known| known.window != cap.window);
    let fresh: Vec<CapUse> = after
        .iter()
        .filter(is_new)
        .map(|cap| CapUse {
            scope,
            window: cap.window,
            started_at: cap.window.start(at),
        })
        .collect();
    if fresh.is_empty() {
        return Ok(());
    }
    let open = open_holds(batch.conn, account, scope)?;
    for cap in &fresh {
        let mut held = Units::ZERO;
        for hold in open.iter().filter(|hold| hold.placed_at >= cap.started_at) {
            held = held.plus(hold.total()?)?;
        }
        let spent = spent_since(batch.conn, account, scope, cap.started_at)?;
        *batch.counters.load(batch.conn, *cap)? = SpendCounter { spent, held };
    }
    for mut hold in open {
        let known = hold.caps.len();
        // A hold of an earlier window stays uncounted: that window has no counter.
        for cap in &fresh {
            if hold.placed_at >= cap.started_at && !hold.caps.contains(cap) {
                hold.caps.push(*cap);
            }
        }
        if hold.caps.len() > known {
            let place = holds::table.filter(holds::id.eq(RawId(hold.id.uuid())));
            diesel::update(place)
                .set(holds::caps.eq(write_cap_uses(&hold.caps)))
                .execute(batch.conn)?;
        }
    }
    Ok(())
}

/// Open holds in US dollars, as caps are.
fn open_holds(
    conn: &mut SqliteConnection,
    account: AccountId,
    scope: CapScope,
) -> Result<Vec<Hold>, Fault> {
    let rows: Vec<HoldRow> = holds::table
        .filter(holds::state.eq("open"))
        .filter(holds::account_id.eq(RawId(account.uuid())))
        .filter(holds::currency.eq(Currency::USD.code()))
        .select(HoldRow::as_select())
        .load(conn)?;
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

fn spent_since(
    conn: &mut SqliteConnection,
    account: AccountId,
    scope: CapScope,
    started_at: Timestamp,
) -> Result<Units, Fault> {
    let mut query = usage::table
        .filter(usage::account_id.eq(RawId(account.uuid())))
        .filter(usage::created_at.ge(started_at.as_micros()))
        .filter(usage::currency.eq(Currency::USD.code()))
        .select(sum_whole(usage::charged))
        .into_boxed();
    if let CapScope::Key(key) = scope {
        query = query.filter(usage::key_id.eq(RawId(key.uuid())));
    }
    let sum: Option<i64> = query.get_result(conn)?;
    Ok(Units(sum.unwrap_or(0)))
}
