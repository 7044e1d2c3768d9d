use diesel::prelude::*;
use vuzo_domain::money::Units;
use vuzo_domain::port::{Settle, SettleError, Settled};
use vuzo_domain::wallet::{Hold, HoldEnd, HoldState, Posting, settle_hold};
use vuzo_sql::RawId;
use vuzo_sql::rows::{NewTransferRow, NewUsageRow};
use vuzo_sql::schema::{transfers, usage};

use super::{claims, hold};
use crate::batch::Batch;
use crate::fault::{Failure, Fault};
use crate::statements::EndHold;

/// Settles a call, as the domain decides.
pub(super) fn settle(
    batch: &mut Batch<'_>,
    command: &Settle,
) -> Result<Settled, Failure<SettleError>> {
    let Some(stored) = hold::find(batch.conn, command.hold)? else {
        return Err(Failure::Refused(SettleError::UnknownHold));
    };
    if !stored.is_open()
        && let Some(settled) = settled_before(batch, &stored, command)?
    {
        return Ok(settled);
    }
    if command.charge.amount != command.record.receipt.total
        || command.record.id != stored.id.generation()
        || command.record.account != stored.account
    {
        return Err(Fault::Refused("the charge and the usage record are not of one call").into());
    }
    let held = if stored.is_open() {
        Some(stored.total()?)
    } else {
        None
    };
    let book = batch
        .books
        .load(batch.conn, stored.account, stored.currency)?;
    let posting = settle_hold(book, stored, &command.charge)?;
    let available = book.available(command.charge.at);
    count(batch, &posting, held.unwrap_or_default())?;
    write(batch.conn, command, &posting)?;
    if held.is_some() {
        end(batch.conn, &posting.hold)?;
    }
    if let Some((key, answer)) = &command.claim {
        claims::settle(
            batch.conn,
            key,
            posting.hold.id.generation(),
            answer.as_ref(),
        )?;
    }
    Ok(Settled {
        charged: posting.charged,
        shortfall: posting.shortfall,
        available,
    })
}

/// What the call was settled by, if it was.
fn settled_before(
    batch: &mut Batch<'_>,
    hold: &Hold,
    command: &Settle,
) -> Result<Option<Settled>, Fault> {
    let first: Option<(i64, i64)> = usage::table
        .filter(usage::id.eq(RawId(hold.id.uuid())))
        .select((usage::charged, usage::shortfall))
        .get_result(batch.conn)
        .optional()?;
    let Some((charged, shortfall)) = first else {
        return Ok(None);
    };
    let book = batch.books.load(batch.conn, hold.account, hold.currency)?;
    Ok(Some(Settled {
        charged: Units(charged),
        shortfall: Units(shortfall),
        available: book.available(command.charge.at),
    }))
}

/// Moves the call in every counter from held to spent.
fn count(batch: &mut Batch<'_>, posting: &Posting, held: Units) -> Result<(), Fault> {
    for cap in &posting.hold.caps {
        let counter = batch.counters.load(batch.conn, *cap)?;
        counter.held = counter.held.minus(held)?;
        counter.spent = counter.spent.plus(posting.charged)?;
    }
    Ok(())
}

fn write(conn: &mut SqliteConnection, command: &Settle, posting: &Posting) -> Result<(), Fault> {
    let row = NewUsageRow::new(&command.record, posting.charged, posting.shortfall);
    diesel::insert_into(usage::table)
        .values(row)
        .execute(conn)?;
    for transfer in &posting.transfers {
        diesel::insert_into(transfers::table)
            .values(NewTransferRow::from(transfer))
            .execute(conn)?;
    }
    Ok(())
}

/// Writes that an open hold has ended.
pub(super) fn end(conn: &mut SqliteConnection, hold: &Hold) -> Result<(), Fault> {
    let HoldState::Ended { end, at } = hold.state else {
        return Err(Fault::Refused("a hold that has not ended cannot be ended"));
    };
    let (state, captured) = match end {
        HoldEnd::Captured(Units(charge)) => ("captured", Some(charge)),
        HoldEnd::Expired => ("expired", None),
    };
    let ended = EndHold {
        id: RawId(hold.id.uuid()),
        state,
        captured,
        ended_at: at.as_micros(),
    };
    if ended.execute(conn)? != 1 {
        return Err(Fault::Refused("a hold ends once"));
    }
    Ok(())
}
