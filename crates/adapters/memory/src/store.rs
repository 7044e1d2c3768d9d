use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use vuzo_domain::account::{Account, Session};
use vuzo_domain::catalog::ModelId;
use vuzo_domain::id::{AccountId, AuditId, KeyId, ProviderKeyId, RuleId, SessionId, UserId};
use vuzo_domain::key::{ApiKey, KeyHash};
use vuzo_domain::port::{AuditEntry, Change, ModelEntry, StoredUser, Unavailable};
use vuzo_domain::pricing::PricingRule;
use vuzo_domain::provider_key::ProviderKey;

use crate::wallets::Ledger;

/// Every storage port over one state behind one lock.
///
/// The lock is never held across an await, and every command either changes the
/// state whole or not at all.
#[derive(Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

/// Everything that is kept.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) users: HashMap<UserId, StoredUser>,
    pub(crate) users_by_email: HashMap<String, UserId>,
    pub(crate) accounts: HashMap<AccountId, Account>,
    pub(crate) sessions: HashMap<SessionId, SessionRow>,
    pub(crate) keys: HashMap<KeyId, ApiKey>,
    pub(crate) keys_by_hash: HashMap<KeyHash, KeyId>,
    pub(crate) models: HashMap<ModelId, ModelEntry>,
    pub(crate) rules: HashMap<RuleId, PricingRule>,
    pub(crate) provider_keys: BTreeMap<ProviderKeyId, ProviderKey>,
    pub(crate) ledger: Ledger,
    pub(crate) audit: BTreeMap<AuditId, AuditEntry>,
    pub(crate) changes: Vec<Change>,
}

/// A session with the tokens that it has outlived.
pub(crate) struct SessionRow {
    pub(crate) session: Session,
    pub(crate) used: Vec<[u8; 32]>,
    pub(crate) is_over: bool,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// The state, for one command or query. A command that panicked cannot have
    /// left it half changed, so a poisoned lock is taken all the same.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Keeps an audit entry, once.
    pub(crate) fn note(&mut self, entry: AuditEntry) {
        self.audit.entry(entry.id).or_insert(entry);
    }
}

/// A command that asks for what the ledger cannot do.
pub(crate) fn refused(
    operation: &'static str,
    reason: impl Into<Box<dyn core::error::Error + Send + Sync>>,
) -> Unavailable {
    Unavailable::new(operation, reason)
}
