mod people;
mod sessions;

use async_trait::async_trait;
use diesel::dsl::auto_type;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt as _;
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

use crate::database::{Fault, Scope};
use crate::wallets::credit;
use crate::{PgStore, audit, changes, page, spend};

/// Whoever logs in is nobody's tenant yet, and sessions are the gateway's own: most of
/// this sees everything.
#[async_trait]
impl Accounts for PgStore {
    async fn register(&self, registration: Registration) -> Result<(), RegistrationError> {
        let scope = Scope::Everything;
        self.database()
            .transact("register", scope, registration, |conn, registration| {
                people::register(conn, registration).boxed()
            })
            .await
    }

    async fn find_user_by_email(&self, email: &Email) -> Result<Option<StoredUser>, Unavailable> {
        let (scope, email) = (Scope::Everything, email.clone());
        self.database()
            .read("find_user_by_email", scope, email, |conn, email| {
                people::find_by_email(conn, email).boxed()
            })
            .await
    }

    async fn find_user(&self, user: UserId) -> Result<Option<User>, Unavailable> {
        self.database()
            .read("find_user", Scope::Everything, user, |conn, user| {
                people::find(conn, *user).boxed()
            })
            .await
    }

    async fn update_user(&self, user: UserId, naming: Naming) -> Result<Option<User>, Unavailable> {
        let scope = Scope::Everything;
        self.database()
            .transact("update_user", scope, (user, naming), |conn, named| {
                people::update(conn, named.0, &named.1).boxed()
            })
            .await
    }

    async fn open_session(&self, session: Session) -> Result<(), Unavailable> {
        let scope = Scope::Everything;
        self.database()
            .transact("open_session", scope, session, |conn, session| {
                async move { Ok(sessions::open(conn, session).await?) }.boxed()
            })
            .await
    }

    async fn rotate_refresh(&self, rotation: RotateRefresh) -> Result<User, RotationError> {
        let scope = Scope::Everything;
        let exchanged = self
            .database()
            .transact("rotate_refresh", scope, rotation, |conn, rotation| {
                sessions::rotate(conn, rotation).boxed()
            })
            .await;
        exchanged?
    }

    async fn end_session(&self, session: SessionId, at: Timestamp) -> Result<(), Unavailable> {
        let scope = Scope::Everything;
        self.database()
            .transact("end_session", scope, (session, at), |conn, input| {
                async move { Ok(sessions::end(conn, input.0, input.1).await?) }.boxed()
            })
            .await
    }

    async fn session_is_open(&self, session: SessionId) -> Result<bool, Unavailable> {
        let scope = Scope::Everything;
        self.database()
            .read("session_is_open", scope, session, |conn, session| {
                async move { Ok(sessions::is_open(conn, *session).await?) }.boxed()
            })
            .await
    }

    async fn find_account(&self, account: AccountId) -> Result<Option<Account>, Unavailable> {
        let scope = Scope::Account(account);
        self.database()
            .read("find_account", scope, account, |conn, account| {
                find(conn, *account).boxed()
            })
            .await
    }

    async fn list_accounts(
        &self,
        query: Option<String>,
        page: PageRequest,
    ) -> Result<Page<Account>, Unavailable> {
        let scope = Scope::Everything;
        self.database()
            .read("list_accounts", scope, (query, page), |conn, input| {
                list(conn, input.0.as_deref(), &input.1).boxed()
            })
            .await
    }

    async fn update_account(&self, change: AccountChange) -> Result<Option<Account>, Unavailable> {
        let scope = Scope::Account(change.account);
        self.database()
            .transact("update_account", scope, change, |conn, change| {
                update(conn, change).boxed()
            })
            .await
    }
}

#[auto_type]
fn place(account: RawId) -> _ {
    accounts::table.filter(accounts::id.eq(account))
}

async fn find(
    conn: &mut AsyncPgConnection,
    account: AccountId,
) -> Result<Option<Account>, Fault<Unavailable>> {
    let row = place(RawId(account.uuid()))
        .select(AccountRow::as_select())
        .get_result(conn)
        .await
        .optional()?;
    Ok(row.map(Account::try_from).transpose()?)
}

/// An account that nobody else changes until the transaction ends.
async fn lock(
    conn: &mut AsyncPgConnection,
    account: AccountId,
) -> Result<Option<Account>, Fault<Unavailable>> {
    let row = place(RawId(account.uuid()))
        .select(AccountRow::as_select())
        .for_no_key_update()
        .get_result(conn)
        .await
        .optional()?;
    Ok(row.map(Account::try_from).transpose()?)
}

async fn list(
    conn: &mut AsyncPgConnection,
    query: Option<&str>,
    page: &PageRequest,
) -> Result<Page<Account>, Fault<Unavailable>> {
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
        if !page::may_be_stored(query) {
            return Ok(page::empty());
        }
        let pattern = containing(query);
        let members = users::table
            .filter(users::email.ilike(pattern.clone()).escape('\\'))
            .select(users::account_id);
        rows = rows.filter(
            accounts::name
                .ilike(pattern)
                .escape('\\')
                .or(accounts::id.eq_any(members)),
        );
    }
    let rows: Vec<AccountRow> = rows.load(conn).await?;
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

async fn update(
    conn: &mut AsyncPgConnection,
    change: &AccountChange,
) -> Result<Option<Account>, Fault<Unavailable>> {
    let Some(old) = lock(conn, change.account).await? else {
        return Ok(None);
    };
    let account = Account {
        status: change.status.unwrap_or(old.status),
        plan: change.plan.clone().unwrap_or_else(|| old.plan.clone()),
        limits: change.limits.unwrap_or(old.limits),
        caps: change.caps.clone().unwrap_or_else(|| old.caps.clone()),
        ..old.clone()
    };
    let row = AccountRow::from(&account);
    diesel::update(place(row.id))
        .set(&row)
        .execute(conn)
        .await?;
    if let Some((currency, line)) = change.credit_line {
        credit::set_credit_line(conn, account.id, currency, line).await?;
    }
    audit::as_operator(conn).await?;
    spend::begin(
        conn,
        account.id,
        CapScope::Account(account.id),
        &old.caps,
        &account.caps,
        change.audit.at,
    )
    .await?;
    changes::announce(conn, Change::Account(account.id)).await?;
    audit::note(conn, &change.audit).await?;
    Ok(Some(account))
}
