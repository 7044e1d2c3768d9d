use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use vuzo_domain::id::GenerationId;
use vuzo_domain::port::{Answer, Claim, ClaimKey, PlaceHoldError, Unavailable};
use vuzo_domain::time::Timestamp;
use vuzo_sql::RawId;
use vuzo_sql::rows::ClaimRow;
use vuzo_sql::schema::idempotency_claims as claims;

use crate::batch::Claims;
use crate::database::Fault;

/// The row under an idempotency key, whether it still counts or not.
pub(super) async fn find(
    conn: &mut AsyncPgConnection,
    key: &ClaimKey,
) -> Result<Option<ClaimRow>, Fault<Unavailable>> {
    let row = claims::table
        .filter(claims::account_id.eq(RawId(key.account.uuid())))
        .filter(claims::key_id.eq(ClaimRow::key_column(key)))
        .filter(claims::route.eq(key.route))
        .filter(claims::token.eq(&key.token))
        .select(ClaimRow::as_select())
        .get_result(conn)
        .await
        .optional()?;
    Ok(row)
}

/// The answer under a claim that still counts, or why there is none yet.
pub(super) fn judge(
    row: Option<&ClaimRow>,
    claim: &Claim,
    at: Timestamp,
) -> Result<Option<Answer>, Fault<PlaceHoldError>> {
    let Some(row) = row.filter(|row| at.as_micros() < row.expires_at) else {
        return Ok(None);
    };
    if row.body != claim.body {
        return Err(Fault::Refused(PlaceHoldError::ClaimMismatch));
    }
    match row.clone().into_answer()? {
        Some(answer) => Ok(Some(answer)),
        None => Err(Fault::Refused(PlaceHoldError::ClaimRunning)),
    }
}

/// Refuses a call that is not the only one under its idempotency key.
pub(super) fn check(
    known: &Claims<'_>,
    claim: &Claim,
    call: GenerationId,
    at: Timestamp,
) -> Result<(), Fault<PlaceHoldError>> {
    let rival = known
        .find(&claim.key)
        .filter(|row| row.call_id.0 != call.uuid());
    match judge(rival, claim, at)? {
        Some(answer) => Err(Fault::Refused(PlaceHoldError::ClaimAnswered(Box::new(
            answer,
        )))),
        None => Ok(()),
    }
}

/// Forgets claims whose time is over, some at a time.
pub(super) async fn forget_old(
    conn: &mut AsyncPgConnection,
    now: Timestamp,
    limit: i64,
) -> Result<(), Fault<Unavailable>> {
    let old: Vec<RawId> = claims::table
        .filter(claims::expires_at.le(now.as_micros()))
        .select(claims::call_id)
        .limit(limit)
        .for_update()
        .skip_locked()
        .load(conn)
        .await?;
    if !old.is_empty() {
        let outlived = claims::table
            .filter(claims::call_id.eq_any(old))
            .filter(claims::expires_at.le(now.as_micros()));
        diesel::delete(outlived).execute(conn).await?;
    }
    Ok(())
}
