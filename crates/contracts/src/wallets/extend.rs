use core::time::Duration;
use std::sync::Arc;

use vuzo_domain::money::Units;
use vuzo_domain::port::{ExtendHold, ExtendHoldError, PlaceHold};
use vuzo_domain::wallet::{Cap, CapCheck, CapScope, CapWindow, GrantKind, Hold};

use super::hold::LONGER_THAN_A_HOLD;
use crate::{World, at_once};

fn extension(world: &World, hold: &Hold, total: i64) -> ExtendHold {
    let at = world.now();
    ExtendHold {
        hold: hold.id,
        total: Units(total),
        expires_at: at.after(Duration::from_secs(900)),
        at,
    }
}

/// The total is absolute, so an extension that is sent twice is one.
pub async fn an_extension_is_to_a_total(world: &World) {
    let customer = world.customer_with(1_000).await;
    let hold = world.place(&world.hold(&customer, 100)).await;
    let command = extension(world, &hold, 250);
    for _ in 0..2 {
        let extended = world.store.wallets.extend_hold(command, vec![]).await;
        let extended = extended.unwrap();
        assert_eq!(extended.hold.total(), Ok(Units(250)));
        assert_eq!(extended.hold.expires_at, command.expires_at);
        assert_eq!(extended.available, Units(750));
    }
    world.expect_figures(&customer, 1_000, 250).await;
    let again = (0..10).map(|_| {
        let wallets = Arc::clone(&world.store.wallets);
        let command = ExtendHold {
            total: Units(300),
            ..command
        };
        async move { wallets.extend_hold(command, vec![]).await.map(|_| ()) }
    });
    for answer in at_once(again).await {
        answer.unwrap();
    }
    world.expect_figures(&customer, 1_000, 300).await;
}

/// A hold that has more already keeps it, and its expiry never moves back.
pub async fn an_extension_never_shrinks_a_hold(world: &World) {
    let customer = world.customer_with(1_000).await;
    let hold = world.place(&world.hold(&customer, 100)).await;
    let command = ExtendHold {
        expires_at: hold.placed_at,
        ..extension(world, &hold, 40)
    };
    let extended = world.store.wallets.extend_hold(command, vec![]).await;
    let extended = extended.unwrap().hold;
    assert_eq!(extended.total(), Ok(Units(100)));
    assert_eq!(extended.expires_at, hold.expires_at);
    world.expect_figures(&customer, 1_000, 100).await;
}

/// Where the wallet cannot carry it all, nothing changes.
pub async fn an_extension_is_all_or_nothing(world: &World) {
    let customer = world.customer_with(150).await;
    let command = world.hold(&customer, 100);
    let hold = world.place(&command).await;
    let too_much = extension(world, &hold, 151);
    let refused = world.store.wallets.extend_hold(too_much, vec![]).await;
    let refused = refused.unwrap_err();
    assert!(
        matches!(
            refused,
            ExtendHoldError::Insufficient {
                available: Units(50)
            }
        ),
        "{refused:?}"
    );
    assert_eq!(
        world.place(&command).await,
        hold,
        "money and expiry are as before"
    );
    world.expect_figures(&customer, 150, 100).await;
}

/// What has ended stays ended.
pub async fn an_ended_hold_is_not_extended(world: &World) {
    let customer = world.customer_with(1_000).await;
    let wallets = &world.store.wallets;
    let settled = world.place(&world.hold(&customer, 100)).await;
    wallets
        .settle(world.settlement(&settled, 10))
        .await
        .unwrap();
    let expired = world.place(&world.hold(&customer, 100)).await;
    world.pass(LONGER_THAN_A_HOLD);
    wallets.expire_holds(world.now(), 10).await.unwrap();
    for hold in [settled, expired] {
        let refused = wallets.extend_hold(extension(world, &hold, 200), vec![]);
        let refused = refused.await.unwrap_err();
        assert!(matches!(refused, ExtendHoldError::NotOpen), "{refused:?}");
    }
    world.expect_figures(&customer, 990, 0).await;
}

/// An extension goes on where the hold left off in the order of spending.
pub async fn an_extension_takes_from_the_next_source(world: &World) {
    let customer = world.customer_with(100).await;
    let (grant, command) = world.grant(&customer, 30, GrantKind::Promo, None);
    world.store.wallets.credit(command).await.unwrap();
    let hold = world.place(&world.hold(&customer, 20)).await;
    let command = extension(world, &hold, 50);
    let extended = world.store.wallets.extend_hold(command, vec![]).await;
    let parts: Vec<_> = extended
        .unwrap()
        .hold
        .parts
        .iter()
        .map(|part| (part.source, part.amount.0))
        .collect();
    assert_eq!(parts, [(grant, 30), (customer.paid, 20)]);
    let settle = world.settlement(&hold, 45);
    world.store.wallets.settle(settle).await.unwrap();
    assert_eq!(
        world.source(customer.account, customer.paid).await.posted,
        Units(85)
    );
    world.expect_figures(&customer, 85, 0).await;
}

/// A cap counts an extension, refuses what is beyond it, and then counts nothing.
pub async fn an_extension_respects_the_caps(world: &World) {
    let customer = world.customer_with(1_000).await;
    let cap = Cap {
        window: CapWindow::Daily,
        limit: Units(200),
    };
    world.set_account_caps(&customer, vec![cap]).await;
    let check = CapCheck {
        scope: CapScope::Account(customer.account),
        cap,
    };
    let capped = PlaceHold {
        caps: vec![check],
        ..world.hold(&customer, 100)
    };
    let hold = world.place(&capped).await;
    let wallets = &world.store.wallets;
    let beyond = wallets.extend_hold(extension(world, &hold, 201), vec![check]);
    let refused = beyond.await.unwrap_err();
    assert!(
        matches!(refused, ExtendHoldError::Insufficient { .. }),
        "{refused:?}"
    );
    world.expect_figures(&customer, 1_000, 100).await;
    let within = wallets.extend_hold(extension(world, &hold, 200), vec![check]);
    assert_eq!(within.await.unwrap().hold.total(), Ok(Units(200)));
    let another = PlaceHold {
        caps: vec![check],
        ..world.hold(&customer, 1)
    };
    assert!(
        wallets.place_hold(another).await.is_err(),
        "the cap is full"
    );
    world.expect_figures(&customer, 1_000, 200).await;
}

/// Thirty calls want a second helping that is there for ten.
pub async fn concurrent_extensions_never_overdraw(world: &World) {
    let customer = world.customer_with(30 * 5 + 10 * 5).await;
    let mut tasks = Vec::new();
    for _ in 0..30 {
        let hold = world.place(&world.hold(&customer, 5)).await;
        let command = extension(world, &hold, 10);
        let wallets = Arc::clone(&world.store.wallets);
        tasks.push(async move { wallets.extend_hold(command, vec![]).await.is_ok() });
    }
    let extended = at_once(tasks).await;
    assert_eq!(extended.into_iter().filter(|done| *done).count(), 10);
    world.expect_figures(&customer, 200, 200).await;
}
