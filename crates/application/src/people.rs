//! People: signing up, logging in, staying logged in.

mod error;
mod line;
mod newcomer;
mod token;

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use vuzo_domain::account::{Account, AccountStatus, Email, Role, User};
use vuzo_domain::id::{SessionId, UserId};
use vuzo_domain::port::{
    Accounts, Claims, Clock, Hasher, IdGen, Naming, RotateRefresh, RotationError, Signer,
    Unavailable,
};

use crate::access::{Caller, Directory, Identity};
use crate::ports::{Policy, Ports};
use newcomer::{Newcomer, name_error, session_of};
use token::RefreshToken;

pub use error::PeopleError;
pub(crate) use line::{LineFault, line};
pub use newcomer::SignUp;

/// The most characters in the name of a person or a company.
const LONGEST_NAME: usize = 200;

/// Somebody who has just proven who they are, with their tokens.
pub struct LoggedIn {
    /// The person.
    pub user: User,
    /// Their account.
    pub account: Account,
    /// Their session.
    pub session: SessionId,
    /// What they show with every request.
    pub access_token: String,
    /// What they exchange for the next pair. It is good once.
    pub refresh_token: String,
    /// How long the access token is good.
    pub expires_in: Duration,
}

impl LoggedIn {
    /// The same person as one who may act for their account.
    pub fn caller(&self) -> Caller {
        Caller {
            account: Arc::new(self.account.clone()),
            identity: Identity::Session {
                user: self.user.id,
                session: self.session,
                role: self.user.role,
            },
        }
    }
}

impl fmt::Debug for LoggedIn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LoggedIn")
            .field("user", &self.user)
            .field("account", &self.account)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

/// A password that nobody has to remember, for accounts that the operator makes.
pub fn random_password(ids: &dyn IdGen) -> String {
    token::random_hex::<24>(ids)
}

/// Signing up, logging in and out, and one's own profile.
pub struct People {
    accounts: Arc<dyn Accounts>,
    hasher: Arc<dyn Hasher>,
    signer: Arc<dyn Signer>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGen>,
    directory: Arc<Directory>,
    policy: Policy,
}

impl People {
    /// People out of these ports. The directory is told of sessions that end here.
    pub fn new(ports: &Ports, policy: &Policy, directory: Arc<Directory>) -> Self {
        Self {
            accounts: Arc::clone(&ports.accounts),
            hasher: Arc::clone(&ports.hasher),
            signer: Arc::clone(&ports.signer),
            clock: Arc::clone(&ports.clock),
            ids: Arc::clone(&ports.ids),
            directory,
            policy: policy.clone(),
        }
    }

    /// Makes person, account, wallet, trial credit and session at once, or nothing.
    pub async fn register(&self, sign_up: SignUp) -> Result<LoggedIn, PeopleError> {
        self.enroll(sign_up, Role::Member).await
    }

    /// The same for somebody with a role. Only the operator's own tools may offer it.
    pub async fn enroll(&self, sign_up: SignUp, role: Role) -> Result<LoggedIn, PeopleError> {
        let newcomer = Newcomer::check(&sign_up)?;
        let hash = self.hasher.hash_password(&newcomer.password).await?;
        let at = self.clock.now();
        let mut registration =
            newcomer.registration(role, hash, &self.policy, self.ids.as_ref(), at);
        let session = &mut registration.session;
        let token = RefreshToken::fresh(session.id, self.ids.as_ref());
        session.refresh_hash = token.digest(self.hasher.as_ref());
        let (user, account) = (registration.user.clone(), registration.account.clone());
        self.accounts.register(registration).await?;
        Ok(self.logged_in(user, account, token))
    }

    /// Opens a session. It takes equally long whether or not the address is known.
    /// A suspended account may be looked at, so its people may log in.
    pub async fn log_in(&self, email: &str, password: &str) -> Result<LoggedIn, PeopleError> {
        let stored = match Email::new(email) {
            Ok(email) => self.accounts.find_user_by_email(&email).await?,
            Err(_no_address) => None,
        };
        let (user, hash) = stored.map(|known| (known.user, known.password)).unzip();
        let is_right = self.hasher.verify_password(password, hash).await?;
        let user = user.filter(|_| is_right);
        let user = user.ok_or(PeopleError::WrongCredentials)?;
        let account = self.account_of(&user).await?;
        let ids = self.ids.as_ref();
        let mut session = session_of(&user, &self.policy, ids, self.clock.now());
        let token = RefreshToken::fresh(session.id, ids);
        session.refresh_hash = token.digest(self.hasher.as_ref());
        self.accounts.open_session(session).await?;
        Ok(self.logged_in(user, account, token))
    }

    /// Exchanges a refresh token for the next pair. A token that comes a second time
    /// ends its session, for one of the two who hold it is a thief.
    pub async fn refresh(&self, refresh_token: &str) -> Result<LoggedIn, PeopleError> {
        let presented = RefreshToken::parse(refresh_token).ok_or(PeopleError::NoSession)?;
        let session = presented.session;
        let next = RefreshToken::fresh(session, self.ids.as_ref());
        let at = self.clock.now();
        let rotation = RotateRefresh {
            session,
            presented: presented.digest(self.hasher.as_ref()),
            next: next.digest(self.hasher.as_ref()),
            next_expires_at: at.after(self.policy.refresh_lifetime),
            at,
        };
        let rotated = self.accounts.rotate_refresh(rotation).await;
        if matches!(rotated, Err(RotationError::Reused)) {
            self.directory.forget_session(session);
        }
        let user = rotated?;
        let account = self.account_of(&user).await?;
        Ok(self.logged_in(user, account, next))
    }

    /// Ends a session, and with it its tokens. Ending it twice is fine.
    pub async fn log_out(&self, session: SessionId) -> Result<(), Unavailable> {
        let ended = self.accounts.end_session(session, self.clock.now()).await;
        self.directory.forget_session(session);
        ended
    }

    /// Somebody's own profile.
    pub async fn me(&self, user: UserId) -> Result<Option<User>, Unavailable> {
        self.accounts.find_user(user).await
    }

    /// Changes how a person is called.
    pub async fn rename(&self, user: UserId, naming: Naming) -> Result<Option<User>, PeopleError> {
        let mut naming = naming;
        for (field, name) in [
            ("full_name", &mut naming.full_name),
            ("company", &mut naming.company),
        ] {
            if let Some(Some(text)) = name {
                let taken = line(text, LONGEST_NAME);
                *text = taken.map_err(|fault| name_error(field, fault))?;
            }
        }
        Ok(self.accounts.update_user(user, naming).await?)
    }

    async fn account_of(&self, user: &User) -> Result<Account, PeopleError> {
        let found = self.accounts.find_account(user.account).await?;
        let missing = || Unavailable::new("find_account", "a person's account is missing");
        let account = found.ok_or_else(missing)?;
        match account.status {
            AccountStatus::Active | AccountStatus::Suspended => Ok(account),
            AccountStatus::Closed => Err(PeopleError::Closed),
        }
    }

    fn logged_in(&self, user: User, account: Account, token: RefreshToken) -> LoggedIn {
        let now = self.clock.now();
        let expires_in = self.policy.access_lifetime;
        let claims = Claims {
            user: user.id,
            account: account.id,
            role: user.role,
            session: token.session,
            issued_at: now,
            expires_at: now.after(expires_in),
        };
        LoggedIn {
            access_token: self.signer.sign(&claims),
            session: token.session,
            refresh_token: token.into_text(),
            user,
            account,
            expires_in,
        }
    }
}
