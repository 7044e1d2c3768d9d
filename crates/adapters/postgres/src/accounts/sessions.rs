use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use vuzo_domain::account::{Session, User};
use vuzo_domain::id::{SessionId, UserId};
use vuzo_domain::port::{RotateRefresh, RotationError, Unavailable};
use vuzo_domain::time::Timestamp;
use vuzo_sql::RawId;
use vuzo_sql::rows::SessionRow;
use vuzo_sql::schema::{sessions, used_refresh_tokens as used};

use super::people;
use crate::database::Fault;

pub(super) async fn open(conn: &mut AsyncPgConnection, session: &Session) -> QueryResult<()> {
    diesel::insert_into(sessions::table)
        .values(SessionRow::from(session))
        .on_conflict(sessions::id)
        .do_nothing()
        .execute(conn)
        .await?;
    Ok(())
}

pub(super) async fn end(
    conn: &mut AsyncPgConnection,
    session: SessionId,
    at: Timestamp,
) -> QueryResult<()> {
    let running = sessions::table
        .filter(sessions::id.eq(RawId(session.uuid())))
        .filter(sessions::ended_at.is_null());
    diesel::update(running)
        .set(sessions::ended_at.eq(at.as_micros()))
        .execute(conn)
        .await?;
    Ok(())
}

pub(super) async fn is_open(conn: &mut AsyncPgConnection, session: SessionId) -> QueryResult<bool> {
    let running = sessions::table
        .filter(sessions::id.eq(RawId(session.uuid())))
        .filter(sessions::ended_at.is_null());
    diesel::select(exists(running)).get_result(conn).await
}

/// Exchanges a refresh token, one exchange of a session at a time. That a reused one
/// ends its session is a change that must be kept, so the refusal is an answer here
/// and not a failure.
pub(super) async fn rotate(
    conn: &mut AsyncPgConnection,
    rotation: &RotateRefresh,
) -> Result<Result<User, RotationError>, Fault<Unavailable>> {
    let id = RawId(rotation.session.uuid());
    let row: Option<SessionRow> = sessions::table
        .filter(sessions::id.eq(id))
        .filter(sessions::ended_at.is_null())
        .select(SessionRow::as_select())
        .for_no_key_update()
        .get_result(conn)
        .await
        .optional()?;
    let Some(row) = row else {
        return Ok(Err(RotationError::NoSession));
    };
    if !exchange(conn, rotation, &row).await? {
        let presented = rotation.presented.as_slice();
        let was_used = used::table.find((id, presented));
        if !diesel::select(exists(was_used)).get_result(conn).await? {
            return Ok(Err(RotationError::NoSession));
        }
        // The very same command, begun again since its outcome was not known: only
        // it can know which token came next.
        if row.refresh_hash != rotation.next {
            end(conn, rotation.session, rotation.at).await?;
            return Ok(Err(RotationError::Reused));
        }
    }
    let user = people::find(conn, UserId::from_uuid(row.user_id.0)).await?;
    Ok(user.ok_or(RotationError::NoSession))
}

/// Puts the next token in the place of the one that is good. `false` if that is not
/// the one presented.
async fn exchange(
    conn: &mut AsyncPgConnection,
    rotation: &RotateRefresh,
    row: &SessionRow,
) -> QueryResult<bool> {
    let presented = rotation.presented.as_slice();
    if row.refresh_hash != presented || rotation.at.as_micros() >= row.expires_at {
        return Ok(false);
    }
    diesel::insert_into(used::table)
        .values((
            used::session_id.eq(row.id),
            used::refresh_hash.eq(presented),
            used::used_at.eq(rotation.at.as_micros()),
        ))
        .execute(conn)
        .await?;
    diesel::update(sessions::table.filter(sessions::id.eq(row.id)))
        .set((
            sessions::refresh_hash.eq(rotation.next.as_slice()),
            sessions::expires_at.eq(rotation.next_expires_at.as_micros()),
        ))
        .execute(conn)
        .await?;
    Ok(true)
}
