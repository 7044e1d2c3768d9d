use core::any::Any;
use std::sync::Arc;

use vuzo_domain::port::{
    Accounts, Audit, Catalog, Changes, Keys, LedgerAudit, ProviderKeys, Usage, Wallets,
};

/// The storage ports of one fresh, empty store.
pub struct Store {
    /// The ledger.
    pub wallets: Arc<dyn Wallets>,
    /// Its proof.
    pub ledger_audit: Arc<dyn LedgerAudit>,
    /// People and accounts.
    pub accounts: Arc<dyn Accounts>,
    /// API keys.
    pub keys: Arc<dyn Keys>,
    /// Models and prices.
    pub catalog: Arc<dyn Catalog>,
    /// Keys at providers.
    pub provider_keys: Arc<dyn ProviderKeys>,
    /// The usage log.
    pub usage: Arc<dyn Usage>,
    /// The audit log.
    pub audit: Arc<dyn Audit>,
    /// The list of changes.
    pub changes: Arc<dyn Changes>,
    /// Whatever must live as long as the store: a directory, a database to drop.
    pub keep: Vec<Box<dyn Any + Send + Sync>>,
}

impl Store {
    /// A store whose ports are all one value.
    pub fn of<S>(store: &Arc<S>) -> Self
    where
        S: Wallets
            + LedgerAudit
            + Accounts
            + Keys
            + Catalog
            + ProviderKeys
            + Usage
            + Audit
            + Changes,
    {
        Self {
            wallets: Arc::<S>::clone(store),
            ledger_audit: Arc::<S>::clone(store),
            accounts: Arc::<S>::clone(store),
            keys: Arc::<S>::clone(store),
            catalog: Arc::<S>::clone(store),
            provider_keys: Arc::<S>::clone(store),
            usage: Arc::<S>::clone(store),
            audit: Arc::<S>::clone(store),
            changes: Arc::<S>::clone(store),
            keep: Vec::new(),
        }
    }

    /// The same store, holding on to something until its laws are done.
    #[must_use]
    pub fn keeping(mut self, thing: impl Any + Send + Sync) -> Self {
        self.keep.push(Box::new(thing));
        self
    }
}
