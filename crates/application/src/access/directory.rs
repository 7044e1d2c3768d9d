use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use vuzo_domain::account::Account;
use vuzo_domain::id::{AccountId, SessionId};
use vuzo_domain::key::{ApiKey, KeyHash};
use vuzo_domain::port::{Accounts, Change, ChangeSink, Keys, Unavailable};

use super::remembered::Remembered;

/// After this time even what nobody changed is looked up again: a second safety, for
/// rows that were changed behind the gateway's back.
const LONGEST: Duration = Duration::from_secs(60);

/// Sessions are not announced when they end, so they are looked up this often: one that
/// was ended elsewhere is over within a second, the look-up included.
const SESSION_LONGEST: Duration = Duration::from_millis(500);

/// Keys and accounts, remembered until they change.
pub struct Directory {
    stored_keys: Arc<dyn Keys>,
    stored_accounts: Arc<dyn Accounts>,
    keys: Remembered<KeyHash, Option<Arc<ApiKey>>>,
    accounts: Remembered<AccountId, Arc<Account>>,
    sessions: Remembered<SessionId, bool>,
    /// Counts what was forgotten, so that a row that was read before its change is not
    /// remembered after it.
    forgotten: AtomicU64,
}

impl Directory {
    /// A directory over these stores.
    pub fn new(keys: Arc<dyn Keys>, accounts: Arc<dyn Accounts>) -> Self {
        Self {
            stored_keys: keys,
            stored_accounts: accounts,
            keys: Remembered::for_at_most(LONGEST),
            accounts: Remembered::for_at_most(LONGEST),
            sessions: Remembered::for_at_most(SESSION_LONGEST),
            forgotten: AtomicU64::new(0),
        }
    }

    /// The key with that hash, and its account.
    pub async fn key(
        &self,
        hash: KeyHash,
    ) -> Result<Option<(Arc<ApiKey>, Arc<Account>)>, Unavailable> {
        match self.keys.get(&hash) {
            Some(None) => return Ok(None),
            Some(Some(key)) => {
                if let Some(account) = self.accounts.get(&key.account) {
                    return Ok(Some((key, account)));
                }
            }
            None => {}
        }
        let before = self.forgotten.load(Ordering::Acquire);
        let found = self.stored_keys.find_key_by_hash(hash).await?;
        let found = found.map(|holder| (Arc::new(holder.key), Arc::new(holder.account)));
        let key = found.as_ref().map(|(key, _)| Arc::clone(key));
        self.keys.insert(hash, key);
        if let Some((_, account)) = &found {
            self.accounts.insert(account.id, Arc::clone(account));
        }
        // Looked at only now: a change between look and insertion would go unnoticed.
        if self.forgotten.load(Ordering::Acquire) != before {
            self.keys.forget(&hash);
            if let Some((_, account)) = &found {
                self.accounts.forget(&account.id);
            }
        }
        Ok(found)
    }

    /// The account with that id.
    pub async fn account(&self, id: AccountId) -> Result<Option<Arc<Account>>, Unavailable> {
        if let Some(account) = self.accounts.get(&id) {
            return Ok(Some(account));
        }
        let before = self.forgotten.load(Ordering::Acquire);
        let found = self.stored_accounts.find_account(id).await?.map(Arc::new);
        if let Some(account) = &found {
            self.accounts.insert(id, Arc::clone(account));
            if self.forgotten.load(Ordering::Acquire) != before {
                self.accounts.forget(&id);
            }
        }
        Ok(found)
    }

    /// Whether a session is open, as of at most half a second ago.
    pub async fn session_is_open(&self, session: SessionId) -> Result<bool, Unavailable> {
        if let Some(open) = self.sessions.get(&session) {
            return Ok(open);
        }
        let open = self.stored_accounts.session_is_open(session).await?;
        self.sessions.insert(session, open);
        Ok(open)
    }

    /// Forgets a session that ends here.
    pub fn forget_session(&self, session: SessionId) {
        self.sessions.forget(&session);
    }
}

impl ChangeSink for Directory {
    fn forget(&self, change: Change) {
        self.forgotten.fetch_add(1, Ordering::AcqRel);
        match change {
            Change::Key(hash) => self.keys.forget(&hash),
            Change::Account(account) => self.accounts.forget(&account),
            Change::Catalog => {}
        }
    }
}
