use core::time::Duration;
use std::sync::Arc;

use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::{PlaceHold, PlaceHoldError};
use vuzo_domain::wallet::{HoldEnd, HoldState, Part};

use crate::{World, at_once};

/// The figures of a hold are right, and nothing is posted yet.
pub async fn a_hold_sets_money_aside(world: &World) {
    let customer = world.customer_with(1_000).await;
    let command = world.hold(&customer, 300);
    let placed = world
        .store
        .wallets
        .place_hold(command.clone())
        .await
        .unwrap();
    assert_eq!(placed.available, Units(700));
    let hold = placed.hold;
    assert_eq!(hold.id, command.call.hold());
    assert_eq!(hold.account, customer.account);
    assert_eq!((hold.key, hold.currency), (None, Currency::USD));
    let part = Part {
        source: customer.paid,
        amount: Units(300),
    };
    assert_eq!(hold.parts, [part]);
    assert_eq!(hold.state, HoldState::Open);
    assert_eq!(hold.placed_at, command.at);
    assert_eq!(hold.expires_at, command.expires_at);
    world.expect_figures(&customer, 1_000, 300).await;
}

/// The same command again, in turn and at once, is the same hold.
pub async fn a_retried_hold_changes_nothing(world: &World) {
    let customer = world.customer_with(1_000).await;
    let command = world.hold(&customer, 300);
    let first = world.place(&command).await;
    assert_eq!(world.place(&command).await, first);
    world.expect_figures(&customer, 1_000, 300).await;

    let command = world.hold(&customer, 200);
    let answers = place_at_once(world, std::iter::repeat_n(command, 20)).await;
    assert_eq!(answers.len(), 20);
    for placed in answers {
        assert_eq!(placed.unwrap(), 200);
    }
    world.expect_figures(&customer, 1_000, 500).await;
}

/// After an extension or a settlement, a retried hold is answered as it is then,
/// even where the wallet could not carry it again.
pub async fn a_retried_hold_is_answered_as_it_is_stored(world: &World) {
    let customer = world.customer_with(300).await;
    let command = world.hold(&customer, 300);
    let hold = world.place(&command).await;
    world
        .store
        .wallets
        .settle(world.settlement(&hold, 250))
        .await
        .unwrap();
    let again = world.place(&command).await;
    let HoldState::Ended { end, .. } = again.state else {
        unreachable!("the hold was settled")
    };
    assert_eq!(end, HoldEnd::Captured(Units(250)));
    world.expect_figures(&customer, 50, 0).await;
}

/// Fifty calls want what is there for twenty: twenty get it.
pub async fn concurrent_holds_never_overdraw(world: &World) {
    let customer = world.customer_with(20 * 7 + 3).await;
    let commands: Vec<_> = (0..50).map(|_| world.hold(&customer, 7)).collect();
    let answers = place_at_once(world, commands).await;
    let placed = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(placed, 20);
    for refused in answers.into_iter().filter_map(Result::err) {
        assert!(
            matches!(refused, PlaceHoldError::Insufficient { available } if available < Units(7)),
            "{refused:?}"
        );
    }
    world.expect_figures(&customer, 143, 140).await;
}

/// Holds that take less than they want leave less than the least, and no debt.
pub async fn concurrent_partial_holds_never_overdraw(world: &World) {
    let customer = world.customer_with(500).await;
    let commands: Vec<_> = (0..50)
        .map(|_| PlaceHold {
            least: Units(10),
            ..world.hold(&customer, 30)
        })
        .collect();
    let answers = place_at_once(world, commands).await;
    let granted: Vec<i64> = answers.into_iter().filter_map(Result::ok).collect();
    assert!(
        granted.iter().all(|amount| (10..=30).contains(amount)),
        "{granted:?}"
    );
    let sum: i64 = granted.iter().sum();
    assert!(sum <= 500 && 500 - sum < 10, "{sum} of 500 is held");
    world.expect_figures(&customer, 500, sum).await;
}

/// Between the least and what is wanted, a hold takes all there is.
pub async fn a_hold_takes_what_is_there_but_not_less_than_the_least(world: &World) {
    let customer = world.customer_with(40).await;
    let wallets = &world.store.wallets;
    let too_much = PlaceHold {
        least: Units(41),
        ..world.hold(&customer, 100)
    };
    let refused = wallets.place_hold(too_much).await.unwrap_err();
    assert!(
        matches!(
            refused,
            PlaceHoldError::Insufficient {
                available: Units(40)
            }
        ),
        "{refused:?}"
    );
    world.expect_figures(&customer, 40, 0).await;

    let just_right = PlaceHold {
        least: Units(40),
        ..world.hold(&customer, 100)
    };
    let placed = wallets.place_hold(just_right).await.unwrap();
    assert_eq!(placed.hold.total(), Ok(Units(40)));
    assert_eq!(placed.available, Units(0));

    // A least of nothing still wants something.
    let anything = PlaceHold {
        least: Units(0),
        ..world.hold(&customer, 1)
    };
    let refused = wallets.place_hold(anything).await.unwrap_err();
    assert!(
        matches!(
            refused,
            PlaceHoldError::Insufficient {
                available: Units(0)
            }
        ),
        "{refused:?}"
    );
    world.expect_figures(&customer, 40, 40).await;
}

/// A hold of nothing needs neither money nor a wallet, and is settled like others.
pub async fn a_hold_of_nothing_is_always_granted(world: &World) {
    let customer = world.customer_with(10).await;
    let refund = world.topup(&customer, -30);
    world.store.wallets.credit(refund).await.unwrap();
    let hold = world.place(&world.hold(&customer, 0)).await;
    assert_eq!(hold.parts, []);
    assert!(hold.is_open());

    let elsewhere = PlaceHold {
        currency: "EUR".parse().unwrap(),
        ..world.hold(&customer, 0)
    };
    let elsewhere = world.place(&elsewhere).await;
    let free = world.settlement(&elsewhere, 0);
    let settled = world.store.wallets.settle(free).await.unwrap();
    assert_eq!((settled.charged, settled.shortfall), (Units(0), Units(0)));
    world.expect_figures(&customer, -20, 0).await;
}

/// No wallet in a currency is a wallet with nothing in it.
pub async fn without_a_wallet_there_is_no_money(world: &World) {
    let customer = world.customer_with(1_000).await;
    let command = PlaceHold {
        currency: "EUR".parse().unwrap(),
        ..world.hold(&customer, 5)
    };
    let refused = world.store.wallets.place_hold(command).await.unwrap_err();
    assert!(
        matches!(
            refused,
            PlaceHoldError::Insufficient {
                available: Units(0)
            }
        ),
        "{refused:?}"
    );
    world.expect_figures(&customer, 1_000, 0).await;
}

/// With a credit line a wallet goes below zero, as far as that and no further.
pub async fn the_credit_line_is_the_floor(world: &World) {
    let customer = world.customer_with(10).await;
    world.set_credit_line(&customer, 30).await;
    assert_eq!(
        world
            .source(customer.account, customer.paid)
            .await
            .credit_line,
        Units(30)
    );
    let hold = world.place(&world.hold(&customer, 40)).await;
    let more = world.hold(&customer, 1);
    assert!(world.store.wallets.place_hold(more).await.is_err());
    let settle = world.settlement(&hold, 40);
    let settled = world.store.wallets.settle(settle).await.unwrap();
    assert_eq!((settled.charged, settled.available), (Units(40), Units(0)));
    world.expect_figures(&customer, -30, 0).await;
}

/// The operator may take a credit line back while it is used: what is owed stays
/// owed, and nothing more is spent.
pub async fn a_credit_line_below_what_is_owed_spends_nothing(world: &World) {
    let customer = world.sign_up().await;
    world.set_credit_line(&customer, 100).await;
    world.call(&customer, 60).await;
    let open = world.place(&world.hold(&customer, 20)).await;
    world.set_credit_line(&customer, 0).await;
    let more = world.hold(&customer, 1);
    let refused = world.store.wallets.place_hold(more).await.unwrap_err();
    assert!(
        matches!(refused, PlaceHoldError::Insufficient { available } if available <= Units(0)),
        "{refused:?}"
    );
    // What was held before is still good.
    let settle = world.settlement(&open, 20);
    let settled = world.store.wallets.settle(settle).await.unwrap();
    assert_eq!(
        (settled.charged, settled.shortfall),
        (Units(20), Units::ZERO)
    );
    world.expect_figures(&customer, -80, 0).await;
}

/// Commands of many customers at once, some refused: each gets their own answer.
pub async fn neighbours_in_a_batch_do_not_harm_each_other(world: &World) {
    let mut customers = Vec::new();
    for number in 0..12 {
        let funds = if number % 3 == 0 { 4 } else { 50 };
        customers.push((world.customer_with(funds).await, funds));
    }
    let commands: Vec<_> = (0..5)
        .flat_map(|_| customers.iter().map(|(customer, _)| customer))
        .map(|customer| world.hold(customer, 10))
        .collect();
    let answers = place_at_once(world, commands).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 40);
    for (customer, funds) in &customers {
        let held = if *funds == 50 { 50 } else { 0 };
        world.expect_figures(customer, *funds, held).await;
    }
}

/// Places holds at once; answers how much each set aside.
pub(super) async fn place_at_once(
    world: &World,
    commands: impl IntoIterator<Item = PlaceHold>,
) -> Vec<Result<i64, PlaceHoldError>> {
    let tasks: Vec<_> = commands
        .into_iter()
        .map(|command| {
            let wallets = Arc::clone(&world.store.wallets);
            async move {
                let placed = wallets.place_hold(command).await?;
                Ok(placed.hold.total().unwrap().0)
            }
        })
        .collect();
    at_once(tasks).await
}

/// Ten minutes and a bit: longer than a hold lasts here.
pub(crate) const LONGER_THAN_A_HOLD: Duration = Duration::from_secs(660);
