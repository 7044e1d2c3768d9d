use core::time::Duration;
use std::sync::Arc;

use vuzo_domain::id::AccountId;
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::{Claim, ClaimKey, CreditWallet, PageRequest, PlaceHoldError};
use vuzo_domain::wallet::{GrantKind, SourceKind, TransferKind};

use crate::{World, at_once};

/// One transfer id, one credit: in turn, at once, and with other figures.
pub async fn a_retried_credit_changes_nothing(world: &World) {
    let customer = world.sign_up().await;
    let wallets = &world.store.wallets;
    let command = world.topup(&customer, 500);
    let first = wallets.credit(command.clone()).await.unwrap();
    assert_eq!(first.id, command.transfer);
    assert_eq!(first.credit, customer.paid);
    assert!(first.debit.is_system());
    assert_eq!(
        (first.amount, first.kind),
        (Units(500), TransferKind::Topup)
    );
    assert_eq!(first.account, Some(customer.account));
    assert_eq!(first.generation, None);
    assert_eq!(first.description.as_deref(), Some("Top-up"));
    assert_eq!(first.balance_after, Some(Units(500)));
    assert_eq!(first.at, command.at);
    assert_eq!(first.signed_amount(), Units(500));
    let other = CreditWallet {
        amount: Units(9_999),
        ..command.clone()
    };
    for again in [command, other] {
        assert_eq!(wallets.credit(again).await.unwrap(), first);
    }
    world.expect_figures(&customer, 500, 0).await;

    let command = world.topup(&customer, 30);
    let tasks = (0..20).map(|_| {
        let wallets = Arc::clone(wallets);
        let command = command.clone();
        async move { wallets.credit(command).await.unwrap().balance_after }
    });
    for balance_after in at_once(tasks).await {
        assert_eq!(balance_after, Some(Units(530)));
    }
    world.expect_figures(&customer, 530, 0).await;
}

/// Orders under one key are carried out once, at once or one after the other, and all of
/// them are told of the transfer that was made; a key that is out of time is free.
pub async fn orders_under_one_key_are_carried_out_once(world: &World) {
    let customer = world.customer_with(10).await;
    let wallets = &world.store.wallets;
    let claim = Claim {
        key: ClaimKey {
            account: customer.account,
            key: None,
            route: "credits",
            token: "k1".to_owned(),
        },
        body: [7; 32],
        expires_at: world.now().after(Duration::from_secs(60)),
    };
    let order = |token: &str| CreditWallet {
        claim: Some(Claim {
            key: ClaimKey {
                token: token.to_owned(),
                ..claim.key.clone()
            },
            ..claim.clone()
        }),
        audit: Some(world.audit_entry("credit.grant", &customer.account)),
        ..world.topup(&customer, 500)
    };
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (wallets, command) = (Arc::clone(wallets), order("k1"));
            async move { wallets.credit(command).await.unwrap().id }
        })
        .collect();
    let mut answered = at_once(tasks).await;
    answered.dedup();
    assert_eq!(
        answered.len(),
        1,
        "all attempts are told of the same transfer"
    );
    let other = CreditWallet {
        amount: Units(-3),
        currency: "EUR".parse().unwrap(),
        ..order("k1")
    };
    for again in [order("k1"), other] {
        assert_eq!(wallets.credit(again).await.unwrap().id, answered[0]);
    }
    world.expect_figures(&customer, 510, 0).await;
    let page = PageRequest::first(PageRequest::MOST);
    let audited = world.store.audit.list_audit(page).await.unwrap().rows;
    assert_eq!(audited.len(), 1, "what was not done is not on record");

    let another = wallets.credit(order("k2")).await.unwrap();
    assert_ne!(another.id, answered[0]);
    let late = CreditWallet {
        at: claim.expires_at,
        ..order("k1")
    };
    let late = wallets.credit(late.clone()).await.unwrap();
    assert_ne!(late.id, answered[0]);
    world.expect_figures(&customer, 1_510, 0).await;
}

/// The first money in a currency opens a wallet, and the second finds it.
pub async fn a_credit_opens_the_wallet(world: &World) {
    let customer = world.sign_up().await;
    let wallets = &world.store.wallets;
    let euro: Currency = "EUR".parse().unwrap();
    let first = CreditWallet {
        currency: euro,
        ..world.topup(&customer, 70)
    };
    let second = CreditWallet {
        currency: euro,
        ..world.topup(&customer, 5)
    };
    let opened = wallets.credit(first.clone()).await.unwrap();
    assert_eq!(opened.credit, first.open_as);
    let found = wallets.credit(second).await.unwrap();
    assert_eq!(found.credit, first.open_as);
    assert_eq!(found.balance_after, Some(Units(75)));
    let listed = wallets.list_wallets(customer.account).await.unwrap();
    let of_euro: Vec<_> = listed
        .iter()
        .filter(|wallet| wallet.currency == euro)
        .flat_map(|wallet| &wallet.sources)
        .map(|source| (source.id, source.kind, source.posted))
        .collect();
    assert_eq!(of_euro, [(first.open_as, SourceKind::Paid, Units(75))]);
    world.expect_figures(&customer, 0, 0).await;
}

/// A refund reverses a credit even where it was spent; spending stops until it is
/// made good.
pub async fn taking_back_may_go_below_zero(world: &World) {
    let customer = world.customer_with(100).await;
    let wallets = &world.store.wallets;
    world.call(&customer, 80).await;
    let refund = world.topup(&customer, -100);
    let refunded = wallets.credit(refund.clone()).await.unwrap();
    assert_eq!(refunded.debit, customer.paid);
    assert!(refunded.credit.is_system());
    assert_eq!(refunded.amount, Units(100));
    assert_eq!(refunded.kind, TransferKind::Refund);
    assert_eq!(refunded.signed_amount(), Units(-100));
    assert_eq!(refunded.balance_after, Some(Units(-80)));
    assert_eq!(wallets.credit(refund).await.unwrap(), refunded);
    let refused = wallets.place_hold(world.hold(&customer, 1)).await;
    assert!(matches!(
        refused.unwrap_err(),
        PlaceHoldError::Insufficient {
            available: Units(-80)
        }
    ));
    world.expect_figures(&customer, -80, 0).await;

    wallets.credit(world.topup(&customer, 90)).await.unwrap();
    let hold = world.place(&world.hold(&customer, 10)).await;
    assert_eq!(hold.total(), Ok(Units(10)));
    world.expect_figures(&customer, 10, 10).await;

    // What a hold keeps is taken back as well, and the hold is still good.
    wallets.credit(world.topup(&customer, -10)).await.unwrap();
    wallets.settle(world.settlement(&hold, 10)).await.unwrap();
    world.expect_figures(&customer, -10, 0).await;
}

/// A grant lands beside the paid money, with its terms.
pub async fn a_grant_is_a_source_of_its_own(world: &World) {
    let customer = world.customer_with(100).await;
    let wallets = &world.store.wallets;
    let until = Some(world.now().after(Duration::from_secs(86_400)));
    let (source, command) = world.grant(&customer, 40, GrantKind::Plan, until);
    let granted = wallets.credit(command.clone()).await.unwrap();
    assert_eq!(granted.credit, source);
    assert_eq!(granted.balance_after, Some(Units(140)));
    assert_eq!(wallets.credit(command).await.unwrap(), granted);
    let kept = world.source(customer.account, source).await;
    assert_eq!(kept.kind, SourceKind::Grant(GrantKind::Plan, until));
    assert_eq!((kept.posted, kept.held), (Units(40), Units(0)));

    // Taking away takes paid money only.
    wallets.credit(world.topup(&customer, -120)).await.unwrap();
    assert_eq!(
        world.source(customer.account, source).await.posted,
        Units(40)
    );
    assert_eq!(
        world.source(customer.account, customer.paid).await.posted,
        Units(-20)
    );
    world.expect_figures(&customer, 20, 0).await;
}

/// Fifty credits at once lose nothing.
pub async fn concurrent_credits_sum_up(world: &World) {
    let customer = world.sign_up().await;
    let euro: Currency = "EUR".parse().unwrap();
    let commands: Vec<_> = (1..=50)
        .map(|amount| CreditWallet {
            currency: if amount % 2 == 0 { euro } else { Currency::USD },
            ..world.topup(&customer, amount)
        })
        .collect();
    let tasks = commands.into_iter().map(|command| {
        let wallets = Arc::clone(&world.store.wallets);
        async move { wallets.credit(command).await.unwrap().id }
    });
    assert_eq!(at_once(tasks).await.len(), 50);
    let listed = world.store.wallets.list_wallets(customer.account).await;
    let listed = listed.unwrap();
    let opened = listed.iter().filter(|wallet| wallet.currency == euro);
    let sources: Vec<_> = opened.flat_map(|wallet| &wallet.sources).collect();
    assert_eq!(sources.len(), 1, "one wallet was opened");
    assert_eq!(sources[0].posted, Units(650));
    world.expect_figures(&customer, 625, 0).await;
}

/// Newest first, in parts, by offset and by the last id seen.
pub async fn transfers_are_listed_newest_first(world: &World) {
    let customer = world.sign_up().await;
    let wallets = &world.store.wallets;
    let mut expected = Vec::new();
    for amount in 1..=7 {
        let topup = world.topup(&customer, amount);
        expected.insert(0, wallets.credit(topup).await.unwrap());
    }
    let list = |limit, offset, before| {
        let page = PageRequest {
            limit,
            offset,
            before,
        };
        wallets.list_transfers(customer.account, page)
    };
    let all = list(7, 0, None).await.unwrap();
    assert_eq!((all.rows, all.has_more), (expected.clone(), false));
    let first = list(3, 0, None).await.unwrap();
    assert_eq!((&first.rows[..], first.has_more), (&expected[..3], true));
    let second = list(3, 3, None).await.unwrap();
    assert_eq!((&second.rows[..], second.has_more), (&expected[3..6], true));
    let after = list(3, 0, Some(expected[3].id.uuid())).await.unwrap();
    assert_eq!((&after.rows[..], after.has_more), (&expected[4..], false));
    let none = list(3, 7, None).await.unwrap();
    assert_eq!((none.rows, none.has_more), (vec![], false));
}

/// Nobody sees another's wallet.
pub async fn transfers_of_others_are_not_listed(world: &World) {
    let rich = world.customer_with(1_000).await;
    world.call(&rich, 10).await;
    let other = world.customer_with(5).await;
    let theirs = world.transfers(other.account).await;
    assert_eq!(theirs.len(), 1);
    assert_eq!(theirs[0].account, Some(other.account));
    let sources = world.sources(other.account).await;
    assert!(sources.iter().all(|source| source.id == other.paid));
    let refused = world.store.wallets.place_hold(world.hold(&other, 6)).await;
    assert!(refused.is_err());
    let nobody = AccountId::from_uuid(world.uuid());
    assert_eq!(world.transfers(nobody).await, []);
    let wallets = world.store.wallets.list_wallets(nobody).await.unwrap();
    assert_eq!(wallets, []);
}

/// The audit entry lands with the credit, and once.
pub async fn a_credit_is_audited_once(world: &World) {
    let customer = world.sign_up().await;
    let entry = world.audit_entry("credit.grant", &customer.account);
    let command = CreditWallet {
        audit: Some(entry.clone()),
        ..world.topup(&customer, 10)
    };
    for _ in 0..2 {
        world.store.wallets.credit(command.clone()).await.unwrap();
    }
    world.expect_audited(&entry).await;
}
