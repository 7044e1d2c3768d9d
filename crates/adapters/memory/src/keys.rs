use async_trait::async_trait;
use vuzo_domain::id::{AccountId, KeyId};
use vuzo_domain::key::{ApiKey, KeyHash, KeyHolder, KeyStatus};
use vuzo_domain::port::{
    AuditEntry, Change, KeyChange, Keys, NewKey, Page, PageRequest, RotateKey, Unavailable,
};
use vuzo_domain::time::Timestamp;

use crate::MemoryStore;
use crate::list::page_of;
use crate::store::State;

#[async_trait]
impl Keys for MemoryStore {
    async fn add_key(&self, new: NewKey) -> Result<(), Unavailable> {
        let mut state = self.state();
        if state.keys.contains_key(&new.key.id) {
            return Ok(());
        }
        state.keep_key(new.key);
        state.note(new.audit);
        Ok(())
    }

    async fn find_key_by_hash(&self, hash: KeyHash) -> Result<Option<KeyHolder>, Unavailable> {
        let state = self.state();
        let key = state
            .keys_by_hash
            .get(&hash)
            .and_then(|id| state.keys.get(id));
        Ok(key.and_then(|key| {
            let account = state.accounts.get(&key.account)?;
            Some(KeyHolder {
                key: key.clone(),
                account: account.clone(),
            })
        }))
    }

    async fn find_key(
        &self,
        account: AccountId,
        key: KeyId,
    ) -> Result<Option<ApiKey>, Unavailable> {
        Ok(self.state().key_of(account, key).cloned())
    }

    async fn list_keys(
        &self,
        account: AccountId,
        page: PageRequest,
    ) -> Result<Page<ApiKey>, Unavailable> {
        let state = self.state();
        let theirs = state.keys.values().filter(|key| key.account == account);
        let mut newest_first: Vec<&ApiKey> = theirs.collect();
        newest_first.sort_by_key(|key| core::cmp::Reverse(key.id));
        Ok(page_of(newest_first.into_iter(), &page, |key| {
            key.id.uuid()
        }))
    }

    async fn update_key(&self, change: KeyChange) -> Result<Option<ApiKey>, Unavailable> {
        let mut state = self.state();
        let Some(key) = state.key_of(change.account, change.key) else {
            return Ok(None);
        };
        // Every window of every key is counted from the first call on, so a cap that
        // is new finds its counter as it must be.
        key.name = change.name.unwrap_or_else(|| key.name.clone());
        key.scopes = change.scopes.unwrap_or_else(|| key.scopes.clone());
        key.spend_cap = change.spend_cap.unwrap_or(key.spend_cap);
        key.limits = change.limits.unwrap_or(key.limits);
        if let Some(restrictions) = change.restrictions {
            key.restrictions = restrictions;
        }
        let changed = key.clone();
        state.note(change.audit);
        state.changes.push(Change::Key(changed.hash));
        Ok(Some(changed))
    }

    async fn revoke_key(
        &self,
        account: AccountId,
        key: KeyId,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<bool, Unavailable> {
        let mut state = self.state();
        let Some(key) = state.key_of(account, key) else {
            return Ok(false);
        };
        if matches!(key.status, KeyStatus::Revoked(_)) {
            return Ok(true);
        }
        key.status = KeyStatus::Revoked(at);
        let hash = key.hash;
        state.note(audit);
        state.changes.push(Change::Key(hash));
        Ok(true)
    }

    async fn rotate_key(&self, rotation: RotateKey) -> Result<bool, Unavailable> {
        let mut state = self.state();
        if state.keys.contains_key(&rotation.new.id) {
            return Ok(true);
        }
        let Some(old) = state.key_of(rotation.new.account, rotation.old) else {
            return Ok(false);
        };
        if old.status != KeyStatus::Active {
            return Ok(false);
        }
        old.status = KeyStatus::Retiring(rotation.old_works_until);
        let hash = old.hash;
        state.changes.push(Change::Key(hash));
        state.keep_key(rotation.new);
        state.note(rotation.audit);
        Ok(true)
    }

    async fn touch_keys(&self, used: Vec<(KeyId, Timestamp)>) -> Result<(), Unavailable> {
        let mut state = self.state();
        for (id, at) in used {
            if let Some(key) = state.keys.get_mut(&id) {
                key.last_used_at = key.last_used_at.max(Some(at));
            }
        }
        Ok(())
    }
}

impl State {
    fn key_of(&mut self, account: AccountId, key: KeyId) -> Option<&mut ApiKey> {
        let found = self.keys.get_mut(&key);
        found.filter(|key| key.account == account)
    }

    fn keep_key(&mut self, key: ApiKey) {
        self.keys_by_hash.insert(key.hash, key.id);
        self.changes.push(Change::Key(key.hash));
        self.keys.insert(key.id, key);
    }
}
