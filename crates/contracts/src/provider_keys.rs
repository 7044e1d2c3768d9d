//! What [`vuzo_domain::port::ProviderKeys`] promises.

use std::sync::Arc;

use vuzo_domain::catalog::ProviderId;
use vuzo_domain::id::ProviderKeyId;
use vuzo_domain::port::{Change, NewProviderKey, ProviderKeyChange};
use vuzo_domain::provider_key::{ProviderKey, ProviderKeyStatus, Sealed};

use crate::{World, at_once};

/// Every law of `ProviderKeys`. See [`crate::storage_laws`] for the argument.
#[macro_export]
macro_rules! provider_key_laws {
    ($setup:path) => {
        $crate::__instantiate!(provider_keys, $setup, $crate::World, [
            a_provider_key_is_kept_whole
            the_same_provider_key_is_added_once
            what_is_not_named_stays
            a_provider_key_goes_when_it_is_removed
            a_refusal_is_noted_and_forgotten
            concurrent_changes_of_a_provider_key_all_land
            every_change_of_a_provider_key_is_announced_and_audited
        ]);
    };
}

fn key(world: &World, provider: &str) -> ProviderKey {
    ProviderKey {
        id: ProviderKeyId::from_uuid(world.uuid()),
        provider: ProviderId::new(provider).unwrap(),
        name: "Die Schlüssel „A“".to_owned(),
        sealed: Sealed::from_text("gAAAAABnAAAA_-sealed=="),
        hint: "…wxyz".to_owned(),
        weight: u32::MAX,
        priority: i32::MIN,
        status: ProviderKeyStatus::Active,
        created_at: world.now(),
        last_error: None,
    }
}

fn new(world: &World, key: &ProviderKey) -> NewProviderKey {
    NewProviderKey {
        key: key.clone(),
        audit: world.audit_entry("provider_key.create", &key.id),
    }
}

async fn add(world: &World, provider: &str) -> ProviderKey {
    let key = key(world, provider);
    let keys = &world.store.provider_keys;
    keys.add_provider_key(new(world, &key)).await.unwrap()
}

fn change(world: &World, id: ProviderKeyId) -> ProviderKeyChange {
    ProviderKeyChange::of(id, world.audit_entry("provider_key.update", &id))
}

async fn list(world: &World) -> Vec<ProviderKey> {
    world
        .store
        .provider_keys
        .list_provider_keys()
        .await
        .unwrap()
}

/// Whatever their provider and status, in the order of their ids.
pub async fn a_provider_key_is_kept_whole(world: &World) {
    assert_eq!(list(world).await, []);
    let keys = &world.store.provider_keys;
    let first = key(world, "openai");
    let second = ProviderKey {
        weight: 0,
        priority: i32::MAX,
        status: ProviderKeyStatus::Disabled,
        last_error: Some("insufficient_quota".to_owned()),
        ..key(world, "anthropic")
    };
    for key in [&second, &first] {
        let kept = keys.add_provider_key(new(world, key)).await.unwrap();
        assert_eq!(kept, *key);
    }
    assert_eq!(list(world).await, [first, second]);
}

/// Whoever adds a key under an id that is taken is told what is there.
pub async fn the_same_provider_key_is_added_once(world: &World) {
    let first = add(world, "openai").await;
    let other = ProviderKey {
        sealed: Sealed::from_text("another"),
        name: "another".to_owned(),
        ..first.clone()
    };
    let orders: Vec<_> = (0..8).map(|_| new(world, &other)).collect();
    let tasks = orders.into_iter().map(|order| {
        let keys = Arc::clone(&world.store.provider_keys);
        async move { keys.add_provider_key(order).await.unwrap() }
    });
    for answered in at_once(tasks).await {
        assert_eq!(answered, first);
    }
    assert_eq!(list(world).await, [first]);
}

/// Each field of a change is for itself.
pub async fn what_is_not_named_stays(world: &World) {
    let mut expected = add(world, "openai").await;
    let bystander = add(world, "openai").await;
    let keys = &world.store.provider_keys;
    let plain = change(world, expected.id);
    let wishes = [
        ProviderKeyChange {
            name: Some("new name".to_owned()),
            ..plain.clone()
        },
        ProviderKeyChange {
            sealed: Some(Sealed::from_text("sealed anew")),
            ..plain.clone()
        },
        ProviderKeyChange {
            weight: Some(0),
            priority: Some(-7),
            ..plain.clone()
        },
        ProviderKeyChange {
            status: Some(ProviderKeyStatus::Disabled),
            ..plain.clone()
        },
        plain,
    ];
    for wish in wishes {
        wish.apply(&mut expected);
        let now = keys.change_provider_key(wish).await.unwrap();
        assert_eq!(now.as_ref(), Some(&expected));
    }
    assert_eq!(expected.name, "new name");
    assert_eq!((expected.weight, expected.priority), (0, -7));
    assert_eq!(list(world).await, [expected, bystander]);
    let nobody = change(world, ProviderKeyId::from_uuid(world.uuid()));
    assert_eq!(keys.change_provider_key(nobody).await.unwrap(), None);
}

/// And removing what is not there says so.
pub async fn a_provider_key_goes_when_it_is_removed(world: &World) {
    let (gone, stays) = (add(world, "openai").await, add(world, "openai").await);
    let keys = &world.store.provider_keys;
    for was_there in [true, false] {
        let entry = world.audit_entry("provider_key.delete", &gone.id);
        let removed = keys.remove_provider_key(gone.id, entry).await.unwrap();
        assert_eq!(removed, was_there);
        assert_eq!(list(world).await, std::slice::from_ref(&stays));
    }
}

/// A note changes nothing else, is told nobody, and of an unknown key is no trouble.
pub async fn a_refusal_is_noted_and_forgotten(world: &World) {
    let mut expected = add(world, "openai").await;
    let keys = &world.store.provider_keys;
    let cursor = world.store.changes.change_cursor().await.unwrap();
    for note in [Some("401: a \"bad\" key"), Some("402"), None] {
        let note = note.map(str::to_owned);
        let noted = keys.note_provider_key(expected.id, note.clone());
        noted.await.unwrap();
        expected.last_error = note;
        assert_eq!(list(world).await, std::slice::from_ref(&expected));
    }
    let nobody = ProviderKeyId::from_uuid(world.uuid());
    keys.note_provider_key(nobody, None).await.unwrap();
    let news = world.store.changes.changes_since(cursor).await.unwrap();
    assert_eq!(news.changes, []);
}

/// Nobody's change is lost to somebody else's.
pub async fn concurrent_changes_of_a_provider_key_all_land(world: &World) {
    let key = add(world, "openai").await;
    let plain = change(world, key.id);
    let orders = [
        ProviderKeyChange {
            name: Some("renamed".to_owned()),
            ..plain.clone()
        },
        ProviderKeyChange {
            weight: Some(5),
            ..plain.clone()
        },
        ProviderKeyChange {
            priority: Some(6),
            ..plain.clone()
        },
        ProviderKeyChange {
            sealed: Some(Sealed::from_text("again")),
            ..plain
        },
    ];
    let tasks = orders.into_iter().map(|order| {
        let keys = Arc::clone(&world.store.provider_keys);
        async move { keys.change_provider_key(order).await.unwrap() }
    });
    for changed in at_once(tasks).await {
        assert!(changed.is_some());
    }
    let expected = ProviderKey {
        name: "renamed".to_owned(),
        weight: 5,
        priority: 6,
        sealed: Sealed::from_text("again"),
        ..key
    };
    assert_eq!(list(world).await, [expected]);
}

/// Whoever unsealed the keys learns of each change.
pub async fn every_change_of_a_provider_key_is_announced_and_audited(world: &World) {
    let (keys, changes) = (&world.store.provider_keys, &world.store.changes);
    let mut cursor = changes.change_cursor().await.unwrap();
    let key = key(world, "openai");
    let made = new(world, &key);
    let other = change(world, key.id);
    let gone = world.audit_entry("provider_key.delete", &key.id);
    for step in 0..3 {
        let entry = match step {
            0 => {
                keys.add_provider_key(made.clone()).await.unwrap();
                &made.audit
            }
            1 => {
                keys.change_provider_key(other.clone()).await.unwrap();
                &other.audit
            }
            _ => {
                let removed = keys.remove_provider_key(key.id, gone.clone());
                assert!(removed.await.unwrap());
                &gone
            }
        };
        let news = changes.changes_since(cursor).await.unwrap();
        assert!(news.changes.contains(&Change::Catalog), "step {step}");
        cursor = news.cursor;
        world.expect_audited(entry).await;
    }
    let again = keys.remove_provider_key(key.id, gone).await.unwrap();
    assert!(!again);
    let news = changes.changes_since(cursor).await.unwrap();
    assert_eq!(news.changes, [], "nothing happened");
}
