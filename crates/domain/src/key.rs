//! API keys: what they look like, and what they may be used for.

mod network;
mod restriction;
mod text;

pub use network::{InvalidNetwork, IpNetwork};
pub use restriction::{DomainName, InvalidDomain, KeyRefusal, Origin, Restrictions};
pub use text::{KeyHash, KeyText, MalformedKey};

use crate::account::Account;
use crate::id::{AccountId, KeyId};
use crate::limit::Limits;
use crate::time::Timestamp;
use crate::wallet::Cap;

/// What a key is used for. Only the test environment changes what happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Environment {
    /// Real calls.
    #[default]
    Live,
    /// The simulator answers and nothing is spent.
    Test,
    /// Real calls of a staging system.
    Staging,
    /// Real calls of a developer.
    Dev,
}

impl Environment {
    /// Every environment with its name on the wire.
    pub const NAMES: [(Self, &'static str); 4] = [
        (Self::Live, "live"),
        (Self::Test, "test"),
        (Self::Staging, "staging"),
        (Self::Dev, "dev"),
    ];

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(environment, _)| *environment == self)
            .map_or("live", |(_, name)| name)
    }

    /// The environment of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(environment, _)| *environment)
    }
}

/// What a key may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Calling models.
    Inference,
    /// Reading usage, receipts and balances.
    Read,
    /// Making and changing keys.
    Keys,
}

impl Scope {
    /// Every scope with its name on the wire.
    pub const NAMES: [(Self, &'static str); 3] = [
        (Self::Inference, "inference"),
        (Self::Read, "read"),
        (Self::Keys, "keys"),
    ];

    /// What a key may do when nothing was said.
    pub const USUAL: [Self; 2] = [Self::Inference, Self::Read];

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(scope, _)| *scope == self)
            .map_or("", |(_, name)| name)
    }

    /// The scope of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(scope, _)| *scope)
    }
}

/// Whether a key still opens anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyStatus {
    /// It does.
    Active,
    /// It was replaced and works until then.
    Retiring(Timestamp),
    /// It does not, since then.
    Revoked(Timestamp),
}

/// A key as it is kept: never the key itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: KeyId,
    /// Whose.
    pub account: AccountId,
    /// What its owner calls it.
    pub name: String,
    /// What is kept of the key: a keyed hash.
    pub hash: KeyHash,
    /// Its first characters, to recognise it by.
    pub prefix: String,
    /// What it is used for.
    pub environment: Environment,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// Where, when and for which models it works.
    pub restrictions: Restrictions,
    /// A cap on what is spent with it, in US dollars.
    pub spend_cap: Option<Cap>,
    /// Limits on its calls.
    pub limits: Limits,
    /// Whether it works.
    pub status: KeyStatus,
    /// The key that it took the place of.
    pub replaces: Option<KeyId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether it opens anything at `now`.
    pub fn check_alive(&self, now: Timestamp) -> Result<(), KeyRefusal> {
        match self.status {
            KeyStatus::Active => {}
            KeyStatus::Retiring(until) if now < until => {}
            KeyStatus::Retiring(_) | KeyStatus::Revoked(_) => return Err(KeyRefusal::Revoked),
        }
        match self.restrictions.expires_at {
            Some(expires_at) if now >= expires_at => Err(KeyRefusal::Expired),
            _ => Ok(()),
        }
    }

    /// Whether it may be used for that.
    pub fn check_scope(&self, scope: Scope) -> Result<(), KeyRefusal> {
        if self.scopes.contains(&scope) {
            Ok(())
        } else {
            Err(KeyRefusal::Scope(scope))
        }
    }
}

/// A key together with the account that it opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyHolder {
    /// The key.
    pub key: ApiKey,
    /// Its account.
    pub account: Account,
}

#[cfg(test)]
mod tests;
