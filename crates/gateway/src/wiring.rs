//! Which adapter stands behind which port.

mod limits;
mod providers;
mod storage;

use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio::runtime::Handle;
use vuzo_application::{Policy, Ports};
use vuzo_crypto::{Argon2Hasher, FernetSealer, Hs256Signer, SystemIds};
use vuzo_domain::catalog::ProviderId;
use vuzo_domain::port::{Clock, IdGen, Signer};

use crate::clock::SystemClock;
use crate::config::{Config, Secrets};

pub(crate) use limits::{Sharing, redis_answers};
pub(crate) use storage::{PATIENCE, Place, Store, StorePorts};

/// The clock and the randomness that everything else is built with.
#[derive(Clone)]
pub(crate) struct Base {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdGen>,
}

impl Base {
    pub(crate) fn of_this_system() -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids = SystemIds::new(Arc::clone(&clock))?;
        Ok(Self {
            clock,
            ids: Arc::new(ids),
        })
    }
}

/// Everything that the application needs of the outside.
pub(crate) fn ports(
    config: &Config,
    secrets: &Secrets,
    base: &Base,
    store: StorePorts,
    sharing: &Sharing,
    handle: &Handle,
) -> Result<Ports> {
    let signer = Hs256Signer::new(secrets.jwt.expose().as_bytes()).context("JWT_SECRET_KEY")?;
    let sealer = FernetSealer::new(&secrets.sealing, Arc::clone(&base.ids))
        .context("PROVIDER_ENCRYPTION_KEY")?;
    let hasher = Argon2Hasher::new(secrets.pepper.expose().as_bytes(), handle.clone());
    Ok(Ports {
        wallets: store.wallets,
        ledger_audit: store.ledger_audit,
        accounts: store.accounts,
        keys: store.keys,
        catalog: store.catalog,
        provider_keys: store.provider_keys,
        sealer: Arc::new(sealer),
        usage: store.usage,
        audit: store.audit,
        changes: store.changes,
        feed: sharing.feed(),
        limiter: sharing.limiter(),
        answers: sharing.answers(&base.clock),
        providers: providers::all(config, &base.clock)?,
        hasher: Arc::new(hasher),
        signer: Arc::new(signer) as Arc<dyn Signer>,
        clock: Arc::clone(&base.clock),
        ids: Arc::clone(&base.ids),
    })
}

/// What the operator decided. New accounts have no limits of their own until the
/// operator sets some: the wallet is what bounds them.
pub(crate) fn policy(config: &Config, secrets: &Secrets) -> Policy {
    let providers = config.providers.iter();
    let without_key = providers.filter(|provider| provider.key.is_none());
    Policy {
        providers_without_key: without_key
            .filter_map(|provider| ProviderId::new(provider.name).ok())
            .collect(),
        admin_key: Some(secrets.admin.clone()),
        trial: config.trial,
        anonymous_per_minute: config.anonymous_per_minute,
        hold_lifetime: config.hold,
        cache_hit_percent: config.cache_hit_percent,
        ..Policy::default()
    }
}
