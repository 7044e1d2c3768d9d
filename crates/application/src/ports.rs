use core::time::Duration;
use std::sync::Arc;

use vuzo_domain::catalog::ProviderId;
use vuzo_domain::limit::Limits;
use vuzo_domain::money::Units;
use vuzo_domain::port::{
    Accounts, AnswerCache, Audit, Catalog, ChangeFeed, Changes, ChatProvider, Clock, Hasher, IdGen,
    Keys, LedgerAudit, Limiter, ProviderKeys, Sealer, Signer, Usage, Wallets,
};
use vuzo_domain::secret::Secret;

/// Everything that the use cases need of the outside.
#[derive(Clone)]
pub struct Ports {
    /// The ledger.
    pub wallets: Arc<dyn Wallets>,
    /// Its proof.
    pub ledger_audit: Arc<dyn LedgerAudit>,
    /// People and their accounts.
    pub accounts: Arc<dyn Accounts>,
    /// API keys.
    pub keys: Arc<dyn Keys>,
    /// Models, prices and rules.
    pub catalog: Arc<dyn Catalog>,
    /// The operator's keys at providers, sealed.
    pub provider_keys: Arc<dyn ProviderKeys>,
    /// The usage log.
    pub usage: Arc<dyn Usage>,
    /// The audit log.
    pub audit: Arc<dyn Audit>,
    /// What other instances changed.
    pub changes: Arc<dyn Changes>,
    /// Telling other instances at once.
    pub feed: Arc<dyn ChangeFeed>,
    /// How many calls in which time.
    pub limiter: Arc<dyn Limiter>,
    /// Answers that are given again where the customer asks for it.
    pub answers: Arc<dyn AnswerCache>,
    /// Who answers calls; one of each name.
    pub providers: Vec<Arc<dyn ChatProvider>>,
    /// Opens what was stored sealed.
    pub sealer: Arc<dyn Sealer>,
    /// One-way functions.
    pub hasher: Arc<dyn Hasher>,
    /// Access tokens.
    pub signer: Arc<dyn Signer>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Fresh ids.
    pub ids: Arc<dyn IdGen>,
}

/// Credit that new accounts begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrialPolicy {
    /// How much, in US dollars.
    pub credit: Units,
    /// For how many days; for ever if absent.
    pub days: Option<u32>,
}

/// What the operator decided.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The key that opens the admin routes; without one only sessions do.
    pub admin_key: Option<Secret>,
    /// The providers that the configuration has no key for: they serve with stored
    /// keys alone.
    pub providers_without_key: Vec<ProviderId>,
    /// Credit that new accounts begin with.
    pub trial: Option<TrialPolicy>,
    /// How long an access token is good.
    pub access_lifetime: Duration,
    /// How long a refresh token is good.
    pub refresh_lifetime: Duration,
    /// Limits of new accounts; none unless stated, for the wallet bounds them.
    pub default_limits: Limits,
    /// How often one address may sign up or log in within a minute.
    pub anonymous_per_minute: Option<u64>,
    /// How long a hold lives without news of its call. The reaper gives it back then.
    pub hold_lifetime: Duration,
    /// How many hundredths of what a call cost are charged where its answer is given
    /// again.
    pub cache_hit_percent: u8,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            admin_key: None,
            providers_without_key: Vec::new(),
            trial: None,
            access_lifetime: Duration::from_secs(30 * 60),
            refresh_lifetime: Duration::from_secs(7 * 24 * 3_600),
            default_limits: Limits::default(),
            anonymous_per_minute: Some(30),
            hold_lifetime: Duration::from_secs(2 * 60),
            cache_hit_percent: 0,
        }
    }
}
