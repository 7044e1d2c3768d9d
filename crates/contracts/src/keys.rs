//! What [`vuzo_domain::port::Keys`] promises.

use core::time::Duration;
use std::sync::Arc;

use vuzo_domain::id::KeyId;
use vuzo_domain::key::{ApiKey, DomainName, Environment, KeyHash, KeyStatus, Restrictions, Scope};
use vuzo_domain::limit::Limits;
use vuzo_domain::money::Units;
use vuzo_domain::pattern::ModelPattern;
use vuzo_domain::port::{Change, KeyChange, PageRequest, RotateKey};
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::{Cap, CapWindow};

use crate::{Customer, World, at_once, sample};

/// Every law of `Keys`. See [`crate::storage_laws`] for the argument.
#[macro_export]
macro_rules! key_laws {
    ($setup:path) => {
        $crate::__instantiate!(keys, $setup, $crate::World, [
            a_key_is_kept_whole
            a_key_is_kept_once
            a_key_is_found_with_its_account
            keys_are_listed_newest_first
            keys_of_others_are_not_there
            a_key_is_changed
            a_key_change_touches_only_what_it_names
            a_revoked_key_stays_revoked
            one_key_takes_the_place_of_another
            only_an_active_key_is_replaced
            concurrent_rotations_replace_a_key_once
            last_use_never_moves_back
            every_change_of_a_key_is_announced_and_audited
        ]);
    };
}

fn restrictions(world: &World) -> Restrictions {
    Restrictions {
        allowed_models: vec![
            ModelPattern::new("openai/gpt-4*").unwrap(),
            ModelPattern::new("sim/echo").unwrap(),
        ],
        ip_allowlist: vec![
            "10.0.0.0/8".parse().unwrap(),
            "2001:db8::/32".parse().unwrap(),
        ],
        domain_allowlist: vec![DomainName::new("*.example.org").unwrap()],
        expires_at: Some(world.now().after(Duration::from_secs(86_400))),
    }
}

const CAP: Cap = Cap {
    window: CapWindow::Weekly,
    limit: Units(12_345),
};

fn limits() -> Limits {
    Limits {
        requests_per_hour: Some(100),
        tokens_per_minute: Some(40_000),
        max_tokens_per_request: Some(512),
        max_concurrency: Some(3),
        ..Limits::default()
    }
}

fn change(world: &World, key: &ApiKey) -> KeyChange {
    KeyChange {
        key: key.id,
        account: key.account,
        name: None,
        scopes: None,
        restrictions: None,
        spend_cap: None,
        limits: None,
        audit: world.audit_entry("key.update", &key.id),
    }
}

fn rotation(world: &World, customer: &Customer, old: &ApiKey, until: Timestamp) -> RotateKey {
    let mut new = world.new_key(customer).key;
    new.replaces = Some(old.id);
    RotateKey {
        old: old.id,
        old_works_until: until,
        audit: world.audit_entry("key.rotate", &new.id),
        new,
    }
}

async fn find(world: &World, key: &ApiKey) -> ApiKey {
    let found = world.store.keys.find_key(key.account, key.id).await;
    found.unwrap().unwrap()
}

async fn revoke(world: &World, key: &ApiKey) -> bool {
    let entry = world.audit_entry("key.revoke", &key.id);
    let keys = &world.store.keys;
    let revoked = keys.revoke_key(key.account, key.id, world.now(), entry);
    revoked.await.unwrap()
}

/// Every field comes back as it was given.
pub async fn a_key_is_kept_whole(world: &World) {
    let customer = world.sign_up().await;
    let mut new = world.new_key(&customer);
    new.key.environment = Environment::Staging;
    new.key.scopes = vec![Scope::Keys, Scope::Inference];
    new.key.restrictions = restrictions(world);
    new.key.spend_cap = Some(CAP);
    new.key.limits = limits();
    new.key.replaces = Some(KeyId::from_uuid(world.uuid()));
    new.key.name = "ключ \"1\" — \u{1f511}".into();
    world.store.keys.add_key(new.clone()).await.unwrap();
    assert_eq!(find(world, &new.key).await, new.key);
    let plain = world.key(&customer).await;
    assert_eq!(find(world, &plain).await, plain);
}

/// The same command again changes nothing, even after the key was changed.
pub async fn a_key_is_kept_once(world: &World) {
    let customer = world.sign_up().await;
    let new = world.new_key(&customer);
    for _ in 0..2 {
        world.store.keys.add_key(new.clone()).await.unwrap();
    }
    assert!(revoke(world, &new.key).await);
    world.store.keys.add_key(new.clone()).await.unwrap();
    let kept = find(world, &new.key).await;
    assert!(matches!(kept.status, KeyStatus::Revoked(_)));
    let listed = world
        .store
        .keys
        .list_keys(customer.account, PageRequest::first(10))
        .await;
    assert_eq!(listed.unwrap().rows.len(), 1);
    world.expect_audited(&new.audit).await;
}

/// Found by hash whatever its state, with the account as it is now.
pub async fn a_key_is_found_with_its_account(world: &World) {
    let customer = world.sign_up().await;
    let key = world.key(&customer).await;
    let caps = vec![Cap {
        window: CapWindow::Daily,
        limit: Units(9),
    }];
    world.set_account_caps(&customer, caps.clone()).await;
    let found = world.store.keys.find_key_by_hash(key.hash).await.unwrap();
    let found = found.unwrap();
    assert_eq!(found.key, key);
    assert_eq!(
        (found.account.id, found.account.caps),
        (customer.account, caps)
    );
    assert!(revoke(world, &key).await);
    let found = world.store.keys.find_key_by_hash(key.hash).await.unwrap();
    assert!(matches!(found.unwrap().key.status, KeyStatus::Revoked(_)));
    let unknown = KeyHash(sample::digest(world.uuid()));
    let found = world.store.keys.find_key_by_hash(unknown).await.unwrap();
    assert_eq!(found, None);
}

/// Newest first, in parts.
pub async fn keys_are_listed_newest_first(world: &World) {
    let customer = world.sign_up().await;
    let mut expected = Vec::new();
    for _ in 0..4 {
        expected.insert(0, world.key(&customer).await);
    }
    let list = async |limit, offset, before| {
        let page = PageRequest {
            limit,
            offset,
            before,
        };
        let listed = world.store.keys.list_keys(customer.account, page).await;
        let listed = listed.unwrap();
        (listed.rows, listed.has_more)
    };
    assert_eq!(list(4, 0, None).await, (expected.clone(), false));
    assert_eq!(list(3, 0, None).await, (expected[..3].to_vec(), true));
    assert_eq!(list(3, 3, None).await, (expected[3..].to_vec(), false));
    let seen = Some(expected[0].id.uuid());
    assert_eq!(list(2, 0, seen).await, (expected[1..3].to_vec(), true));
}

/// With another account's id, a key is not read, changed, ended or replaced.
pub async fn keys_of_others_are_not_there(world: &World) {
    let owner = world.sign_up().await;
    let thief = world.sign_up().await;
    let key = world.key(&owner).await;
    let keys = &world.store.keys;
    let found = keys.find_key(thief.account, key.id).await.unwrap();
    assert_eq!(found, None);
    let listed = keys.list_keys(thief.account, PageRequest::first(10)).await;
    assert_eq!(listed.unwrap().rows, []);
    let mut theirs = change(world, &key);
    theirs.account = thief.account;
    theirs.name = Some("mine".to_owned());
    assert_eq!(keys.update_key(theirs).await.unwrap(), None);
    let entry = world.audit_entry("key.revoke", &key.id);
    let revoked = keys.revoke_key(thief.account, key.id, world.now(), entry);
    assert!(!revoked.await.unwrap());
    let until = world.now();
    let rotated = keys.rotate_key(rotation(world, &thief, &key, until)).await;
    assert!(!rotated.unwrap());
    assert_eq!(find(world, &key).await, key);
}

/// All that may be changed is changed.
pub async fn a_key_is_changed(world: &World) {
    let customer = world.sign_up().await;
    let key = world.key(&customer).await;
    let mut all = change(world, &key);
    all.name = Some("renamed".to_owned());
    all.scopes = Some(vec![Scope::Read]);
    all.restrictions = Some(restrictions(world));
    all.spend_cap = Some(Some(CAP));
    all.limits = Some(limits());
    let expected = ApiKey {
        name: "renamed".to_owned(),
        scopes: vec![Scope::Read],
        restrictions: all.restrictions.clone().unwrap(),
        spend_cap: Some(CAP),
        limits: limits(),
        ..key.clone()
    };
    let changed = world.store.keys.update_key(all).await.unwrap();
    assert_eq!(changed, Some(expected.clone()));
    assert_eq!(find(world, &key).await, expected);
}

/// What is not named stays; a cap that is named as none goes.
pub async fn a_key_change_touches_only_what_it_names(world: &World) {
    let customer = world.sign_up().await;
    let mut new = world.new_key(&customer);
    new.key.restrictions = restrictions(world);
    new.key.spend_cap = Some(CAP);
    new.key.limits = limits();
    world.store.keys.add_key(new.clone()).await.unwrap();
    let nothing = change(world, &new.key);
    let same = world.store.keys.update_key(nothing).await.unwrap();
    assert_eq!(same, Some(new.key.clone()));
    let mut uncapped = change(world, &new.key);
    uncapped.spend_cap = Some(None);
    let changed = world.store.keys.update_key(uncapped).await.unwrap();
    let expected = ApiKey {
        spend_cap: None,
        ..new.key
    };
    assert_eq!(changed, Some(expected));
    let mut unknown = change(world, &world.new_key(&customer).key);
    unknown.name = Some("nobody".to_owned());
    let changed = world.store.keys.update_key(unknown).await.unwrap();
    assert_eq!(changed, None);
}

/// Since the first time, for good.
pub async fn a_revoked_key_stays_revoked(world: &World) {
    let customer = world.sign_up().await;
    let key = world.key(&customer).await;
    assert!(revoke(world, &key).await);
    let first = find(world, &key).await.status;
    assert!(matches!(first, KeyStatus::Revoked(_)));
    world.pass(Duration::from_secs(60));
    assert!(revoke(world, &key).await);
    assert_eq!(find(world, &key).await.status, first);
    assert!(!revoke(world, &world.new_key(&customer).key).await);
}

/// The new key is there, and the old one works on until its time.
pub async fn one_key_takes_the_place_of_another(world: &World) {
    let customer = world.sign_up().await;
    let old = world.key(&customer).await;
    let until = world.now().after(Duration::from_secs(3_600));
    let command = rotation(world, &customer, &old, until);
    assert!(world.store.keys.rotate_key(command.clone()).await.unwrap());
    assert_eq!(find(world, &old).await.status, KeyStatus::Retiring(until));
    assert_eq!(find(world, &command.new).await, command.new);
    let by_hash = world.store.keys.find_key_by_hash(command.new.hash).await;
    assert_eq!(by_hash.unwrap().unwrap().key, command.new);
    // A retiring key can still be ended at once.
    assert!(revoke(world, &old).await);
    assert!(matches!(
        find(world, &old).await.status,
        KeyStatus::Revoked(_)
    ));
}

/// One that was replaced, revoked or never there is not replaced.
pub async fn only_an_active_key_is_replaced(world: &World) {
    let customer = world.sign_up().await;
    let keys = &world.store.keys;
    let replaced = world.key(&customer).await;
    let revoked = world.key(&customer).await;
    let unknown = world.new_key(&customer).key;
    let until = world.now();
    let first = rotation(world, &customer, &replaced, until);
    assert!(keys.rotate_key(first).await.unwrap());
    assert!(revoke(world, &revoked).await);
    for old in [replaced, revoked, unknown] {
        let command = rotation(world, &customer, &old, until);
        assert!(!keys.rotate_key(command.clone()).await.unwrap());
        let found = keys.find_key(customer.account, command.new.id).await;
        assert_eq!(found.unwrap(), None, "the new key was not kept");
    }
}

/// Ten keys want one's place at once: one gets it.
pub async fn concurrent_rotations_replace_a_key_once(world: &World) {
    let customer = world.sign_up().await;
    let old = world.key(&customer).await;
    let until = world.now();
    let commands: Vec<_> = (0..10)
        .map(|_| rotation(world, &customer, &old, until))
        .collect();
    let tasks = commands.into_iter().map(|command| {
        let keys = Arc::clone(&world.store.keys);
        async move { keys.rotate_key(command).await.unwrap() }
    });
    let rotated = at_once(tasks).await;
    assert_eq!(rotated.into_iter().filter(|done| *done).count(), 1);
    let page = PageRequest::first(50);
    let listed = world.store.keys.list_keys(customer.account, page).await;
    assert_eq!(listed.unwrap().rows.len(), 2);
}

/// The latest use counts, in whatever order the news come.
pub async fn last_use_never_moves_back(world: &World) {
    let customer = world.sign_up().await;
    let key = world.key(&customer).await;
    let other = world.key(&customer).await;
    let unknown = KeyId::from_uuid(world.uuid());
    let (first, second) = (world.now(), world.now());
    let keys = &world.store.keys;
    let news = vec![(key.id, second), (key.id, first), (unknown, first)];
    keys.touch_keys(news).await.unwrap();
    keys.touch_keys(vec![(key.id, first), (other.id, first)])
        .await
        .unwrap();
    keys.touch_keys(vec![]).await.unwrap();
    assert_eq!(find(world, &key).await.last_used_at, Some(second));
    assert_eq!(find(world, &other).await.last_used_at, Some(first));
}

/// Whatever opens or closes something is announced with the key that it is about.
pub async fn every_change_of_a_key_is_announced_and_audited(world: &World) {
    let customer = world.sign_up().await;
    let key = world.key(&customer).await;
    let changes = &world.store.changes;
    let mut cursor = changes.change_cursor().await.unwrap();
    for step in 0..3 {
        let entry = match step {
            0 => {
                let mut narrower = change(world, &key);
                narrower.restrictions = Some(restrictions(world));
                let entry = narrower.audit.clone();
                for _ in 0..2 {
                    let keys = &world.store.keys;
                    keys.update_key(narrower.clone()).await.unwrap();
                }
                entry
            }
            1 => {
                let command = rotation(world, &customer, &key, world.now());
                let entry = command.audit.clone();
                world.store.keys.rotate_key(command).await.unwrap();
                entry
            }
            _ => {
                let entry = world.audit_entry("key.revoke", &key.id);
                let at = world.now();
                let keys = &world.store.keys;
                let revoked = keys.revoke_key(key.account, key.id, at, entry.clone());
                assert!(revoked.await.unwrap());
                entry
            }
        };
        let news = changes.changes_since(cursor).await.unwrap();
        assert!(news.changes.contains(&Change::Key(key.hash)), "step {step}");
        cursor = news.cursor;
        world.expect_audited(&entry).await;
    }
}
