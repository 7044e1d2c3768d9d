use async_trait::async_trait;

use super::{AuditEntry, Page, PageRequest, Unavailable};
use crate::id::{AccountId, KeyId};
use crate::key::{ApiKey, KeyHash, KeyHolder, Restrictions, Scope};
use crate::limit::Limits;
use crate::time::Timestamp;
use crate::wallet::Cap;

/// A key that was just made.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// The key.
    pub key: ApiKey,
    /// Lands with it.
    pub audit: AuditEntry,
}

/// What may be changed on a key. `None` leaves it as it is.
#[derive(Clone, Debug)]
pub struct KeyChange {
    /// Which key.
    pub key: KeyId,
    /// Of which account.
    pub account: AccountId,
    /// What its owner calls it.
    pub name: Option<String>,
    /// What it may be used for.
    pub scopes: Option<Vec<Scope>>,
    /// Where, when and for which models it works, all of it.
    pub restrictions: Option<Restrictions>,
    /// Its cap; `Some(None)` takes it away.
    pub spend_cap: Option<Option<Cap>>,
    /// Its limits, all of them.
    pub limits: Option<Limits>,
    /// Lands with it.
    pub audit: AuditEntry,
}

/// A key that takes another's place.
#[derive(Clone, Debug)]
pub struct RotateKey {
    /// The key that goes.
    pub old: KeyId,
    /// Until when it still works.
    pub old_works_until: Timestamp,
    /// The key that comes, with the old one's account and restrictions.
    pub new: ApiKey,
    /// Lands with it.
    pub audit: AuditEntry,
}

/// API keys. Every change is announced to [`super::Changes`] in its transaction.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Keys: Send + Sync + 'static {
    /// Keeps a new key. Keeping the same key again changes nothing.
    async fn add_key(&self, new: NewKey) -> Result<(), Unavailable>;

    /// The key with that hash and its account, whatever their state: the domain
    /// judges whether it opens anything.
    async fn find_key_by_hash(&self, hash: KeyHash) -> Result<Option<KeyHolder>, Unavailable>;

    /// A key of an account.
    async fn find_key(&self, account: AccountId, key: KeyId)
    -> Result<Option<ApiKey>, Unavailable>;

    /// The keys of an account, newest first.
    async fn list_keys(
        &self,
        account: AccountId,
        page: PageRequest,
    ) -> Result<Page<ApiKey>, Unavailable>;

    /// Changes a key and answers it as it is now. A cap that is new MUST begin with
    /// what was spent and is held in its window already.
    async fn update_key(&self, change: KeyChange) -> Result<Option<ApiKey>, Unavailable>;

    /// Ends a key for good. `false` if the account has no such key. Revoking it
    /// again changes nothing.
    async fn revoke_key(
        &self,
        account: AccountId,
        key: KeyId,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<bool, Unavailable>;

    /// Lets one key take another's place. `false` if the account has no such key, or
    /// it is revoked or was replaced already.
    async fn rotate_key(&self, rotation: RotateKey) -> Result<bool, Unavailable>;

    /// Notes when keys were last used. Never moves a time back.
    async fn touch_keys(&self, used: Vec<(KeyId, Timestamp)>) -> Result<(), Unavailable>;
}
