use vuzo_domain::account::AccountStatus;
use vuzo_domain::id::AccountId;
use vuzo_domain::limit::Limits;
use vuzo_domain::money::Units;
use vuzo_domain::port::{AccountChange, Change, PageRequest};
use vuzo_domain::wallet::{Cap, CapWindow};

use crate::World;

/// Newest first, in parts.
pub async fn accounts_are_listed_newest_first(world: &World) {
    let mut expected = Vec::new();
    for _ in 0..5 {
        expected.insert(0, world.sign_up().await.account);
    }
    let list = async |limit, offset, before| {
        let page = PageRequest {
            limit,
            offset,
            before,
        };
        let listed = world
            .store
            .accounts
            .list_accounts(None, page)
            .await
            .unwrap();
        let ids: Vec<AccountId> = listed.rows.iter().map(|account| account.id).collect();
        (ids, listed.has_more)
    };
    assert_eq!(list(5, 0, None).await, (expected.clone(), false));
    assert_eq!(list(2, 0, None).await, (expected[..2].to_vec(), true));
    assert_eq!(list(2, 3, None).await, (expected[3..].to_vec(), false));
    let seen = Some(expected[1].uuid());
    assert_eq!(list(2, 0, seen).await, (expected[2..4].to_vec(), true));
}

/// By a part of the account's name or of a member's address, in any case; signs that
/// mean something to a database mean themselves.
pub async fn accounts_are_found_by_name_and_address(world: &World) {
    let mut registration = world.registration();
    registration.account.name = "Menabrea 100% & Sons_".into();
    let wanted = registration.account.id;
    let address = registration.user.email.clone();
    world.store.accounts.register(registration).await.unwrap();
    for _ in 0..3 {
        world.sign_up().await;
    }
    let find = async |query: &str| {
        let page = PageRequest::first(50);
        let listed = world
            .store
            .accounts
            .list_accounts(Some(query.to_owned()), page);
        let rows = listed.await.unwrap().rows;
        rows.iter().map(|account| account.id).collect::<Vec<_>>()
    };
    let local_part = address.as_str().split('@').next().unwrap();
    for query in [
        "Menabrea",
        "menabREA",
        "100%",
        "Sons_",
        address.as_str(),
        local_part,
    ] {
        assert_eq!(find(query).await, [wanted], "{query}");
    }
    assert_eq!(find("example.org").await.len(), 4);
    for query in ["nobody like that", "Sons__", "Men%brea"] {
        assert_eq!(find(query).await, [], "{query}");
    }
}

/// The change, its audit entry and its news land together.
pub async fn an_account_is_changed_with_its_audit_entry(world: &World) {
    let customer = world.sign_up().await;
    let cursor = world.store.changes.change_cursor().await.unwrap();
    let limits = Limits {
        requests_per_minute: Some(60),
        tokens_per_day: Some(1_000_000),
        max_concurrency: Some(8),
        ..Limits::default()
    };
    let caps = vec![
        Cap {
            window: CapWindow::Daily,
            limit: Units(5),
        },
        Cap {
            window: CapWindow::Total,
            limit: Units(500),
        },
    ];
    let change = AccountChange {
        status: Some(AccountStatus::Suspended),
        plan: Some("pro".to_owned()),
        limits: Some(limits),
        caps: Some(caps.clone()),
        ..world.account_change(customer.account)
    };
    let entry = change.audit.clone();
    let first = world.store.accounts.update_account(change.clone()).await;
    let changed = world.store.accounts.update_account(change).await;
    let changed = changed.unwrap().unwrap();
    assert_eq!(first.unwrap().as_ref(), Some(&changed));
    assert_eq!(changed.status, AccountStatus::Suspended);
    assert_eq!(changed.plan, "pro");
    assert_eq!((changed.limits, &changed.caps), (limits, &caps));
    let found = world.store.accounts.find_account(customer.account).await;
    assert_eq!(found.unwrap(), Some(changed));
    world.expect_audited(&entry).await;
    let news = world.store.changes.changes_since(cursor).await.unwrap();
    assert!(news.changes.contains(&Change::Account(customer.account)));
}

/// What is not named stays as it is.
pub async fn a_change_touches_only_what_it_names(world: &World) {
    let customer = world.sign_up().await;
    let accounts = &world.store.accounts;
    let before = accounts.find_account(customer.account).await.unwrap();
    let nothing = world.account_change(customer.account);
    let same = accounts.update_account(nothing).await.unwrap();
    assert_eq!(same, before);
    let suspension = AccountChange {
        status: Some(AccountStatus::Suspended),
        ..world.account_change(customer.account)
    };
    let changed = accounts.update_account(suspension).await.unwrap().unwrap();
    let mut expected = before.unwrap();
    expected.status = AccountStatus::Suspended;
    assert_eq!(changed, expected);
    let other = world.sign_up().await;
    let other = accounts.find_account(other.account).await.unwrap().unwrap();
    assert_eq!(other.status, AccountStatus::Active);
}

/// Nothing comes of a change to nobody, not even an audit entry.
pub async fn an_unknown_account_is_not_changed(world: &World) {
    let change = AccountChange {
        plan: Some("pro".to_owned()),
        ..world.account_change(AccountId::from_uuid(world.uuid()))
    };
    let entry = change.audit.clone();
    let changed = world.store.accounts.update_account(change).await;
    assert_eq!(changed.unwrap(), None);
    let audit = world.store.audit.list_audit(PageRequest::first(10)).await;
    assert!(!audit.unwrap().rows.contains(&entry));
}
