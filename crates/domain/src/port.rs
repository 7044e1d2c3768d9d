//! What the domain needs from the outside world, as contracts.
//!
//! Every file is one port, and every method is one atomic command or query: an
//! adapter opens and closes its own transaction inside it. To add a port: write the
//! trait here with what it MUST do, list it in the crate `contracts` with a
//! law-suite, and write its memory adapter; the tidy test asks for both.
//!
//! - Ids and times are arguments, made by the application, never by an adapter.
//! - "Not found" is `Ok(None)`; refusals are typed; trouble is [`Unavailable`].
//! - A command that is sent twice changes nothing the second time.

mod accounts;
mod answer_cache;
mod audit;
mod catalog;
mod changes;
mod clock;
mod hasher;
mod id_gen;
mod keys;
mod ledger_audit;
mod limiter;
mod page;
mod provider_keys;
mod providers;
mod sealer;
mod signer;
mod usage;
mod wallets;

pub use accounts::{
    AccountChange, Accounts, Naming, Registration, RegistrationError, RotateRefresh, RotationError,
    StoredUser,
};
pub use answer_cache::AnswerCache;
pub use audit::{Actor, Audit, AuditEntry};
pub use catalog::{Catalog, CatalogSnapshot, ModelEntry, ModelWrite, RuleWrite};
pub use changes::{Change, ChangeBatch, ChangeFeed, ChangeSink, Changes};
pub use clock::Clock;
pub use hasher::{Hasher, PasswordHash};
pub use id_gen::IdGen;
pub use keys::{KeyChange, Keys, NewKey, RotateKey};
pub use ledger_audit::{LedgerAudit, LedgerFinding, LedgerReport};
pub use limiter::{Admission, Admitted, LimitScopeRules, Limiter, LimiterError};
pub use page::{Page, PageRequest};
pub use provider_keys::{NewProviderKey, ProviderKeyChange, ProviderKeys};
pub use providers::ChatProvider;
pub use sealer::{NoSealingKey, Sealer};
pub use signer::{Claims, Signer, TokenFault};
pub use usage::{DailyUsage, KeyUsage, ModelUsage, Usage, UsageFilter, UsageSummary};
pub use wallets::{
    Answer, Claim, ClaimKey, CreditWallet, ExtendHold, ExtendHoldError, Grant, GrantTerms,
    HoldExtended, HoldPlaced, PlaceHold, PlaceHoldError, Settle, SettleError, Settled, WalletView,
    Wallets,
};

use std::error::Error;

/// The other side could not be reached, or did something that it must not.
///
/// A command that ends like this may or may not have happened: sending it again is
/// safe, and the only way to know.
#[derive(Debug, thiserror::Error)]
#[error("{operation} is unavailable")]
pub struct Unavailable {
    /// What was tried.
    pub operation: &'static str,
    /// What came of it.
    #[source]
    pub source: Box<dyn Error + Send + Sync>,
}

impl Unavailable {
    /// Wraps the trouble of an adapter.
    pub fn new(operation: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            operation,
            source: source.into(),
        }
    }
}

/// Mocks of every port, for tests that need one to do what no adapter does.
#[cfg(feature = "mock")]
pub use {
    accounts::MockAccounts, answer_cache::MockAnswerCache, audit::MockAudit, catalog::MockCatalog,
    changes::MockChangeFeed, changes::MockChanges, clock::MockClock, hasher::MockHasher,
    id_gen::MockIdGen, keys::MockKeys, ledger_audit::MockLedgerAudit, limiter::MockLimiter,
    provider_keys::MockProviderKeys, providers::MockChatProvider, sealer::MockSealer,
    signer::MockSigner, usage::MockUsage, wallets::MockWallets,
};
