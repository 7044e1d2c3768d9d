use std::sync::Arc;

use vuzo_domain::account::{Account, Role};
use vuzo_domain::id::{AccountId, SessionId, UserId};
use vuzo_domain::key::{ApiKey, Environment, KeyRefusal};
use vuzo_domain::port::{Actor, TokenFault, Unavailable};

/// By what somebody is known.
#[derive(Clone, Debug)]
pub enum Identity {
    /// An API key.
    Key(Arc<ApiKey>),
    /// A log-in.
    Session {
        /// Who.
        user: UserId,
        /// In which session.
        session: SessionId,
        /// What they may do.
        role: Role,
    },
}

/// Somebody who may act for an account that is in use.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The account.
    pub account: Arc<Account>,
    /// By what they are known.
    pub identity: Identity,
}

impl Caller {
    /// The API key, if it is one.
    pub fn key(&self) -> Option<&ApiKey> {
        match &self.identity {
            Identity::Key(key) => Some(key),
            Identity::Session { .. } => None,
        }
    }

    /// The person, if it is one.
    pub fn user(&self) -> Option<UserId> {
        match &self.identity {
            Identity::Key(_) => None,
            Identity::Session { user, .. } => Some(*user),
        }
    }

    /// How they stand in the audit log.
    pub fn actor(&self) -> Actor {
        match &self.identity {
            Identity::Key(key) => Actor::Key(key.id),
            Identity::Session { user, .. } => Actor::User(*user),
        }
    }

    /// Which environment their calls belong to.
    pub fn environment(&self) -> Environment {
        self.key().map_or(Environment::Live, |key| key.environment)
    }

    /// Whether they may do everything.
    pub fn is_admin(&self) -> bool {
        matches!(
            self.identity,
            Identity::Session {
                role: Role::Admin,
                ..
            }
        )
    }
}

/// Somebody who may read the rows of their account, or of all.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    /// Their own account; the admin key has none.
    pub own: Option<AccountId>,
    /// Whether they may read everybody's rows, and what only the operator may see.
    pub is_admin: bool,
}

impl Reader {
    /// The holder of the admin key.
    pub const OPERATOR: Self = Self {
        own: None,
        is_admin: true,
    };

    /// Whose rows may be found: `None` stands for everybody's.
    pub fn confined_to(&self) -> Option<AccountId> {
        if self.is_admin { None } else { self.own }
    }

    /// Whose rows to list: an administrator may name an account, all others get their
    /// own. `None` if an account has to be named.
    pub fn choose(&self, named: Option<AccountId>) -> Option<AccountId> {
        if self.is_admin {
            named.or(self.own)
        } else {
            self.own
        }
    }
}

/// Why nothing is opened.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// No such key, or not a credential of ours at all.
    #[error("the API key is not valid")]
    InvalidKey,
    /// Not a good access token.
    #[error(transparent)]
    Token(#[from] TokenFault),
    /// The session was ended.
    #[error("the session is over; log in again")]
    SessionOver,
    /// The key does not open this.
    #[error(transparent)]
    Refused(#[from] KeyRefusal),
    /// The operator stopped the account.
    #[error("this account is suspended; ask the operator of this service")]
    Suspended,
    /// The account is gone.
    #[error("this account is closed")]
    Closed,
    /// Only for the operator.
    #[error("this needs the admin key or an administrator's session")]
    AdminOnly,
    /// Only for people who are logged in.
    #[error("this needs an access token; log in first")]
    SessionOnly,
    /// The store is.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}
