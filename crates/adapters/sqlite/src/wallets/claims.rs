use diesel::prelude::*;
use vuzo_domain::id::GenerationId;
use vuzo_domain::port::{Answer, Claim, ClaimKey, PlaceHoldError};
use vuzo_domain::time::Timestamp;
use vuzo_sql::RawId;
use vuzo_sql::rows::ClaimRow;
use vuzo_sql::schema::idempotency_claims as claims;

use crate::fault::{Failure, Fault};

/// The row under an idempotency key, whether it still counts or not.
pub(super) fn find(conn: &mut SqliteConnection, key: &ClaimKey) -> Result<Option<ClaimRow>, Fault> {
    let row = claims::table
        .filter(claims::account_id.eq(RawId(key.account.uuid())))
        .filter(claims::key_id.eq(ClaimRow::key_column(key)))
        .filter(claims::route.eq(key.route))
        .filter(claims::token.eq(&key.token))
        .select(ClaimRow::as_select())
        .get_result(conn)
        .optional()?;
    Ok(row)
}

/// The answer under a claim that still counts, or why there is none yet.
pub(super) fn judge(
    row: Option<ClaimRow>,
    claim: &Claim,
    at: Timestamp,
) -> Result<Option<Answer>, Failure<PlaceHoldError>> {
    let Some(row) = row.filter(|row| at.as_micros() < row.expires_at) else {
        return Ok(None);
    };
    if row.body != claim.body {
        return Err(Failure::Refused(PlaceHoldError::ClaimMismatch));
    }
    match row.into_answer()? {
        Some(answer) => Ok(Some(answer)),
        None => Err(Failure::Refused(PlaceHoldError::ClaimRunning)),
    }
}

/// Refuses a call that is not the only one under its idempotency key.
pub(super) fn check(
    conn: &mut SqliteConnection,
    claim: &Claim,
    call: GenerationId,
    at: Timestamp,
) -> Result<(), Failure<PlaceHoldError>> {
    let rival = find(conn, &claim.key)?.filter(|row| row.call_id.0 != call.uuid());
    match judge(rival, claim, at)? {
        Some(answer) => Err(Failure::Refused(PlaceHoldError::ClaimAnswered(Box::new(
            answer,
        )))),
        None => Ok(()),
    }
}

/// Gives the claim to a call; whatever was there did not count any more.
pub(super) fn take(
    conn: &mut SqliteConnection,
    claim: &Claim,
    call: GenerationId,
) -> Result<(), Fault> {
    diesel::replace_into(claims::table)
        .values(ClaimRow::running(claim, call))
        .execute(conn)?;
    Ok(())
}

/// Keeps the answer of a call under its claim, or gives the claim back; only if it is
/// still the call's own.
pub(super) fn settle(
    conn: &mut SqliteConnection,
    key: &ClaimKey,
    call: GenerationId,
    answer: Option<&Answer>,
) -> Result<(), Fault> {
    let Some(answer) = answer else {
        return give_back(conn, call);
    };
    let own = claims::table
        .filter(claims::account_id.eq(RawId(key.account.uuid())))
        .filter(claims::key_id.eq(ClaimRow::key_column(key)))
        .filter(claims::route.eq(key.route))
        .filter(claims::token.eq(&key.token))
        .filter(claims::call_id.eq(RawId(call.uuid())));
    diesel::update(own)
        .set((
            claims::content_type.eq(&answer.content_type),
            claims::answer.eq(answer.body.as_ref()),
        ))
        .execute(conn)?;
    Ok(())
}

/// Gives back whatever a call has claimed.
pub(super) fn give_back(conn: &mut SqliteConnection, call: GenerationId) -> Result<(), Fault> {
    let own = claims::table.filter(claims::call_id.eq(RawId(call.uuid())));
    diesel::delete(own).execute(conn)?;
    Ok(())
}

/// Forgets claims whose time is over, some at a time.
pub(super) fn forget_old(
    conn: &mut SqliteConnection,
    now: Timestamp,
    limit: i64,
) -> Result<(), Fault> {
    let old: Vec<RawId> = claims::table
        .filter(claims::expires_at.le(now.as_micros()))
        .select(claims::call_id)
        .limit(limit)
        .load(conn)?;
    if !old.is_empty() {
        let outlived = claims::table
            .filter(claims::call_id.eq_any(old))
            .filter(claims::expires_at.le(now.as_micros()));
        diesel::delete(outlived).execute(conn)?;
    }
    Ok(())
}
