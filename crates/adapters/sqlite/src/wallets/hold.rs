use diesel::prelude::*;
use vuzo_domain::id::HoldId;
use vuzo_domain::money::Units;
use vuzo_domain::port::{
    ExtendHold, ExtendHoldError, HoldExtended, HoldPlaced, PlaceHold, PlaceHoldError,
};
use vuzo_domain::wallet::{CapCheck, Hold, HoldState, Insufficient};
use vuzo_sql::RawId;
use vuzo_sql::rows::{HoldRow, write_parts};
use vuzo_sql::schema::holds;

use super::claims;
use crate::batch::Batch;
use crate::fault::{Failure, Fault};

/// The hold with that id.
pub(super) fn find(conn: &mut SqliteConnection, id: HoldId) -> Result<Option<Hold>, Fault> {
    let row = holds::table
        .filter(holds::id.eq(RawId(id.uuid())))
        .select(HoldRow::as_select())
        .get_result(conn)
        .optional()?;
    Ok(row.as_ref().map(Hold::try_from).transpose()?)
}

/// Places a hold. It is decided first and written afterwards; that it was placed
/// before turns out when the row is written, since that is the rare case.
pub(super) fn place(
    batch: &mut Batch<'_>,
    command: &PlaceHold,
) -> Result<HoldPlaced, Failure<PlaceHoldError>> {
    if let Some(claim) = &command.claim {
        claims::check(batch.conn, claim, command.call, command.at)?;
    }
    let refused = match within_caps(batch, command)? {
        Ok(wanted) => {
            let book = batch
                .books
                .load(batch.conn, command.account, command.currency)?;
            match book.place(wanted, command.least, command.at) {
                Ok(placement) => {
                    let hold = Hold {
                        id: command.call.hold(),
                        account: command.account,
                        key: command.key,
                        currency: command.currency,
                        parts: placement.parts,
                        caps: command.caps.iter().map(|cap| cap.at(command.at)).collect(),
                        state: HoldState::Open,
                        placed_at: command.at,
                        expires_at: command.expires_at,
                    };
                    return keep(batch, command, hold, placement.granted);
                }
                Err(Insufficient { available }) => PlaceHoldError::Insufficient { available },
            }
        }
        Err(refusal) => refusal,
    };
    match find(batch.conn, command.call.hold())? {
        Some(hold) => as_stored(batch, command, hold),
        None => Err(Failure::Refused(refused)),
    }
}

/// What of the wanted amount every cap lets through.
fn within_caps(
    batch: &mut Batch<'_>,
    command: &PlaceHold,
) -> Result<Result<Units, PlaceHoldError>, Fault> {
    let mut tightest: Option<(Units, CapCheck)> = None;
    for check in &command.caps {
        let counter = batch.counters.load(batch.conn, check.at(command.at))?;
        let remaining = counter.remaining(check.cap);
        if tightest.is_none_or(|(least, _)| remaining < least) {
            tightest = Some((remaining, *check));
        }
    }
    let Some((remaining, check)) = tightest else {
        return Ok(Ok(command.wanted));
    };
    if command.wanted.is_positive() && remaining < command.least.max(Units(1)) {
        return Ok(Err(PlaceHoldError::CapReached { check, remaining }));
    }
    Ok(Ok(command.wanted.min(remaining)))
}

fn keep(
    batch: &mut Batch<'_>,
    command: &PlaceHold,
    hold: Hold,
    granted: Units,
) -> Result<HoldPlaced, Failure<PlaceHoldError>> {
    let written = diesel::insert_or_ignore_into(holds::table)
        .values(HoldRow::from(&hold))
        .execute(batch.conn)?;
    if written == 0 {
        let book = batch.books.load(batch.conn, hold.account, hold.currency)?;
        book.release(&hold)?;
        return match find(batch.conn, hold.id)? {
            Some(stored) => as_stored(batch, command, stored),
            None => Err(Fault::Refused("the hold was not taken by its table").into()),
        };
    }
    for cap in &hold.caps {
        let counter = batch.counters.load(batch.conn, *cap)?;
        counter.held = counter.held.plus(granted)?;
    }
    if let Some(claim) = &command.claim {
        claims::take(batch.conn, claim, command.call)?;
    }
    as_stored(batch, command, hold)
}

fn as_stored(
    batch: &mut Batch<'_>,
    command: &PlaceHold,
    hold: Hold,
) -> Result<HoldPlaced, Failure<PlaceHoldError>> {
    let book = batch.books.load(batch.conn, hold.account, hold.currency)?;
    Ok(HoldPlaced {
        available: book.available(command.at),
        hold,
    })
}

/// Extends a hold to a total, all or nothing.
pub(super) fn extend(
    batch: &mut Batch<'_>,
    command: &ExtendHold,
    caps: &[CapCheck],
) -> Result<HoldExtended, Failure<ExtendHoldError>> {
    let stored = find(batch.conn, command.hold)?.filter(Hold::is_open);
    let Some(hold) = stored else {
        return Err(Failure::Refused(ExtendHoldError::NotOpen));
    };
    let more = command
        .total
        .saturating_minus(hold.total()?)
        .max(Units::ZERO);
    let free = free_under_caps(batch, &hold, caps)?;
    let book = batch.books.load(batch.conn, hold.account, hold.currency)?;
    if free < more {
        let available = book.available(command.at).min(free);
        return Err(Failure::Refused(ExtendHoldError::Insufficient {
            available,
        }));
    }
    let placement = book
        .place(more, more, command.at)
        .map_err(|Insufficient { available }| {
            Failure::Refused(ExtendHoldError::Insufficient { available })
        })?;
    let available = book.available(command.at);
    let hold = hold.extended(&placement.parts, command.expires_at)?;
    diesel::update(holds::table.filter(holds::id.eq(RawId(hold.id.uuid()))))
        .set((
            holds::parts.eq(write_parts(&hold.parts)),
            holds::expires_at.eq(hold.expires_at.as_micros()),
        ))
        .execute(batch.conn)?;
    for cap in &hold.caps {
        let counter = batch.counters.load(batch.conn, *cap)?;
        counter.held = counter.held.plus(more)?;
    }
    Ok(HoldExtended { hold, available })
}

/// What the caps that count the hold leave, in the windows that count it.
fn free_under_caps(batch: &mut Batch<'_>, hold: &Hold, caps: &[CapCheck]) -> Result<Units, Fault> {
    let mut free = Units::MAX;
    for cap in &hold.caps {
        let limit = caps
            .iter()
            .find(|check| check.scope == cap.scope && check.cap.window == cap.window);
        if let Some(check) = limit {
            let counter = batch.counters.load(batch.conn, *cap)?;
            free = free.min(counter.remaining(check.cap));
        }
    }
    Ok(free)
}
