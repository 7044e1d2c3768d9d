use core::time::Duration;

use vuzo_domain::key::ApiKey;
use vuzo_domain::money::Units;
use vuzo_domain::port::{KeyChange, PlaceHold, PlaceHoldError};
use vuzo_domain::wallet::{Cap, CapCheck, CapScope, CapWindow};

use super::hold::{LONGER_THAN_A_HOLD, place_at_once};
use crate::{Customer, World};

const DAY: Duration = Duration::from_secs(86_400);

fn cap(window: CapWindow, limit: i64) -> Cap {
    Cap {
        window,
        limit: Units(limit),
    }
}

fn of_account(customer: &Customer, cap: Cap) -> CapCheck {
    CapCheck {
        scope: CapScope::Account(customer.account),
        cap,
    }
}

fn of_key(key: &ApiKey, cap: Cap) -> CapCheck {
    CapCheck {
        scope: CapScope::Key(key.id),
        cap,
    }
}

async fn capped_key(world: &World, customer: &Customer, cap: Cap) -> (ApiKey, CapCheck) {
    let mut new = world.new_key(customer);
    new.key.spend_cap = Some(cap);
    world.store.keys.add_key(new.clone()).await.unwrap();
    let check = of_key(&new.key, cap);
    (new.key, check)
}

async fn capped_account(world: &World, customer: &Customer, cap: Cap) -> CapCheck {
    world.set_account_caps(customer, vec![cap]).await;
    of_account(customer, cap)
}

fn capped(world: &World, customer: &Customer, amount: i64, caps: &[CapCheck]) -> PlaceHold {
    let key = caps.iter().find_map(|check| match check.scope {
        CapScope::Key(key) => Some(key),
        CapScope::Account(_) => None,
    });
    PlaceHold {
        key,
        caps: caps.to_vec(),
        ..world.hold(customer, amount)
    }
}

/// How much the caps leave: asks for all of it without ever getting it.
async fn remaining(world: &World, customer: &Customer, caps: &[CapCheck]) -> Units {
    let mut command = capped(world, customer, 1_000_000, caps);
    command.least = command.wanted;
    match world.store.wallets.place_hold(command).await {
        Err(PlaceHoldError::CapReached { remaining, .. }) => remaining,
        other => unreachable!("expected a cap, not {other:?}"),
    }
}

/// A cap refuses with its own figures, whoever else would have let the call in.
pub async fn a_reached_cap_refuses(world: &World) {
    let customer = world.customer_with(2_000_000).await;
    let wide = capped_account(world, &customer, cap(CapWindow::Monthly, 500)).await;
    let (_, narrow) = capped_key(world, &customer, cap(CapWindow::Daily, 100)).await;
    let command = capped(world, &customer, 80, &[wide, narrow]);
    let hold = world.place(&command).await;
    let mut uses = hold.caps.clone();
    uses.sort_unstable();
    let mut expected = vec![wide.at(command.at), narrow.at(command.at)];
    expected.sort_unstable();
    assert_eq!(uses, expected);

    let beyond = capped(world, &customer, 21, &[wide, narrow]);
    match world.store.wallets.place_hold(beyond).await {
        Err(PlaceHoldError::CapReached { check, remaining }) => {
            assert_eq!((check, remaining), (narrow, Units(20)));
        }
        other => unreachable!("expected the key's cap, not {other:?}"),
    }
    world
        .place(&capped(world, &customer, 20, &[wide, narrow]))
        .await;
    let nothing = capped(world, &customer, 0, &[wide, narrow]);
    world.place(&nothing).await;
    world.expect_figures(&customer, 2_000_000, 100).await;
}

/// Where less will do, a hold takes what the cap leaves.
pub async fn a_cap_trims_a_hold(world: &World) {
    let customer = world.customer_with(2_000_000).await;
    let check = capped_account(world, &customer, cap(CapWindow::Total, 70)).await;
    let command = PlaceHold {
        least: Units(50),
        ..capped(world, &customer, 100, &[check])
    };
    assert_eq!(world.place(&command).await.total(), Ok(Units(70)));
    assert_eq!(remaining(world, &customer, &[check]).await, Units(0));
    world.expect_figures(&customer, 2_000_000, 70).await;
}

/// When one cap or the wallet refuses, the others have counted nothing.
pub async fn a_refusal_leaves_nothing_on_the_other_cap(world: &World) {
    let customer = world.customer_with(2_000_000).await;
    let account = capped_account(world, &customer, cap(CapWindow::Daily, 30)).await;
    let (_, key) = capped_key(world, &customer, cap(CapWindow::Daily, 100)).await;
    let wallets = &world.store.wallets;
    for order in [[account, key], [key, account]] {
        let refused = wallets.place_hold(capped(world, &customer, 31, &order));
        assert!(matches!(
            refused.await.unwrap_err(),
            PlaceHoldError::CapReached { check, remaining: Units(30) } if check == account
        ));
        assert_eq!(remaining(world, &customer, &[key]).await, Units(100));
    }
    world.expect_figures(&customer, 2_000_000, 0).await;

    let poor = world.customer_with(60).await;
    let account = capped_account(world, &poor, cap(CapWindow::Daily, 80)).await;
    let (_, key) = capped_key(world, &poor, cap(CapWindow::Daily, 100)).await;
    let refused = wallets.place_hold(capped(world, &poor, 61, &[account, key]));
    assert!(matches!(
        refused.await.unwrap_err(),
        PlaceHoldError::Insufficient {
            available: Units(60)
        }
    ));
    wallets.credit(world.topup(&poor, 2_000_000)).await.unwrap();
    assert_eq!(remaining(world, &poor, &[key]).await, Units(100));
    assert_eq!(remaining(world, &poor, &[account]).await, Units(80));
    world.expect_figures(&poor, 2_000_060, 0).await;
}

/// Fifty calls at once under a cap for twenty: twenty get in.
pub async fn concurrent_holds_never_pass_a_cap(world: &World) {
    let customer = world.customer_with(2_000_000).await;
    let account = capped_account(world, &customer, cap(CapWindow::Daily, 20 * 7 + 6)).await;
    let (_, key) = capped_key(world, &customer, cap(CapWindow::Total, 1_000)).await;
    let commands: Vec<_> = (0..50)
        .map(|_| capped(world, &customer, 7, &[account, key]))
        .collect();
    let answers = place_at_once(world, commands).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 20);
    for refused in answers.into_iter().filter_map(Result::err) {
        assert!(
            matches!(refused, PlaceHoldError::CapReached { check, .. } if check == account),
            "{refused:?}"
        );
    }
    assert_eq!(remaining(world, &customer, &[account]).await, Units(6));
    assert_eq!(remaining(world, &customer, &[key]).await, Units(860));
    world.expect_figures(&customer, 2_000_000, 140).await;
}

/// Once settled, the charge counts and no longer the hold; settling twice counts
/// once.
pub async fn a_cap_counts_what_was_charged(world: &World) {
    let customer = world.customer_with(2_000_000).await;
    let check = capped_account(world, &customer, cap(CapWindow::Daily, 100)).await;
    let hold = world.place(&capped(world, &customer, 90, &[check])).await;
    assert_eq!(remaining(world, &customer, &[check]).await, Units(10));
    let settle = world.settlement(&hold, 25);
    for _ in 0..2 {
        world.store.wallets.settle(settle.clone()).await.unwrap();
        assert_eq!(remaining(world, &customer, &[check]).await, Units(75));
    }
    world.expect_figures(&customer, 1_999_975, 0).await;
}

/// What the reaper gives back is free under the cap as well; a late charge counts.
pub async fn an_expired_hold_leaves_the_cap(world: &World) {
    let customer = world.customer_with(2_000_000).await;
    let check = capped_account(world, &customer, cap(CapWindow::Daily, 100)).await;
    let hold = world.place(&capped(world, &customer, 90, &[check])).await;
    world.pass(LONGER_THAN_A_HOLD);
    let wallets = &world.store.wallets;
    wallets.expire_holds(world.now(), 10).await.unwrap();
    assert_eq!(remaining(world, &customer, &[check]).await, Units(100));
    wallets.settle(world.settlement(&hold, 40)).await.unwrap();
    assert_eq!(remaining(world, &customer, &[check]).await, Units(60));
    world.expect_figures(&customer, 1_999_960, 0).await;
}

/// Days, weeks and months begin anew; the total never does.
pub async fn caps_begin_anew_with_their_window(world: &World) {
    let customer = world.customer_with(2_000_000).await;
    let caps: Vec<Cap> = CapWindow::ALL
        .into_iter()
        .map(|window| cap(window, 100))
        .collect();
    world.set_account_caps(&customer, caps.clone()).await;
    let checks: Vec<CapCheck> = caps.iter().map(|cap| of_account(&customer, *cap)).collect();
    let hold = world.place(&capped(world, &customer, 60, &checks)).await;
    let settle = world.settlement(&hold, 60);
    world.store.wallets.settle(settle).await.unwrap();

    // The world begins on a Tuesday, the tenth of March.
    for (days, free) in [
        (0, [40, 40, 40, 40]),
        (1, [100, 40, 40, 40]),
        (6, [100, 100, 40, 40]),
        (22, [100, 100, 100, 40]),
    ] {
        let mut left = Vec::new();
        for check in &checks {
            let mut command = capped(world, &customer, 1_000_000, &[*check]);
            command.at = command.at.after(days * DAY);
            command.expires_at = command.expires_at.after(days * DAY);
            match world.store.wallets.place_hold(command).await {
                Err(PlaceHoldError::CapReached { remaining, .. }) => left.push(remaining.0),
                other => unreachable!("expected a cap, not {other:?}"),
            }
        }
        assert_eq!(left, free, "after {days} days");
    }
    world.expect_figures(&customer, 1_999_940, 0).await;
}

/// A call that begins before midnight counts before midnight.
pub async fn a_call_counts_in_the_window_that_it_began_in(world: &World) {
    let customer = world.customer_with(2_000_000).await;
    let check = capped_account(world, &customer, cap(CapWindow::Daily, 100)).await;
    let yesterday = world.place(&capped(world, &customer, 60, &[check])).await;
    world.pass(DAY);
    assert_eq!(remaining(world, &customer, &[check]).await, Units(100));
    let settle = world.settlement(&yesterday, 60);
    world.store.wallets.settle(settle).await.unwrap();
    assert_eq!(remaining(world, &customer, &[check]).await, Units(100));
    world.expect_figures(&customer, 1_999_940, 0).await;
}

/// What is spent with one key is nothing to another; the account counts both.
pub async fn a_key_cap_counts_that_key_alone(world: &World) {
    let customer = world.customer_with(2_000_000).await;
    let account = capped_account(world, &customer, cap(CapWindow::Total, 1_000)).await;
    let (_, first) = capped_key(world, &customer, cap(CapWindow::Total, 100)).await;
    let (_, second) = capped_key(world, &customer, cap(CapWindow::Total, 100)).await;
    world
        .place(&capped(world, &customer, 30, &[account, first]))
        .await;
    world.place(&capped(world, &customer, 20, &[account])).await;
    assert_eq!(remaining(world, &customer, &[first]).await, Units(70));
    assert_eq!(remaining(world, &customer, &[second]).await, Units(100));
    assert_eq!(remaining(world, &customer, &[account]).await, Units(950));
}

/// A cap that is set later counts what was spent and is held in its window, also
/// after it was taken away for a while.
pub async fn a_new_account_cap_begins_with_what_was_spent(world: &World) {
    let customer = world.customer_with(2_000_000).await;
    world.call(&customer, 5).await;
    world.pass(DAY);
    world.call(&customer, 30).await;
    let open = world.place(&world.hold(&customer, 20)).await;
    let daily = cap(CapWindow::Daily, 100);
    let total = cap(CapWindow::Total, 100);
    world.set_account_caps(&customer, vec![daily, total]).await;
    let daily = of_account(&customer, daily);
    let total = of_account(&customer, total);
    assert_eq!(remaining(world, &customer, &[daily]).await, Units(50));
    assert_eq!(remaining(world, &customer, &[total]).await, Units(45));
    let settle = world.settlement(&open, 11);
    world.store.wallets.settle(settle).await.unwrap();
    assert_eq!(remaining(world, &customer, &[daily]).await, Units(59));
    assert_eq!(remaining(world, &customer, &[total]).await, Units(54));

    world.set_account_caps(&customer, vec![total.cap]).await;
    world.call(&customer, 9).await;
    world
        .set_account_caps(&customer, vec![daily.cap, total.cap])
        .await;
    assert_eq!(remaining(world, &customer, &[daily]).await, Units(50));
    let wider = cap(CapWindow::Daily, 200);
    world
        .set_account_caps(&customer, vec![wider, total.cap])
        .await;
    let wider = of_account(&customer, wider);
    assert_eq!(remaining(world, &customer, &[wider]).await, Units(150));
    world.expect_figures(&customer, 1_999_945, 0).await;
}

/// The same for a key.
pub async fn a_new_key_cap_begins_with_what_was_spent(world: &World) {
    let customer = world.customer_with(2_000_000).await;
    let key = world.key(&customer).await;
    let with_key = |amount| PlaceHold {
        key: Some(key.id),
        ..world.hold(&customer, amount)
    };
    let hold = world.place(&with_key(30)).await;
    let settle = world.settlement(&hold, 30);
    world.store.wallets.settle(settle).await.unwrap();
    let open = world.place(&with_key(20)).await;
    world.call(&customer, 7).await;
    let cap = cap(CapWindow::Weekly, 100);
    let change = KeyChange {
        key: key.id,
        account: customer.account,
        name: None,
        scopes: None,
        restrictions: None,
        spend_cap: Some(Some(cap)),
        limits: None,
        audit: world.audit_entry("key.update", &key.id),
    };
    let changed = world.store.keys.update_key(change).await.unwrap().unwrap();
    assert_eq!(changed.spend_cap, Some(cap));
    let check = of_key(&key, cap);
    assert_eq!(remaining(world, &customer, &[check]).await, Units(50));
    let settle = world.settlement(&open, 5);
    world.store.wallets.settle(settle).await.unwrap();
    assert_eq!(remaining(world, &customer, &[check]).await, Units(65));
    world.expect_figures(&customer, 1_999_958, 0).await;
}

/// A hold from before the window in which a cap was made is not counted in it, and
/// ends like any other.
pub async fn a_hold_from_an_earlier_window_is_not_counted(world: &World) {
    let customer = world.customer_with(1_000).await;
    let settled = world.place(&world.hold(&customer, 60)).await;
    let expired = world.place(&world.hold(&customer, 70)).await;
    world.pass(DAY);
    let daily = capped_account(world, &customer, cap(CapWindow::Daily, 100)).await;
    assert_eq!(remaining(world, &customer, &[daily]).await, Units(100));
    let settlement = world.settlement(&settled, 50);
    world.store.wallets.settle(settlement).await.unwrap();
    let ended = world.store.wallets.expire_holds(world.now(), 10).await;
    let ended: Vec<_> = ended.unwrap().into_iter().map(|hold| hold.id).collect();
    assert_eq!(ended, [expired.id]);
    assert_eq!(remaining(world, &customer, &[daily]).await, Units(100));
    world.expect_proof().await;
}
