mod people;
mod sessions;

use async_trait::async_trait;
use diesel::prelude::*;
use vuzo_domain::account::{Account, Email, Session, User};
use vuzo_domain::id::{AccountId, SessionId, UserId};
use vuzo_domain::port::{
    AccountChange, Accounts, Change, Naming, Page, PageRequest, Registration, RegistrationError,
    RotateRefresh, RotationError, StoredUser, Unavailable,
};
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::CapScope;
use vuzo_sql::RawId;
use vuzo_sql::rows::AccountRow;
use vuzo_sql::schema::{accounts, users};

use crate::batch::Batch;
use crate::fault::Fault;
use crate::wallets::credit;
use crate::{SqliteStore, audit, changes, page, spend};

#[async_trait]
impl Accounts for SqliteStore {
    async fn register(&self, registration: Registration) -> Result<(), RegistrationError> {
        self.write("register", move |batch| {
            people::register(batch, &registration)
        })
        .await
    }

    async fn find_user_by_email(&self, email: &Email) -> Result<Option<StoredUser>, Unavailable> {
        let email = email.clone();
        self.read("find_user_by_email", move |conn| {
            people::find_by_email(conn, &email)
        })
        .await
    }

    async fn find_user(&self, user: UserId) -> Result<Option<User>, Unavailable> {
        self.read("find_user", move |conn| people::find(conn, user))
            .await
    }

    async fn update_user(&self, user: UserId, naming: Naming) -> Result<Option<User>, Unavailable> {
        self.write("update_user", move |batch| {
            Ok(people::update(batch.conn, user, &naming)?)
        })
        .await
    }

    async fn open_session(&self, session: Session) -> Result<(), Unavailable> {
        self.write("open_session", move |batch| {
            Ok(sessions::open(batch.conn, &session)?)
        })
        .await
    }

    async fn rotate_refresh(&self, rotation: RotateRefresh) -> Result<User, RotationError> {
        let exchanged: Result<_, Unavailable> = self
            .write("rotate_refresh", move |batch| {
                Ok(sessions::rotate(batch.conn, &rotation)?)
            })
            .await;
        exchanged?
    }

    async fn end_session(&self, session: SessionId, at: Timestamp) -> Result<(), Unavailable> {
        self.write("end_session", move |batch| {
            Ok(sessions::end(batch.conn, session, at)?)
        })
        .await
    }

    async fn session_is_open(&self, session: SessionId) -> Result<bool, Unavailable> {
        self.read("session_is_open", move |conn| {
            sessions::is_open(conn, session)
        })
        .await
    }

    async fn find_account(&self, account: AccountId) -> Result<Option<Account>, Unavailable> {
        self.read("find_account", move |conn| find(conn, account))
            .await
    }

    async fn list_accounts(
        &self,
        query: Option<String>,
        page: PageRequest,
    ) -> Result<Page<Account>, Unavailable> {
        self.read("list_accounts", move |conn| {
            list(conn, query.as_deref(), &page)
        })
        .await
    }

    async fn update_account(&self, change: AccountChange) -> Result<Option<Account>, Unavailable> {
        self.write("update_account", move |batch| Ok(update(batch, &change)?))
            .await
    }
}

fn find(conn: &mut SqliteConnection, account: AccountId) -> Result<Option<Account>, Fault> {
    let row = accounts::table
        .filter(accounts::id.eq(RawId(account.uuid())))
        .select(AccountRow::as_select())
        .get_result(conn)
        .optional()?;
    Ok(row.map(Account::try_from).transpose()?)
}

fn list(
    conn: &mut SqliteConnection,
    query: Option<&str>,
    page: &PageRequest,
) -> Result<Page<Account>, Fault> {
    let mut rows = accounts::table
        .order(accounts::id.desc())
        .limit(page::limit(page))
        .offset(page::offset(page))
        .select(AccountRow::as_select())
        .into_boxed();
    if let Some(before) = page.before {
        rows = rows.filter(accounts::id.lt(RawId(before)));
    }
    if let Some(query) = query {
        // LIKE does not tell upper from lower case in SQLite.
        let pattern = containing(query);
        let members = users::table
            .filter(users::email.like(pattern.clone()).escape('\\'))
            .select(users::account_id);
        rows = rows.filter(
            accounts::name
                .like(pattern)
                .escape('\\')
                .or(accounts::id.eq_any(members)),
        );
    }
    let rows: Vec<AccountRow> = rows.load(conn)?;
    page::cut(rows, page, Account::try_from)
}

/// A pattern for texts that hold this one, whose own signs mean nothing.
fn containing(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len().saturating_add(2));
    pattern.push('%');
    for sign in text.chars() {
        if matches!(sign, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(sign);
    }
    pattern.push('%');
    pattern
}

fn update(batch: &mut Batch<'_>, change: &AccountChange) -> Result<Option<Account>, Fault> {
    let Some(old) = find(batch.conn, change.account)? else {
        return Ok(None);
    };
    let account = Account {
        status: change.status.unwrap_or(old.status),
        plan: change.plan.clone().unwrap_or_else(|| old.plan.clone()),
        limits: change.limits.unwrap_or(old.limits),
        caps: change.caps.clone().unwrap_or_else(|| old.caps.clone()),
        ..old.clone()
    };
    spend::begin(
        batch,
        account.id,
        CapScope::Account(account.id),
        &old.caps,
        &account.caps,
        change.audit.at,
    )?;
    if let Some((currency, line)) = change.credit_line {
        credit::set_credit_line(batch, account.id, currency, line)?;
    }
    let row = AccountRow::from(&account);
    diesel::update(accounts::table.filter(accounts::id.eq(row.id)))
        .set(&row)
        .execute(batch.conn)?;
    changes::announce(batch.conn, Change::Account(account.id))?;
    audit::note(batch.conn, &change.audit)?;
    Ok(Some(account))
}
