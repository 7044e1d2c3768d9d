//! What [`vuzo_domain::port::Audit`] promises.

use vuzo_domain::id::{KeyId, UserId};
use vuzo_domain::port::{Actor, AuditEntry, CreditWallet, PageRequest};

use crate::World;

/// Every law of `Audit`. See [`crate::storage_laws`] for the argument.
#[macro_export]
macro_rules! audit_laws {
    ($setup:path) => {
        $crate::__instantiate!(audit, $setup, $crate::World, [
            entries_are_kept_whole
            entries_are_listed_newest_first
        ]);
    };
}

async fn note(world: &World, entry: AuditEntry) {
    let customer = world.sign_up().await;
    let command = CreditWallet {
        audit: Some(entry),
        ..world.topup(&customer, 1)
    };
    world.store.wallets.credit(command).await.unwrap();
}

/// Whoever did it, and whatever they said of it.
pub async fn entries_are_kept_whole(world: &World) {
    let mut expected = Vec::new();
    for actor in [
        Actor::System,
        Actor::AdminKey,
        Actor::User(UserId::from_uuid(world.uuid())),
        Actor::Key(KeyId::from_uuid(world.uuid())),
        Actor::CommandLine,
    ] {
        let entry = AuditEntry {
            actor,
            detail: "{\"note\":\"a \\\"quoted\\\" ü\"}".to_owned(),
            ..world.audit_entry("credit.grant", &"acc_1")
        };
        note(world, entry.clone()).await;
        expected.insert(0, entry);
    }
    let listed = world.store.audit.list_audit(PageRequest::first(10)).await;
    assert_eq!(listed.unwrap().rows, expected);
}

/// Newest first, in parts.
pub async fn entries_are_listed_newest_first(world: &World) {
    let mut expected = Vec::new();
    for number in 0..5 {
        let entry = world.audit_entry("credit.grant", &number);
        note(world, entry.clone()).await;
        expected.insert(0, entry);
    }
    let list = async |limit, offset, before| {
        let page = PageRequest {
            limit,
            offset,
            before,
        };
        let listed = world.store.audit.list_audit(page).await.unwrap();
        (listed.rows, listed.has_more)
    };
    assert_eq!(list(3, 0, None).await, (expected[..3].to_vec(), true));
    assert_eq!(list(3, 3, None).await, (expected[3..].to_vec(), false));
    let seen = Some(expected[2].id.uuid());
    assert_eq!(list(3, 0, seen).await, (expected[3..].to_vec(), false));
}
