use async_trait::async_trait;

use super::{AuditEntry, Unavailable};
use crate::id::ProviderKeyId;
use crate::provider_key::{ProviderKey, ProviderKeyStatus, Sealed};

/// A provider key that was just made.
#[derive(Clone, Debug)]
pub struct NewProviderKey {
    /// The key.
    pub key: ProviderKey,
    /// Lands with it.
    pub audit: AuditEntry,
}

/// What may be changed on a provider key. `None` leaves it as it is.
#[derive(Clone, Debug)]
pub struct ProviderKeyChange {
    /// Which key.
    pub id: ProviderKeyId,
    /// What the operator calls it.
    pub name: Option<String>,
    /// The same secret, sealed anew. Another secret is another key.
    pub sealed: Option<Sealed>,
    /// Its share of the calls.
    pub weight: Option<u32>,
    /// When its turn comes.
    pub priority: Option<i32>,
    /// Whether it takes part.
    pub status: Option<ProviderKeyStatus>,
    /// Lands with it.
    pub audit: AuditEntry,
}

impl ProviderKeyChange {
    /// A change of nothing yet.
    pub const fn of(id: ProviderKeyId, audit: AuditEntry) -> Self {
        Self {
            id,
            name: None,
            sealed: None,
            weight: None,
            priority: None,
            status: None,
            audit,
        }
    }

    /// Puts what is changed into a key.
    pub fn apply(&self, key: &mut ProviderKey) {
        if let Some(name) = &self.name {
            key.name.clone_from(name);
        }
        if let Some(sealed) = &self.sealed {
            key.sealed = sealed.clone();
        }
        key.weight = self.weight.unwrap_or(key.weight);
        key.priority = self.priority.unwrap_or(key.priority);
        key.status = self.status.unwrap_or(key.status);
    }
}

/// The operator's keys at providers, sealed. Every change is announced to
/// [`super::Changes`] in its transaction, as [`super::Change::Catalog`]: who serves
/// what is read anew as a whole.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ProviderKeys: Send + Sync + 'static {
    /// All keys, whatever their status, by id.
    async fn list_provider_keys(&self) -> Result<Vec<ProviderKey>, Unavailable>;

    /// Keeps a new key and answers it. If there is a key of that id already, nothing
    /// is changed, and MUST answer the one that is there.
    async fn add_provider_key(&self, new: NewProviderKey) -> Result<ProviderKey, Unavailable>;

    /// Changes a key and answers it as it is now.
    async fn change_provider_key(
        &self,
        change: ProviderKeyChange,
    ) -> Result<Option<ProviderKey>, Unavailable>;

    /// Takes a key away. `false` if there was none.
    async fn remove_provider_key(
        &self,
        id: ProviderKeyId,
        audit: AuditEntry,
    ) -> Result<bool, Unavailable>;

    /// Notes what the provider said when it refused the key, or with `None` that it
    /// was taken again. Neither announced nor audited: it changes nothing for others.
    async fn note_provider_key(
        &self,
        id: ProviderKeyId,
        last_error: Option<String>,
    ) -> Result<(), Unavailable>;
}
