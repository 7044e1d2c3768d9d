use core::time::Duration;
use std::collections::HashSet;
use std::sync::Arc;

use vuzo_domain::money::Units;
use vuzo_domain::port::ExtendHold;
use vuzo_domain::wallet::{GrantKind, HoldEnd, HoldState, TransferKind};

use super::hold::LONGER_THAN_A_HOLD;
use crate::{World, at_once};

/// Overdue holds end, others stay, and the money is there again.
pub async fn expired_holds_give_their_money_back(world: &World) {
    let customer = world.customer_with(100).await;
    let wallets = &world.store.wallets;
    let command = world.hold(&customer, 70);
    let overdue = world.place(&command).await;
    assert_eq!(wallets.expire_holds(world.now(), 10).await.unwrap(), []);
    world.pass(LONGER_THAN_A_HOLD);
    let young = world.place(&world.hold(&customer, 20)).await;
    let audited = world.store.ledger_audit.audit_ledger(world.now()).await;
    let audited = audited.unwrap();
    assert_eq!((audited.open_holds, audited.overdue_holds), (2, 1));

    let now = world.now();
    let expired = wallets.expire_holds(now, 10).await.unwrap();
    assert_eq!(expired.len(), 1);
    assert_eq!(expired[0].id, overdue.id);
    assert_eq!(expired[0].parts, overdue.parts);
    let ended = HoldState::Ended {
        end: HoldEnd::Expired,
        at: now,
    };
    assert_eq!(expired[0].state, ended);
    assert_eq!(world.place(&command).await.state, ended);
    world.expect_figures(&customer, 100, 20).await;
    assert_eq!(wallets.expire_holds(world.now(), 10).await.unwrap(), []);
    let audited = world.store.ledger_audit.audit_ledger(world.now()).await;
    let audited = audited.unwrap();
    assert_eq!((audited.open_holds, audited.overdue_holds), (1, 0));
    world.place(&world.hold(&customer, 80)).await;
    assert!(young.is_open());
}

/// At most so many at once; the rest the next time.
pub async fn the_reaper_respects_its_limit(world: &World) {
    let customer = world.customer_with(100).await;
    for _ in 0..5 {
        world.place(&world.hold(&customer, 10)).await;
    }
    world.pass(LONGER_THAN_A_HOLD);
    let mut ended = HashSet::new();
    for expected in [2, 2, 1, 0] {
        let expired = world.store.wallets.expire_holds(world.now(), 2).await;
        let expired = expired.unwrap();
        assert_eq!(expired.len(), expected);
        ended.extend(expired.into_iter().map(|hold| hold.id));
    }
    assert_eq!(ended.len(), 5);
    world.expect_figures(&customer, 100, 0).await;
}

/// However many reapers there are, each hold is answered by one of them.
pub async fn two_reapers_end_a_hold_once(world: &World) {
    let customer = world.customer_with(300).await;
    for _ in 0..30 {
        world.place(&world.hold(&customer, 10)).await;
    }
    world.pass(LONGER_THAN_A_HOLD);
    let now = world.now();
    let reapers = (0..8).map(|_| {
        let wallets = Arc::clone(&world.store.wallets);
        async move { wallets.expire_holds(now, 100).await.unwrap() }
    });
    let ended: Vec<_> = at_once(reapers).await.into_iter().flatten().collect();
    let distinct: HashSet<_> = ended.iter().map(|hold| hold.id).collect();
    assert_eq!(distinct.len(), ended.len(), "no hold was ended twice");
    // Reapers may step aside for each other; what is left is ended by the next.
    let rest = world.store.wallets.expire_holds(now, 100).await.unwrap();
    assert_eq!(ended.len() + rest.len(), 30);
    world.expect_figures(&customer, 300, 0).await;
}

/// An extension moves the moment at which the reaper comes.
pub async fn an_extended_hold_is_not_overdue(world: &World) {
    let customer = world.customer_with(100).await;
    let wallets = &world.store.wallets;
    let hold = world.place(&world.hold(&customer, 10)).await;
    let at = world.now();
    let command = ExtendHold {
        hold: hold.id,
        total: Units(20),
        expires_at: at.after(2 * LONGER_THAN_A_HOLD),
        at,
    };
    wallets.extend_hold(command, vec![]).await.unwrap();
    world.pass(LONGER_THAN_A_HOLD);
    assert_eq!(wallets.expire_holds(world.now(), 10).await.unwrap(), []);
    world.pass(LONGER_THAN_A_HOLD);
    let expired = wallets.expire_holds(world.now(), 10).await.unwrap();
    assert_eq!(expired.len(), 1);
    world.expect_figures(&customer, 100, 0).await;
}

/// What is left of a grant after its time goes back, once, on the customer's list.
pub async fn expired_grants_are_taken_back(world: &World) {
    let customer = world.customer_with(100).await;
    let wallets = &world.store.wallets;
    let until = world.now().after(Duration::from_secs(60));
    let (grant, command) = world.grant(&customer, 50, GrantKind::Trial, Some(until));
    wallets.credit(command).await.unwrap();
    world.call(&customer, 20).await;
    assert_eq!(wallets.expire_grants(world.now(), 10).await.unwrap(), 0);
    world.pass(LONGER_THAN_A_HOLD);
    let now = world.now();
    assert_eq!(wallets.expire_grants(now, 10).await.unwrap(), 1);
    assert_eq!(wallets.expire_grants(now, 10).await.unwrap(), 0);
    let transfers = world.transfers(customer.account).await;
    let expiries: Vec<_> = transfers
        .iter()
        .filter(|transfer| transfer.kind == TransferKind::GrantExpiry)
        .collect();
    let [expiry] = expiries[..] else {
        unreachable!("one transfer, not {expiries:?}")
    };
    assert_eq!(expiry.debit, grant);
    assert!(expiry.credit.is_system());
    assert_eq!((expiry.amount, expiry.at), (Units(30), now));
    assert_eq!(expiry.account, Some(customer.account));
    assert_eq!(expiry.balance_after, Some(Units(100)));
    world.expect_figures(&customer, 100, 0).await;
}

/// What an open hold needs stays until the hold has ended; then the rest goes.
pub async fn an_expired_grant_keeps_what_open_holds_need(world: &World) {
    let customer = world.sign_up().await;
    let wallets = &world.store.wallets;
    let until = world.now().after(Duration::from_secs(60));
    let (grant, command) = world.grant(&customer, 50, GrantKind::Promo, Some(until));
    wallets.credit(command).await.unwrap();
    let hold = world.place(&world.hold(&customer, 20)).await;
    world.pass(Duration::from_secs(120));
    assert_eq!(wallets.expire_grants(world.now(), 10).await.unwrap(), 1);
    assert_eq!(wallets.expire_grants(world.now(), 10).await.unwrap(), 0);
    world.expect_figures(&customer, 20, 20).await;
    let settle = world.settlement(&hold, 15);
    let settled = wallets.settle(settle).await.unwrap();
    assert_eq!(
        (settled.charged, settled.shortfall),
        (Units(15), Units::ZERO)
    );
    assert_eq!(settled.available, Units::ZERO);
    assert_eq!(wallets.expire_grants(world.now(), 10).await.unwrap(), 1);
    world.expect_figures(&customer, 0, 0).await;
    let mut taken: Vec<_> = world
        .transfers(customer.account)
        .await
        .into_iter()
        .filter(|transfer| transfer.kind == TransferKind::GrantExpiry)
        .map(|transfer| (transfer.debit, transfer.amount.0))
        .collect();
    taken.sort_unstable();
    assert_eq!(taken, [(grant, 5), (grant, 30)]);
}

/// At most so many at once.
pub async fn grants_are_taken_back_within_the_limit(world: &World) {
    let customer = world.sign_up().await;
    let wallets = &world.store.wallets;
    let until = world.now().after(Duration::from_secs(60));
    for amount in [10, 20, 30] {
        let (_, command) = world.grant(&customer, amount, GrantKind::Promo, Some(until));
        wallets.credit(command).await.unwrap();
    }
    world.pass(Duration::from_secs(120));
    for expected in [2, 1, 0] {
        let taken = wallets.expire_grants(world.now(), 2).await.unwrap();
        assert_eq!(taken, expected);
    }
    world.expect_figures(&customer, 0, 0).await;
}
