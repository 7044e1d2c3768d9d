//! The operator's keys at providers, opened once and ready to be called with.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use vuzo_domain::catalog::ProviderId;
use vuzo_domain::id::ProviderKeyId;
use vuzo_domain::port::{ProviderKeys, Sealer, Unavailable};
use vuzo_domain::provider_key::{ProviderKey, ProviderKeyStatus};
use vuzo_domain::secret::Secret;

use crate::ports::{Policy, Ports};

/// A key that calls can be made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteKey {
    /// Its id; the key of the configuration has none.
    pub id: Option<ProviderKeyId>,
    /// The secret; the adapter knows that of the configuration itself.
    pub secret: Option<Secret>,
    /// Its share of the calls among the keys of the same priority.
    pub weight: u32,
    /// Keys of a lower priority wait until those of a higher one cannot be used.
    pub priority: i32,
}

impl RouteKey {
    /// The key that the configuration has: as one stored without further wishes.
    const fn of_configuration() -> Self {
        Self {
            id: None,
            secret: None,
            weight: ProviderKey::USUAL_WEIGHT,
            priority: 0,
        }
    }
}

/// A stored key that none of the sealing keys opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedKey {
    /// Which key.
    pub id: ProviderKeyId,
    /// At which provider.
    pub provider: ProviderId,
}

/// Every key that is ready, by provider.
#[derive(Default)]
struct Ring {
    by_provider: HashMap<ProviderId, Arc<[RouteKey]>>,
    locked: Vec<LockedKey>,
}

/// The keys of every provider. Secrets are opened when they are loaded and not for
/// each call; what changes anywhere is loaded anew with the catalogue.
pub struct ProviderKeyring {
    keys: Arc<dyn ProviderKeys>,
    sealer: Arc<dyn Sealer>,
    /// The providers that need no stored key.
    configured: HashSet<ProviderId>,
    ring: RwLock<Arc<Ring>>,
}

impl ProviderKeyring {
    pub(crate) async fn load(ports: &Ports, policy: &Policy) -> Result<Self, Unavailable> {
        let providers = ports.providers.iter().map(|provider| provider.id());
        let keyring = Self {
            keys: Arc::clone(&ports.provider_keys),
            sealer: Arc::clone(&ports.sealer),
            configured: providers
                .filter(|id| !policy.providers_without_key.contains(id))
                .collect(),
            ring: RwLock::default(),
        };
        keyring.reload().await?;
        Ok(keyring)
    }

    /// Reads the stored keys anew. A key that cannot be opened is left out and told of.
    pub async fn reload(&self) -> Result<(), Unavailable> {
        let stored = self.keys.list_provider_keys().await?;
        let ring = Arc::new(self.open(stored));
        for locked in &ring.locked {
            tracing::error!(
                key = %locked.id,
                provider = %locked.provider,
                "a stored provider key cannot be opened with PROVIDER_ENCRYPTION_KEY"
            );
        }
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = ring;
        Ok(())
    }

    fn open(&self, stored: Vec<ProviderKey>) -> Ring {
        let own = self.configured.iter().cloned();
        let mut keys: HashMap<ProviderId, Vec<RouteKey>> = own
            .map(|provider| (provider, vec![RouteKey::of_configuration()]))
            .collect();
        let mut locked = Vec::new();
        for key in stored {
            let Some(secret) = self.sealer.open(&key.sealed) else {
                locked.push(LockedKey {
                    id: key.id,
                    provider: key.provider,
                });
                continue;
            };
            if key.status != ProviderKeyStatus::Active {
                continue;
            }
            keys.entry(key.provider).or_default().push(RouteKey {
                id: Some(key.id),
                secret: Some(secret),
                weight: key.weight,
                priority: key.priority,
            });
        }
        let by_provider = keys.into_iter().map(|(id, keys)| (id, keys.into()));
        Ring {
            by_provider: by_provider.collect(),
            locked,
        }
    }

    /// The keys of a provider that calls can be made with, in no order that means
    /// anything. Without any the provider is not served here.
    pub fn keys(&self, provider: &ProviderId) -> Arc<[RouteKey]> {
        let keys = self.ring().by_provider.get(provider).map(Arc::clone);
        keys.unwrap_or_else(|| Arc::new([]))
    }

    /// Whether there is a key for the provider, so that it can serve calls.
    pub fn is_configured(&self, provider: &ProviderId) -> bool {
        self.ring().by_provider.contains_key(provider)
    }

    /// The keys that could not be opened when they were last read.
    pub fn locked(&self) -> Vec<LockedKey> {
        self.ring().locked.clone()
    }

    /// Notes what a provider said when it refused a stored key, or with `None` that it
    /// takes it again, for the operator to read. No call waits or fails for that.
    pub async fn note(&self, key: ProviderKeyId, last_error: Option<String>) {
        if let Err(fault) = self.keys.note_provider_key(key, last_error).await {
            tracing::debug!(%fault, %key, "a refused provider key could not be noted");
        }
    }

    fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }
}
