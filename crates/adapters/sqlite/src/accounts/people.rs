use diesel::prelude::*;
use vuzo_domain::account::{Email, User};
use vuzo_domain::id::UserId;
use vuzo_domain::money::Currency;
use vuzo_domain::port::{Naming, Registration, RegistrationError, StoredUser};
use vuzo_sql::RawId;
use vuzo_sql::rows::{AccountRow, UserRow};
use vuzo_sql::schema::{accounts, users};

use super::sessions;
use crate::batch::Batch;
use crate::fault::{Failure, Fault};
use crate::wallets::credit;

/// Makes person, account, wallet, trial credit and session. The same registration
/// again changes nothing.
pub(super) fn register(
    batch: &mut Batch<'_>,
    registration: &Registration,
) -> Result<(), Failure<RegistrationError>> {
    let user = &registration.user;
    if let Some(known) = find_by_email(batch.conn, &user.email)? {
        return if known.user.id == user.id {
            Ok(())
        } else {
            Err(Failure::Refused(RegistrationError::EmailTaken))
        };
    }
    let account = &registration.account;
    diesel::insert_into(accounts::table)
        .values(AccountRow::from(account))
        .execute(batch.conn)?;
    diesel::insert_into(users::table)
        .values(UserRow::new(user, &registration.password))
        .execute(batch.conn)?;
    batch.flush()?;
    credit::open(batch.conn, account.id, Currency::USD, registration.wallet)?;
    if let Some(trial) = &registration.trial {
        credit::credit(batch, trial)?;
    }
    sessions::open(batch.conn, &registration.session)?;
    Ok(())
}

pub(super) fn find_by_email(
    conn: &mut SqliteConnection,
    email: &Email,
) -> Result<Option<StoredUser>, Fault> {
    let row = users::table
        .filter(users::email.eq(email.as_str()))
        .select(UserRow::as_select())
        .get_result(conn)
        .optional()?;
    Ok(row.map(StoredUser::try_from).transpose()?)
}

pub(super) fn find(conn: &mut SqliteConnection, user: UserId) -> Result<Option<User>, Fault> {
    let row = users::table
        .filter(users::id.eq(RawId(user.uuid())))
        .select(UserRow::as_select())
        .get_result(conn)
        .optional()?;
    let stored = row.map(StoredUser::try_from).transpose()?;
    Ok(stored.map(|stored| stored.user))
}

/// Changes what was said, and leaves the rest.
pub(super) fn update(
    conn: &mut SqliteConnection,
    user: UserId,
    naming: &Naming,
) -> Result<Option<User>, Fault> {
    let place = || users::table.filter(users::id.eq(RawId(user.uuid())));
    if let Some(full_name) = &naming.full_name {
        diesel::update(place())
            .set(users::full_name.eq(full_name))
            .execute(conn)?;
    }
    if let Some(company) = &naming.company {
        diesel::update(place())
            .set(users::company.eq(company))
            .execute(conn)?;
    }
    find(conn, user)
}
