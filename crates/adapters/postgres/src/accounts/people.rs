use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use vuzo_domain::account::{Email, User};
use vuzo_domain::id::UserId;
use vuzo_domain::money::Currency;
use vuzo_domain::port::{Naming, Registration, RegistrationError, StoredUser, Unavailable};
use vuzo_sql::RawId;
use vuzo_sql::rows::{AccountRow, UserRow};
use vuzo_sql::schema::{accounts, users};

use super::sessions;
use crate::database::Fault;
use crate::wallets::credit;

/// Makes person, account, wallet, trial credit and session. The same registration
/// again changes nothing. Of two with one address, the slower finds the quicker one's
/// when it is begun again.
pub(super) async fn register(
    conn: &mut AsyncPgConnection,
    registration: &Registration,
) -> Result<(), Fault<RegistrationError>> {
    let user = &registration.user;
    if let Some(known) = find_by_email(conn, &user.email).await? {
        return if known.user.id == user.id {
            Ok(())
        } else {
            Err(Fault::Refused(RegistrationError::EmailTaken))
        };
    }
    let account = &registration.account;
    diesel::insert_into(accounts::table)
        .values(AccountRow::from(account))
        .execute(conn)
        .await?;
    diesel::insert_into(users::table)
        .values(UserRow::new(user, &registration.password))
        .execute(conn)
        .await?;
    credit::open(conn, account.id, Currency::USD, registration.wallet).await?;
    if let Some(trial) = &registration.trial {
        credit::credit(conn, trial).await?;
    }
    sessions::open(conn, &registration.session).await?;
    Ok(())
}

pub(super) async fn find_by_email<R>(
    conn: &mut AsyncPgConnection,
    email: &Email,
) -> Result<Option<StoredUser>, Fault<R>> {
    let row = users::table
        .filter(users::email.eq(email.as_str()))
        .select(UserRow::as_select())
        .get_result(conn)
        .await
        .optional()?;
    Ok(row.map(StoredUser::try_from).transpose()?)
}

pub(super) async fn find(
    conn: &mut AsyncPgConnection,
    user: UserId,
) -> Result<Option<User>, Fault<Unavailable>> {
    let row = users::table
        .filter(users::id.eq(RawId(user.uuid())))
        .select(UserRow::as_select())
        .get_result(conn)
        .await
        .optional()?;
    let stored = row.map(StoredUser::try_from).transpose()?;
    Ok(stored.map(|stored| stored.user))
}

/// Changes what was said, and leaves the rest.
pub(super) async fn update(
    conn: &mut AsyncPgConnection,
    user: UserId,
    naming: &Naming,
) -> Result<Option<User>, Fault<Unavailable>> {
    let place = || users::table.filter(users::id.eq(RawId(user.uuid())));
    if let Some(full_name) = &naming.full_name {
        diesel::update(place())
            .set(users::full_name.eq(full_name))
            .execute(conn)
            .await?;
    }
    if let Some(company) = &naming.company {
        diesel::update(place())
            .set(users::company.eq(company))
            .execute(conn)
            .await?;
    }
    find(conn, user).await
}
