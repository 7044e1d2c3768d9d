use async_trait::async_trait;

use super::{Page, PageRequest, Unavailable};
use crate::id::{AuditId, KeyId, UserId};
use crate::time::Timestamp;

/// Who did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The gateway by itself.
    System,
    /// The holder of the admin key.
    AdminKey,
    /// A person.
    User(UserId),
    /// The holder of an API key.
    Key(KeyId),
    /// The operator at the command line.
    CommandLine,
}

/// What somebody did. It lands in the same transaction as the deed, and stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its id.
    pub id: AuditId,
    /// Who.
    pub actor: Actor,
    /// What, as `noun.verb`: `account.update`, `credit.grant`.
    pub action: String,
    /// To what: the text of an id.
    pub target: String,
    /// How, as JSON text; never a secret.
    pub detail: String,
    /// When.
    pub at: Timestamp,
}

/// Reading the audit log. Writing is part of the commands that it speaks of.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Audit: Send + Sync + 'static {
    /// Entries, newest first.
    async fn list_audit(&self, page: PageRequest) -> Result<Page<AuditEntry>, Unavailable>;
}
