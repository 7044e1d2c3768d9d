use async_trait::async_trait;
use vuzo_domain::id::ProviderKeyId;
use vuzo_domain::port::{
    AuditEntry, Change, NewProviderKey, ProviderKeyChange, ProviderKeys, Unavailable,
};
use vuzo_domain::provider_key::ProviderKey;

use crate::MemoryStore;

#[async_trait]
impl ProviderKeys for MemoryStore {
    async fn list_provider_keys(&self) -> Result<Vec<ProviderKey>, Unavailable> {
        Ok(self.state().provider_keys.values().cloned().collect())
    }

    async fn add_provider_key(&self, new: NewProviderKey) -> Result<ProviderKey, Unavailable> {
        let mut state = self.state();
        if let Some(known) = state.provider_keys.get(&new.key.id) {
            return Ok(known.clone());
        }
        state.provider_keys.insert(new.key.id, new.key.clone());
        state.note(new.audit);
        state.changes.push(Change::Catalog);
        Ok(new.key)
    }

    async fn change_provider_key(
        &self,
        change: ProviderKeyChange,
    ) -> Result<Option<ProviderKey>, Unavailable> {
        let mut state = self.state();
        let Some(key) = state.provider_keys.get_mut(&change.id) else {
            return Ok(None);
        };
        change.apply(key);
        let changed = key.clone();
        state.note(change.audit);
        state.changes.push(Change::Catalog);
        Ok(Some(changed))
    }

    async fn remove_provider_key(
        &self,
        id: ProviderKeyId,
        audit: AuditEntry,
    ) -> Result<bool, Unavailable> {
        let mut state = self.state();
        let was_there = state.provider_keys.remove(&id).is_some();
        if was_there {
            state.note(audit);
            state.changes.push(Change::Catalog);
        }
        Ok(was_there)
    }

    async fn note_provider_key(
        &self,
        id: ProviderKeyId,
        last_error: Option<String>,
    ) -> Result<(), Unavailable> {
        if let Some(key) = self.state().provider_keys.get_mut(&id) {
            key.last_error = last_error;
        }
        Ok(())
    }
}
