use diesel::prelude::*;
use vuzo_domain::id::AccountId;
use vuzo_domain::money::Units;
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::{Hold, HoldEnd, Source, Transfer, TransferKind};
use vuzo_sql::rows::{HoldRow, NewTransferRow, SourceRow};
use vuzo_sql::schema::{holds, ledger_accounts, transfers};
use vuzo_sql::{counterpart, grant_expiry_id};

use super::{claims, settle};
use crate::batch::Batch;
use crate::fault::Fault;

/// Ends open holds past their expiry.
pub(super) fn expire_holds(
    batch: &mut Batch<'_>,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Hold>, Fault> {
    let overdue: Vec<HoldRow> = holds::table
        .filter(holds::state.eq("open"))
        .filter(holds::expires_at.le(now.as_micros()))
        .order(holds::expires_at)
        .limit(i64::from(limit))
        .select(HoldRow::as_select())
        .load(batch.conn)?;
    let mut ended = Vec::with_capacity(overdue.len());
    for row in &overdue {
        let hold = Hold::try_from(row)?;
        let amount = hold.total()?;
        let book = batch.books.load(batch.conn, hold.account, hold.currency)?;
        book.release(&hold)?;
        for cap in &hold.caps {
            let counter = batch.counters.load(batch.conn, *cap)?;
            counter.held = counter.held.minus(amount)?;
        }
        let hold = hold.ended(HoldEnd::Expired, now)?;
        settle::end(batch.conn, &hold)?;
        claims::give_back(batch.conn, hold.id.generation())?;
        ended.push(hold);
    }
    claims::forget_old(batch.conn, now, i64::from(limit))?;
    Ok(ended)
}

/// Takes back what is left of expired grants.
pub(super) fn expire_grants(
    batch: &mut Batch<'_>,
    now: Timestamp,
    limit: u32,
) -> Result<u32, Fault> {
    batch.flush()?;
    let lapsed: Vec<SourceRow> = ledger_accounts::table
        .filter(ledger_accounts::lapses_at.le(now.as_micros()))
        .filter(ledger_accounts::posted.gt(ledger_accounts::held))
        .order(ledger_accounts::lapses_at)
        .limit(i64::from(limit))
        .select(SourceRow::as_select())
        .load(batch.conn)?;
    let mut count = 0_u32;
    for row in &lapsed {
        if take_back(batch, row, now)? {
            count = count.saturating_add(1);
        }
    }
    batch.flush()?;
    let done = ledger_accounts::table
        .filter(ledger_accounts::lapses_at.le(now.as_micros()))
        .filter(ledger_accounts::posted.eq(0))
        .filter(ledger_accounts::held.eq(0));
    diesel::update(done)
        .set(ledger_accounts::lapses_at.eq(None::<i64>))
        .execute(batch.conn)?;
    Ok(count)
}

fn take_back(batch: &mut Batch<'_>, row: &SourceRow, now: Timestamp) -> Result<bool, Fault> {
    let source = Source::try_from(row)?;
    let amount = source.lapsed(now);
    let Some(lapses_at) = row.lapses_at.filter(|_| amount.is_positive()) else {
        return Ok(false);
    };
    let account = AccountId::from_uuid(row.account_id.0);
    let currency = row.currency()?;
    let book = batch.books.load(batch.conn, account, currency)?;
    let Some(kept) = book.source_mut(source.id) else {
        return Err(Fault::Refused("a grant is not in its own wallet"));
    };
    kept.posted = kept.posted.minus(amount)?;
    let balance_after: Units = book.posted();
    let transfer = Transfer {
        id: grant_expiry_id(&source, Timestamp::from_micros(lapses_at)),
        debit: source.id,
        credit: counterpart(TransferKind::GrantExpiry).id(currency),
        amount,
        currency,
        kind: TransferKind::GrantExpiry,
        account: Some(account),
        generation: None,
        description: None,
        balance_after: Some(balance_after),
        at: now,
    };
    diesel::insert_into(transfers::table)
        .values(NewTransferRow::from(&transfer))
        .execute(batch.conn)?;
    Ok(true)
}
