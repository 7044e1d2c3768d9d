use vuzo_domain::catalog::ProviderId;
use vuzo_domain::id::ProviderKeyId;
use vuzo_domain::port::{Actor, Change, NewProviderKey, ProviderKeyChange, Unavailable};
use vuzo_domain::provider_key::{ProviderKey, ProviderKeyStatus, hint};
use vuzo_domain::secret::Secret;
use vuzo_domain::time::Timestamp;

use super::detail::Detail;
use super::keyed::{self, Scope};
use super::{Operator, OperatorError};
use crate::people::line;

const LONGEST_NAME: usize = 100;
const LONGEST_SECRET: usize = 4_096;
/// All of them are read and opened at every change.
const MOST_KEYS: usize = 1_000;

const NO_KEY: OperatorError = OperatorError::NotFound {
    what: "provider key",
};

/// A key that the operator wants to store.
#[derive(Clone, Debug)]
pub struct ProviderKeyDraft {
    /// At which provider.
    pub provider: ProviderId,
    /// What to call it.
    pub name: String,
    /// The key itself.
    pub secret: Secret,
    /// Its share of the calls; the usual one unless said.
    pub weight: Option<u32>,
    /// When its turn comes; 0 unless said.
    pub priority: Option<i32>,
    /// Under which key the order may be sent again for a day.
    pub idempotency_key: Option<String>,
}

/// What may be changed on a stored key. Another secret is another key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderKeyPatch {
    /// What to call it.
    pub name: Option<String>,
    /// Its share of the calls.
    pub weight: Option<u32>,
    /// When its turn comes.
    pub priority: Option<i32>,
    /// Whether it takes part.
    pub status: Option<ProviderKeyStatus>,
}

/// What came of sealing all stored keys anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Those that are under the first key now.
    pub sealed: Vec<ProviderKeyId>,
    /// Those that were already.
    pub current: usize,
    /// Those that none of the keys opens; nothing was changed on them.
    pub locked: Vec<ProviderKeyId>,
}

impl Operator {
    /// All stored keys, by provider and id. Their secrets stay sealed.
    pub async fn provider_keys(&self) -> Result<Vec<ProviderKey>, Unavailable> {
        let mut keys = self.provider_keys.list_provider_keys().await?;
        keys.sort_by(|one, other| (&one.provider, one.id).cmp(&(&other.provider, other.id)));
        Ok(keys)
    }

    /// One stored key.
    pub async fn provider_key(
        &self,
        id: ProviderKeyId,
    ) -> Result<Option<ProviderKey>, Unavailable> {
        let keys = self.provider_keys.list_provider_keys().await?;
        Ok(keys.into_iter().find(|key| key.id == id))
    }

    /// Stores a key, sealed. The same order under the same idempotency key is carried
    /// out once, and answers the same key; another order under it is refused.
    pub async fn add_provider_key(
        &self,
        actor: Actor,
        draft: ProviderKeyDraft,
    ) -> Result<ProviderKey, OperatorError> {
        let draft = self.checked_key(draft)?;
        let known = self.provider_keys.list_provider_keys().await?;
        let (id, earlier) = self.ids_of(&draft);
        let made = known.iter().find(|key| earlier.contains(&key.id));
        if let Some(made) = made {
            return self.same_key(made.clone(), &draft);
        }
        if known.len() >= MOST_KEYS {
            let why = "cannot have more keys: 1000 are stored already";
            return Err(OperatorError::invalid("provider", why));
        }
        let at = self.clock.now();
        let key = ProviderKey {
            id,
            sealed: self.sealer.seal(&draft.secret, at)?,
            hint: hint(&draft.secret),
            provider: draft.provider.clone(),
            name: draft.name.clone(),
            weight: draft.weight.unwrap_or(ProviderKey::USUAL_WEIGHT),
            priority: draft.priority.unwrap_or(0),
            status: ProviderKeyStatus::Active,
            created_at: at,
            last_error: None,
        };
        let audit = self.entry(key_detail(&key), actor, "provider_key.create", &key.id);
        let new = NewProviderKey { key, audit };
        let stored = self.provider_keys.add_provider_key(new).await?;
        self.announcer.tell(Change::Catalog).await;
        self.same_key(stored, &draft)
    }

    /// Changes what is not the secret.
    pub async fn change_provider_key(
        &self,
        actor: Actor,
        id: ProviderKeyId,
        patch: ProviderKeyPatch,
    ) -> Result<ProviderKey, OperatorError> {
        check_weight(patch.weight)?;
        let name = patch.name.as_deref().map(checked_name).transpose()?;
        let mut detail = Detail::new();
        if let Some(name) = &name {
            detail = detail.text("name", name);
        }
        if let Some(weight) = patch.weight {
            detail = detail.number("weight", weight);
        }
        if let Some(priority) = patch.priority {
            detail = detail.number("priority", priority);
        }
        if let Some(status) = patch.status {
            detail = detail.text("status", status.name());
        }
        let audit = self.entry(detail, actor, "provider_key.update", &id);
        let change = ProviderKeyChange {
            name,
            weight: patch.weight,
            priority: patch.priority,
            status: patch.status,
            ..ProviderKeyChange::of(id, audit)
        };
        let changed = self.provider_keys.change_provider_key(change).await?;
        self.announcer.tell(Change::Catalog).await;
        changed.ok_or(NO_KEY)
    }

    /// Takes a key away. Calls that run with it come to their end.
    pub async fn remove_provider_key(
        &self,
        actor: Actor,
        id: ProviderKeyId,
    ) -> Result<(), OperatorError> {
        let known = self.provider_key(id).await?.ok_or(NO_KEY)?;
        let audit = self.entry(key_detail(&known), actor, "provider_key.delete", &id);
        let was_there = self.provider_keys.remove_provider_key(id, audit).await?;
        self.announcer.tell(Change::Catalog).await;
        if was_there { Ok(()) } else { Err(NO_KEY) }
    }

    /// Seals every stored key under the first sealing key, so that the others can be
    /// done without.
    pub async fn reseal_provider_keys(&self, actor: Actor) -> Result<Resealed, OperatorError> {
        let mut outcome = Resealed::default();
        for key in self.provider_keys().await? {
            if self.sealer.is_current(&key.sealed) {
                outcome.current = outcome.current.saturating_add(1);
                continue;
            }
            let Some(secret) = self.sealer.open(&key.sealed) else {
                outcome.locked.push(key.id);
                continue;
            };
            let audit = self.entry(Detail::new(), actor, "provider_key.reseal", &key.id);
            let change = ProviderKeyChange {
                sealed: Some(self.sealer.seal(&secret, self.clock.now())?),
                ..ProviderKeyChange::of(key.id, audit)
            };
            self.provider_keys.change_provider_key(change).await?;
            outcome.sealed.push(key.id);
        }
        self.announcer.tell(Change::Catalog).await;
        Ok(outcome)
    }

    fn checked_key(&self, mut draft: ProviderKeyDraft) -> Result<ProviderKeyDraft, OperatorError> {
        if !self.providers.contains(&draft.provider) {
            let why = "is not a provider of this gateway";
            return Err(OperatorError::invalid("provider", why));
        }
        draft.name = checked_name(&draft.name)?;
        let secret = draft.secret.expose();
        let is_key = (1..=LONGEST_SECRET).contains(&secret.len())
            && secret.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_key {
            let why = "must have 1 to 4096 visible ASCII characters without spaces";
            return Err(OperatorError::invalid("secret", why));
        }
        check_weight(draft.weight)?;
        if !draft
            .idempotency_key
            .as_deref()
            .is_none_or(keyed::is_idempotency_key)
        {
            return Err(keyed::BAD_KEY);
        }
        Ok(draft)
    }

    /// The id of a new key, and those that it may have been made under already.
    fn ids_of(&self, draft: &ProviderKeyDraft) -> (ProviderKeyId, Vec<ProviderKeyId>) {
        let fresh = || ProviderKeyId::from_uuid(self.ids.uuid());
        let Some(key) = &draft.idempotency_key else {
            return (fresh(), Vec::new());
        };
        let scope = Scope {
            what: "provider_key",
            whose: "operator",
            not_before: Timestamp::default(),
        };
        let now = self.clock.now();
        let ids = keyed::candidates(&scope, key, self.hasher.as_ref(), now);
        let ids: Vec<_> = ids.into_iter().map(ProviderKeyId::from_uuid).collect();
        (ids.first().copied().unwrap_or_else(fresh), ids)
    }

    /// The stored key, if it is what this order would have made. What was changed on
    /// it since does not count.
    fn same_key(
        &self,
        stored: ProviderKey,
        draft: &ProviderKeyDraft,
    ) -> Result<ProviderKey, OperatorError> {
        let secret = self.sealer.open(&stored.sealed);
        let is_same = stored.provider == draft.provider && secret.as_ref() == Some(&draft.secret);
        if is_same {
            Ok(stored)
        } else {
            Err(OperatorError::KeyMismatch)
        }
    }
}

fn checked_name(name: &str) -> Result<String, OperatorError> {
    line(name, LONGEST_NAME)
        .map_err(|_fault| OperatorError::invalid("name", "must have 1 to 100 printable characters"))
}

fn check_weight(weight: Option<u32>) -> Result<(), OperatorError> {
    if weight.is_none_or(|weight| weight <= ProviderKey::MOST_WEIGHT) {
        return Ok(());
    }
    let why = "must be between 0 and 10000";
    Err(OperatorError::invalid("weight", why))
}

fn key_detail(key: &ProviderKey) -> Detail {
    Detail::new()
        .text("provider", key.provider.as_str())
        .text("name", &key.name)
        .text("hint", &key.hint)
        .number("weight", key.weight)
        .number("priority", key.priority)
        .text("status", key.status.name())
}
