use async_trait::async_trait;

use super::Unavailable;
use crate::account::Password;
use crate::key::{KeyHash, KeyText};

/// A password hash in its own text form, parameters and salt included.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl core::fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str("[password hash]")
    }
}

/// One-way functions.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Hasher: Send + Sync + 'static {
    /// Hashes a password. MUST be slow by design, bounded in how many run at once,
    /// and off the threads that serve requests.
    async fn hash_password(&self, password: &Password) -> Result<PasswordHash, Unavailable>;

    /// Whether the candidate is the password behind the hash. With `None` MUST take
    /// as long as with a hash and answer `false`, so that nobody learns which
    /// addresses exist.
    async fn verify_password(
        &self,
        candidate: &str,
        hash: Option<PasswordHash>,
    ) -> Result<bool, Unavailable>;

    /// The keyed hash by which an API key is found.
    fn hash_key(&self, key: &KeyText) -> KeyHash;

    /// A plain digest of bytes: refresh tokens, request bodies.
    fn digest(&self, bytes: &[u8]) -> [u8; 32];

    /// Whether two secrets are the same, in constant time.
    fn same_secret(&self, left: &[u8], right: &[u8]) -> bool;
}
