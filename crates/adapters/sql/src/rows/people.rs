use diesel::{AsChangeset, Identifiable, Insertable, Queryable, Selectable};
use vuzo_domain::account::{Account, AccountStatus, Email, Role, Session, User};
use vuzo_domain::id::{AccountId, SessionId, UserId};
use vuzo_domain::limit::Limits;
use vuzo_domain::port::{PasswordHash, StoredUser};
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::Cap;

use crate::fault::{Place, RowFault};
use crate::json::{self, CapJson, LimitsJson};
use crate::schema::{accounts, sessions, users};
use crate::types::RawId;

/// A row of `accounts`.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, Identifiable, AsChangeset)]
#[diesel(table_name = accounts)]
pub struct AccountRow {
    pub id: RawId,
    pub name: String,
    pub plan: String,
    pub status: String,
    pub limits: String,
    pub caps: String,
    pub created_at: i64,
}

impl From<&Account> for AccountRow {
    fn from(account: &Account) -> Self {
        Self {
            id: RawId(account.id.uuid()),
            name: account.name.clone(),
            plan: account.plan.clone(),
            status: account.status.name().to_owned(),
            limits: write_limits(&account.limits),
            caps: write_caps(&account.caps),
            created_at: account.created_at.as_micros(),
        }
    }
}

impl TryFrom<AccountRow> for Account {
    type Error = RowFault;

    fn try_from(row: AccountRow) -> Result<Self, RowFault> {
        let id = AccountId::from_uuid(row.id.0);
        let place = Place::new("accounts", &id);
        let caps: Vec<CapJson<'_>> = place.json("caps", &row.caps)?;
        Ok(Self {
            id,
            status: place.known("status", AccountStatus::from_name(&row.status))?,
            limits: place.json::<LimitsJson>("limits", &row.limits)?.into(),
            caps: place.known("caps", caps.iter().map(CapJson::to_cap).collect())?,
            name: row.name,
            plan: row.plan,
            created_at: Timestamp::from_micros(row.created_at),
        })
    }
}

/// Limits as the text of a column.
pub fn write_limits(limits: &Limits) -> String {
    json::write(&LimitsJson::from(limits))
}

/// Caps as the text of a column.
pub fn write_caps(caps: &[Cap]) -> String {
    let caps: Vec<_> = caps.iter().map(CapJson::from).collect();
    json::write(&caps)
}

/// A row of `users`.
#[derive(Clone, Queryable, Selectable, Insertable, Identifiable)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
pub struct UserRow {
    pub id: RawId,
    pub account_id: RawId,
    pub email: String,
    pub password_hash: String,
    pub full_name: Option<String>,
    pub company: Option<String>,
    pub role: String,
    pub created_at: i64,
}

impl UserRow {
    /// A person with their password.
    pub fn new(user: &User, password: &PasswordHash) -> Self {
        Self {
            id: RawId(user.id.uuid()),
            account_id: RawId(user.account.uuid()),
            email: user.email.as_str().to_owned(),
            password_hash: password.0.clone(),
            full_name: user.full_name.clone(),
            company: user.company.clone(),
            role: user.role.name().to_owned(),
            created_at: user.created_at.as_micros(),
        }
    }
}

impl TryFrom<UserRow> for StoredUser {
    type Error = RowFault;

    fn try_from(row: UserRow) -> Result<Self, RowFault> {
        let id = UserId::from_uuid(row.id.0);
        let place = Place::new("users", &id);
        Ok(Self {
            user: User {
                id,
                account: AccountId::from_uuid(row.account_id.0),
                email: place.valid("email", Email::new(&row.email))?,
                full_name: row.full_name,
                company: row.company,
                role: place.known("role", Role::from_name(&row.role))?,
                created_at: Timestamp::from_micros(row.created_at),
            },
            password: PasswordHash(row.password_hash),
        })
    }
}

/// A row of `sessions`.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, Identifiable)]
#[diesel(table_name = sessions, treat_none_as_default_value = false)]
pub struct SessionRow {
    pub id: RawId,
    pub user_id: RawId,
    pub refresh_hash: Vec<u8>,
    pub expires_at: i64,
    pub ended_at: Option<i64>,
    pub created_at: i64,
}

impl From<&Session> for SessionRow {
    fn from(session: &Session) -> Self {
        Self {
            id: RawId(session.id.uuid()),
            user_id: RawId(session.user.uuid()),
            refresh_hash: session.refresh_hash.to_vec(),
            expires_at: session.expires_at.as_micros(),
            ended_at: None,
            created_at: session.created_at.as_micros(),
        }
    }
}

impl TryFrom<SessionRow> for Session {
    type Error = RowFault;

    fn try_from(row: SessionRow) -> Result<Self, RowFault> {
        let id = SessionId::from_uuid(row.id.0);
        let place = Place::new("sessions", &id);
        Ok(Self {
            id,
            user: UserId::from_uuid(row.user_id.0),
            refresh_hash: place.hash("refresh_hash", &row.refresh_hash)?,
            expires_at: Timestamp::from_micros(row.expires_at),
            created_at: Timestamp::from_micros(row.created_at),
        })
    }
}
