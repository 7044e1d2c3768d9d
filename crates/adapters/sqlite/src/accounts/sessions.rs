use diesel::dsl::exists;
use diesel::prelude::*;
use vuzo_domain::account::{Session, User};
use vuzo_domain::id::{SessionId, UserId};
use vuzo_domain::port::{RotateRefresh, RotationError};
use vuzo_domain::time::Timestamp;
use vuzo_sql::RawId;
use vuzo_sql::rows::SessionRow;
use vuzo_sql::schema::{sessions, used_refresh_tokens as used};

use super::people;
use crate::fault::Fault;

pub(super) fn open(conn: &mut SqliteConnection, session: &Session) -> Result<(), Fault> {
    diesel::insert_into(sessions::table)
        .values(SessionRow::from(session))
        .on_conflict(sessions::id)
        .do_nothing()
        .execute(conn)?;
    Ok(())
}

pub(super) fn end(
    conn: &mut SqliteConnection,
    session: SessionId,
    at: Timestamp,
) -> Result<(), Fault> {
    let running = sessions::table
        .filter(sessions::id.eq(RawId(session.uuid())))
        .filter(sessions::ended_at.is_null());
    diesel::update(running)
        .set(sessions::ended_at.eq(at.as_micros()))
        .execute(conn)?;
    Ok(())
}

pub(super) fn is_open(conn: &mut SqliteConnection, session: SessionId) -> Result<bool, Fault> {
    let running = sessions::table
        .filter(sessions::id.eq(RawId(session.uuid())))
        .filter(sessions::ended_at.is_null());
    Ok(diesel::select(exists(running)).get_result(conn)?)
}

/// Exchanges a refresh token. That a reused one ends its session is a change that
/// must be kept, so the refusal is an answer here and not a failure.
pub(super) fn rotate(
    conn: &mut SqliteConnection,
    rotation: &RotateRefresh,
) -> Result<Result<User, RotationError>, Fault> {
    let id = RawId(rotation.session.uuid());
    let row: Option<SessionRow> = sessions::table
        .filter(sessions::id.eq(id))
        .filter(sessions::ended_at.is_null())
        .select(SessionRow::as_select())
        .get_result(conn)
        .optional()?;
    let Some(row) = row else {
        return Ok(Err(RotationError::NoSession));
    };
    let presented = rotation.presented.as_slice();
    let was_used = used::table
        .filter(used::session_id.eq(id))
        .filter(used::refresh_hash.eq(presented));
    if diesel::select(exists(was_used)).get_result(conn)? {
        end(conn, rotation.session, rotation.at)?;
        return Ok(Err(RotationError::Reused));
    }
    if row.refresh_hash != presented || rotation.at.as_micros() >= row.expires_at {
        return Ok(Err(RotationError::NoSession));
    }
    diesel::insert_into(used::table)
        .values((
            used::session_id.eq(id),
            used::refresh_hash.eq(presented),
            used::used_at.eq(rotation.at.as_micros()),
        ))
        .execute(conn)?;
    diesel::update(sessions::table.filter(sessions::id.eq(id)))
        .set((
            sessions::refresh_hash.eq(rotation.next.as_slice()),
            sessions::expires_at.eq(rotation.next_expires_at.as_micros()),
        ))
        .execute(conn)?;
    let user = people::find(conn, UserId::from_uuid(row.user_id.0))?;
    Ok(user.ok_or(RotationError::NoSession))
}
