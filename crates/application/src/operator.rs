//! What only the operator may do, and what the books say.

mod accounts;
mod catalogue;
mod credit;
mod detail;
mod error;
mod keyed;
mod provider_keys;
mod rules;

use core::fmt::Display;
use std::sync::Arc;

use vuzo_domain::catalog::ProviderId;
use vuzo_domain::port::{
    Accounts, Actor, Audit, AuditEntry, Catalog, Clock, Hasher, IdGen, LedgerAudit, LedgerReport,
    Page, PageRequest, ProviderKeys, Sealer, Unavailable, Wallets,
};

use crate::announce::Announcer;
use crate::ports::Ports;

pub use accounts::AccountPatch;
pub use catalogue::{
    ChangedModel, ImportOrder, ImportReport, ImportWishes, ImportedModel, Jump, Stated, Suspicion,
};
pub use credit::CreditOrder;
pub(crate) use detail::{Detail, cap_detail, limits_detail};
pub use error::OperatorError;
pub use provider_keys::{ProviderKeyDraft, ProviderKeyPatch, Resealed};
pub use rules::RuleDraft;

/// The operator's desk. Every deed leaves an entry in the audit log.
pub struct Operator {
    accounts: Arc<dyn Accounts>,
    wallets: Arc<dyn Wallets>,
    ledger_audit: Arc<dyn LedgerAudit>,
    catalog: Arc<dyn Catalog>,
    provider_keys: Arc<dyn ProviderKeys>,
    /// Who can be called at all.
    providers: Vec<ProviderId>,
    sealer: Arc<dyn Sealer>,
    audit: Arc<dyn Audit>,
    hasher: Arc<dyn Hasher>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGen>,
    announcer: Arc<Announcer>,
}

impl Operator {
    /// A desk over these ports.
    pub fn new(ports: &Ports, announcer: Arc<Announcer>) -> Self {
        Self {
            accounts: Arc::clone(&ports.accounts),
            wallets: Arc::clone(&ports.wallets),
            ledger_audit: Arc::clone(&ports.ledger_audit),
            catalog: Arc::clone(&ports.catalog),
            provider_keys: Arc::clone(&ports.provider_keys),
            providers: ports.providers.iter().map(|one| one.id()).collect(),
            sealer: Arc::clone(&ports.sealer),
            audit: Arc::clone(&ports.audit),
            hasher: Arc::clone(&ports.hasher),
            clock: Arc::clone(&ports.clock),
            ids: Arc::clone(&ports.ids),
            announcer,
        }
    }

    /// The audit log, newest first.
    pub async fn audit(&self, page: PageRequest) -> Result<Page<AuditEntry>, Unavailable> {
        self.audit.list_audit(page).await
    }

    /// Recomputes the books from their transfers, and says what is wrong.
    pub async fn check_ledger(&self) -> Result<LedgerReport, Unavailable> {
        self.ledger_audit.audit_ledger(self.clock.now()).await
    }

    fn entry(
        &self,
        detail: Detail,
        actor: Actor,
        action: &'static str,
        target: &dyn Display,
    ) -> AuditEntry {
        detail.entry(self.ids.as_ref(), actor, action, target, self.clock.now())
    }
}
