use async_trait::async_trait;

use super::{AuditEntry, CreditWallet, Page, PageRequest, PasswordHash, Unavailable};
use crate::account::{Account, AccountStatus, Email, Session, User};
use crate::id::{AccountId, LedgerAccountId, SessionId, UserId};
use crate::limit::Limits;
use crate::money::{Currency, Units};
use crate::time::Timestamp;
use crate::wallet::Cap;

/// Everything that signing up makes.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The person.
    pub user: User,
    /// Their password.
    pub password: PasswordHash,
    /// Their account.
    pub account: Account,
    /// The paid source of its US dollar wallet.
    pub wallet: LedgerAccountId,
    /// The trial credit, if there is one.
    pub trial: Option<CreditWallet>,
    /// Their first session.
    pub session: Session,
}

/// Why somebody cannot sign up.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    /// The address is known.
    #[error("an account with this e-mail address exists")]
    EmailTaken,
    /// The store is.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// A person with what their log-in is checked against.
#[derive(Clone, Debug)]
pub struct StoredUser {
    /// The person.
    pub user: User,
    /// Their password.
    pub password: PasswordHash,
}

/// One refresh token exchanged for the next.
#[derive(Clone, Debug)]
pub struct RotateRefresh {
    /// The session that the token names.
    pub session: SessionId,
    /// The hash of the token presented.
    pub presented: [u8; 32],
    /// The hash of the token that takes its place.
    pub next: [u8; 32],
    /// Until when that one is good.
    pub next_expires_at: Timestamp,
    /// Now.
    pub at: Timestamp,
}

/// Why a refresh token is not taken.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// The session is over, or there never was one.
    #[error("the session is over; log in again")]
    NoSession,
    /// The token was used before: somebody holds a copy. The session is over now.
    #[error("this refresh token was used before; the session has been ended")]
    Reused,
    /// The store is.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// What the operator may change on an account. `None` leaves it as it is.
#[derive(Clone, Debug)]
pub struct AccountChange {
    /// Which account.
    pub account: AccountId,
    /// Whether it may be used.
    pub status: Option<AccountStatus>,
    /// The name of its plan.
    pub plan: Option<String>,
    /// Its limits, all of them.
    pub limits: Option<Limits>,
    /// Its spending caps in US dollars, all of them.
    pub caps: Option<Vec<Cap>>,
    /// How far below zero its wallet in that currency may go.
    pub credit_line: Option<(Currency, Units)>,
    /// Lands with it.
    pub audit: AuditEntry,
}

/// How a person shall be called. `None` leaves a name as it is, `Some(None)` takes it
/// away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Naming {
    /// Their own name.
    pub full_name: Option<Option<String>>,
    /// Where they work.
    pub company: Option<Option<String>>,
}

/// People, their accounts and their sessions.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Accounts: Send + Sync + 'static {
    /// Makes person, account, wallet, trial credit and session at once, or nothing.
    /// MUST refuse with [`RegistrationError::EmailTaken`] where the address is known.
    async fn register(&self, registration: Registration) -> Result<(), RegistrationError>;

    /// The person with that address.
    async fn find_user_by_email(&self, email: &Email) -> Result<Option<StoredUser>, Unavailable>;

    /// The person with that id.
    async fn find_user(&self, user: UserId) -> Result<Option<User>, Unavailable>;

    /// Changes how a person is called. Answers the person as they are now.
    async fn update_user(&self, user: UserId, naming: Naming) -> Result<Option<User>, Unavailable>;

    /// Opens a session.
    async fn open_session(&self, session: Session) -> Result<(), Unavailable>;

    /// Exchanges a refresh token, and answers whose it was.
    ///
    /// MUST let each token be exchanged once. A token that was exchanged before MUST
    /// end its session for good ([`RotationError::Reused`]); one that is unknown,
    /// out of time or of an ended session is [`RotationError::NoSession`].
    async fn rotate_refresh(&self, rotation: RotateRefresh) -> Result<User, RotationError>;

    /// Ends a session. Ending it twice is fine.
    async fn end_session(&self, session: SessionId, at: Timestamp) -> Result<(), Unavailable>;

    /// Whether a session is still open.
    async fn session_is_open(&self, session: SessionId) -> Result<bool, Unavailable>;

    /// The account with that id.
    async fn find_account(&self, account: AccountId) -> Result<Option<Account>, Unavailable>;

    /// Accounts, newest first; with `query` those whose name or a member's address
    /// holds it.
    async fn list_accounts(
        &self,
        query: Option<String>,
        page: PageRequest,
    ) -> Result<Page<Account>, Unavailable>;

    /// Changes an account and writes the audit entry in one transaction, and
    /// announces it to [`super::Changes`]. Spending counters of caps that are new
    /// MUST begin with what was spent and is held in their window already. A credit
    /// line below what is owed already MUST be taken all the same where nothing is
    /// spent by it; the floor then is what is owed. Answers the account as it is now.
    async fn update_account(&self, change: AccountChange) -> Result<Option<Account>, Unavailable>;
}
