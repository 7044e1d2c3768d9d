use vuzo_domain::key::Scope;
use vuzo_domain::port::Unavailable;

use super::MOST_ENTRIES;

/// Why a key is not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The account has no such key.
    #[error("there is no such API key")]
    NotFound,
    /// The name is empty, too long, or holds control characters.
    #[error("a key's name has 1 to 100 printable characters")]
    Name,
    /// A key that may be used for nothing.
    #[error("a key needs at least one scope")]
    NoScopes,
    /// A key gives a scope that it has not itself.
    #[error("this API key cannot give the scope \"{}\", for it has not got it", .0.name())]
    Scope(Scope),
    /// A key gives more than it has.
    #[error("this API key cannot give more than it has itself; narrow {field}")]
    Wider {
        /// Where it would.
        field: &'static str,
    },
    /// A key with a spending cap cannot hand it on: each further key would count anew.
    #[error("an API key with a spending cap cannot make or replace keys, or change caps")]
    Capped,
    /// A list of restrictions is too long to be looked through with every call.
    #[error("{field} has at most {MOST_ENTRIES} entries")]
    TooMany {
        /// Which list.
        field: &'static str,
    },
    /// The key would have expired already.
    #[error("expires_at must be in the future")]
    Expiry,
    /// A spending cap below zero.
    #[error("a spending cap must not be negative")]
    SpendCap,
    /// The replaced key would go on for too long.
    #[error("a replaced key works for at most 30 more days")]
    Grace,
    /// The key was replaced or revoked before.
    #[error("this API key has been replaced or revoked")]
    AlreadyReplaced,
    /// The store is.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}
