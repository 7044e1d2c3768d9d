//! API keys in their owners' hands: made, listed, changed, replaced, revoked.

mod bounds;
mod draft;
mod error;

use core::time::Duration;
use std::sync::Arc;

use vuzo_domain::id::{AccountId, KeyId};
use vuzo_domain::key::{ApiKey, KeyStatus, KeyText, Restrictions, Scope};
use vuzo_domain::port::{
    Actor, Change, Clock, Hasher, IdGen, KeyChange, Keys, NewKey, Page, PageRequest, RotateKey,
    Unavailable,
};
use vuzo_domain::time::Timestamp;

use crate::access::Caller;
use crate::announce::Announcer;
use crate::operator::Detail;
use crate::ports::Ports;
use bounds::Bounds;
use draft::{
    check_cap, check_expiry, check_lists, check_name, check_scopes, key_detail, patch_detail,
};

pub use draft::{KeyDraft, KeyPatch};
pub use error::KeyError;

/// The longest that a key works after it was replaced.
const LONGEST_GRACE: Duration = Duration::from_secs(30 * 86_400);
/// The most entries in each list of restrictions.
const MOST_ENTRIES: usize = 100;

/// Whose hand is on the keys of an account.
#[derive(Clone, Copy, Debug)]
pub struct Hand<'caller> {
    account: AccountId,
    actor: Actor,
    key: Option<&'caller ApiKey>,
}

impl Hand<'_> {
    /// The operator's, who may give anything.
    pub const fn of_operator(actor: Actor, account: AccountId) -> Self {
        Self {
            account,
            actor,
            key: None,
        }
    }
}

impl<'caller> From<&'caller Caller> for Hand<'caller> {
    fn from(caller: &'caller Caller) -> Self {
        Self {
            account: caller.account.id,
            actor: caller.actor(),
            key: caller.key(),
        }
    }
}

/// A key that was just made, and its text, which is shown this once.
#[derive(Clone, Debug)]
pub struct FreshKey {
    /// The key.
    pub key: ApiKey,
    /// Its text.
    pub text: KeyText,
}

/// Where keys are made and changed.
pub struct KeyDesk {
    keys: Arc<dyn Keys>,
    hasher: Arc<dyn Hasher>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGen>,
    announcer: Arc<Announcer>,
}

impl KeyDesk {
    /// A desk over these ports.
    pub fn new(ports: &Ports, announcer: Arc<Announcer>) -> Self {
        Self {
            keys: Arc::clone(&ports.keys),
            hasher: Arc::clone(&ports.hasher),
            clock: Arc::clone(&ports.clock),
            ids: Arc::clone(&ports.ids),
            announcer,
        }
    }

    /// Makes a key. A key that makes one hands on its own restrictions at least.
    pub async fn create(
        &self,
        hand: impl Into<Hand<'_>>,
        draft: KeyDraft,
    ) -> Result<FreshKey, KeyError> {
        let hand = hand.into();
        let now = self.clock.now();
        let text = self.fresh_text();
        let key = self.key_of(hand, draft, &text, now)?;
        let audit =
            key_detail(&key).entry(self.ids.as_ref(), hand.actor, "key.create", &key.id, now);
        let new = NewKey {
            key: key.clone(),
            audit,
        };
        self.keys.add_key(new).await?;
        self.announcer.tell(Change::Key(key.hash)).await;
        Ok(FreshKey { key, text })
    }

    /// The keys of an account, newest first.
    pub async fn list(
        &self,
        account: AccountId,
        page: PageRequest,
    ) -> Result<Page<ApiKey>, Unavailable> {
        self.keys.list_keys(account, page).await
    }

    /// One key of an account.
    pub async fn find(
        &self,
        account: AccountId,
        key: KeyId,
    ) -> Result<Option<ApiKey>, Unavailable> {
        self.keys.find_key(account, key).await
    }

    /// Changes a key, and answers it as it is now.
    pub async fn change(
        &self,
        hand: impl Into<Hand<'_>>,
        key: KeyId,
        patch: KeyPatch,
    ) -> Result<ApiKey, KeyError> {
        let hand = hand.into();
        let found = self.keys.find_key(hand.account, key).await?;
        let known = found.ok_or(KeyError::NotFound)?;
        let now = self.clock.now();
        let patch = checked_patch(hand, patch, &known, now)?;
        let audit =
            patch_detail(&patch).entry(self.ids.as_ref(), hand.actor, "key.update", &key, now);
        let change = KeyChange {
            key,
            account: hand.account,
            name: patch.name,
            scopes: patch.scopes,
            restrictions: patch.restrictions,
            spend_cap: patch.spend_cap,
            limits: patch.limits,
            audit,
        };
        let changed = self.keys.update_key(change).await?;
        let changed = changed.ok_or(KeyError::NotFound)?;
        self.announcer.tell(Change::Key(changed.hash)).await;
        Ok(changed)
    }

    /// Ends a key for good. Ending it again changes nothing.
    pub async fn revoke(&self, hand: impl Into<Hand<'_>>, key: KeyId) -> Result<(), KeyError> {
        let hand = hand.into();
        let found = self.keys.find_key(hand.account, key).await?;
        let known = found.ok_or(KeyError::NotFound)?;
        let now = self.clock.now();
        let audit = Detail::new()
            .text("account", &hand.account.to_string())
            .text("prefix", &known.prefix)
            .entry(self.ids.as_ref(), hand.actor, "key.revoke", &key, now);
        let revoked = self.keys.revoke_key(hand.account, key, now, audit).await?;
        self.announcer.tell(Change::Key(known.hash)).await;
        if revoked {
            Ok(())
        } else {
            Err(KeyError::NotFound)
        }
    }

    /// Puts a fresh key with the same restrictions in the place of another, which
    /// works for a while longer; without grace it ends at once.
    pub async fn rotate(
        &self,
        hand: impl Into<Hand<'_>>,
        key: KeyId,
        grace: Duration,
    ) -> Result<FreshKey, KeyError> {
        let hand = hand.into();
        if grace > LONGEST_GRACE {
            return Err(KeyError::Grace);
        }
        let found = self.keys.find_key(hand.account, key).await?;
        let old = found.ok_or(KeyError::NotFound)?;
        if old.status != KeyStatus::Active {
            return Err(KeyError::AlreadyReplaced);
        }
        let now = self.clock.now();
        check_expiry(&old.restrictions, now)?;
        let bounds = Bounds(hand.key);
        bounds.check_uncapped()?;
        bounds.check_covers(&old)?;
        let (old_hash, text) = (old.hash, self.fresh_text());
        let new = ApiKey {
            id: KeyId::from_uuid(self.ids.uuid()),
            hash: self.hasher.hash_key(&text),
            prefix: text.prefix(),
            replaces: Some(key),
            created_at: now,
            last_used_at: None,
            ..old
        };
        let old_works_until = now.after(grace);
        let audit = Detail::new()
            .text("account", &hand.account.to_string())
            .text("replaces", &key.to_string())
            .text("replaced_works_until", &old_works_until.to_string())
            .text("prefix", &new.prefix)
            .entry(self.ids.as_ref(), hand.actor, "key.rotate", &new.id, now);
        let rotation = RotateKey {
            old: key,
            old_works_until,
            new: new.clone(),
            audit,
        };
        if !self.keys.rotate_key(rotation).await? {
            return Err(KeyError::AlreadyReplaced);
        }
        self.announcer.tell(Change::Key(old_hash)).await;
        self.announcer.tell(Change::Key(new.hash)).await;
        Ok(FreshKey { key: new, text })
    }

    fn fresh_text(&self) -> KeyText {
        let mut random = [0_u8; KeyText::RANDOM_BYTES];
        self.ids.fill_random(&mut random);
        KeyText::from_random(&random)
    }

    fn key_of(
        &self,
        hand: Hand<'_>,
        draft: KeyDraft,
        text: &KeyText,
        now: Timestamp,
    ) -> Result<ApiKey, KeyError> {
        let bounds = Bounds(hand.key);
        bounds.check_uncapped()?;
        bounds.check_environment(draft.environment)?;
        check_cap(draft.spend_cap.as_ref())?;
        let asked = draft.scopes.unwrap_or_else(|| bounds.usual_scopes());
        Ok(ApiKey {
            id: KeyId::from_uuid(self.ids.uuid()),
            account: hand.account,
            name: check_name(&draft.name)?,
            hash: self.hasher.hash_key(text),
            prefix: text.prefix(),
            environment: draft.environment,
            scopes: bounded_scopes(&bounds, &asked)?,
            restrictions: bounded_restrictions(&bounds, draft.restrictions, None, now)?,
            spend_cap: draft.spend_cap,
            limits: bounds.limits(draft.limits)?,
            status: KeyStatus::Active,
            replaces: None,
            created_at: now,
            last_used_at: None,
        })
    }
}

fn checked_patch(
    hand: Hand<'_>,
    patch: KeyPatch,
    known: &ApiKey,
    now: Timestamp,
) -> Result<KeyPatch, KeyError> {
    let bounds = Bounds(hand.key);
    if let Some(cap) = &patch.spend_cap {
        bounds.check_uncapped()?;
        check_cap(cap.as_ref())?;
    }
    let name = patch.name.as_deref().map(check_name);
    let scopes = patch.scopes.as_deref();
    let scopes = scopes.map(|asked| bounded_scopes(&bounds, asked));
    let expiry = known.restrictions.expires_at;
    let restrictions = patch.restrictions;
    let restrictions = restrictions.map(|asked| bounded_restrictions(&bounds, asked, expiry, now));
    let limits = patch.limits.map(|asked| bounds.limits(asked));
    Ok(KeyPatch {
        name: name.transpose()?,
        scopes: scopes.transpose()?,
        restrictions: restrictions.transpose()?,
        spend_cap: patch.spend_cap,
        limits: limits.transpose()?,
    })
}

fn bounded_scopes(bounds: &Bounds<'_>, asked: &[Scope]) -> Result<Vec<Scope>, KeyError> {
    let scopes = check_scopes(asked)?;
    bounds.check_scopes(&scopes)?;
    Ok(scopes)
}

/// An expiry that stays as it is may lie in the past: a key that has expired can
/// still be renamed or narrowed by who sends all of it back.
fn bounded_restrictions(
    bounds: &Bounds<'_>,
    asked: Restrictions,
    known_expiry: Option<Timestamp>,
    now: Timestamp,
) -> Result<Restrictions, KeyError> {
    check_lists(&asked)?;
    if asked.expires_at != known_expiry {
        check_expiry(&asked, now)?;
    }
    bounds.restrictions(asked)
}
