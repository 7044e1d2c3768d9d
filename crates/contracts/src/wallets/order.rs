use core::time::Duration;

use vuzo_domain::money::Units;
use vuzo_domain::port::PlaceHoldError;
use vuzo_domain::wallet::{GrantKind, TransferKind};

use super::hold::LONGER_THAN_A_HOLD;
use crate::World;

const DAY: Duration = Duration::from_secs(86_400);

/// Grants that expire go first, soonest first; then the plan's allowance; then
/// grants without end; then paid money.
pub async fn grants_are_spent_in_their_order(world: &World) {
    let customer = world.customer_with(100).await;
    let soon = Some(world.now().after(DAY));
    let later = Some(world.now().after(2 * DAY));
    let mut expected = Vec::new();
    for (amount, kind, until) in [
        (20, GrantKind::Plan, soon),
        (5, GrantKind::Promo, None),
        (10, GrantKind::Trial, later),
        (12, GrantKind::Promo, soon),
    ] {
        let (source, command) = world.grant(&customer, amount, kind, until);
        world.store.wallets.credit(command).await.unwrap();
        expected.push((source, amount));
    }
    let hold = world.place(&world.hold(&customer, 50)).await;
    let parts: Vec<_> = hold
        .parts
        .iter()
        .map(|part| (part.source, part.amount.0))
        .collect();
    let [plan, endless, later, soon] = expected[..] else {
        unreachable!("there are four grants")
    };
    assert_eq!(parts, [soon, later, plan, endless, (customer.paid, 3)]);
    world.expect_figures(&customer, 147, 50).await;
}

/// What has expired is neither available nor held, even before it is taken back.
pub async fn an_expired_grant_is_not_held(world: &World) {
    let customer = world.customer_with(10).await;
    let until = world.now().after(Duration::from_secs(60));
    let (_, command) = world.grant(&customer, 500, GrantKind::Trial, Some(until));
    world.store.wallets.credit(command).await.unwrap();
    world.pass(LONGER_THAN_A_HOLD);
    let refused = world.store.wallets.place_hold(world.hold(&customer, 11));
    assert!(
        matches!(
            refused.await.unwrap_err(),
            PlaceHoldError::Insufficient {
                available: Units(10)
            }
        ),
        "only paid money is left"
    );
    let hold = world.place(&world.hold(&customer, 10)).await;
    assert_eq!(hold.parts[0].source, customer.paid);
    world.expect_figures(&customer, 510, 10).await;
}

/// A charge over several sources is one transfer each, with the balance after it.
pub async fn a_call_is_paid_from_several_sources_at_once(world: &World) {
    let customer = world.customer_with(100).await;
    let (trial, command) = world.grant(&customer, 30, GrantKind::Trial, None);
    world.store.wallets.credit(command).await.unwrap();
    let hold = world.place(&world.hold(&customer, 60)).await;
    let settle = world.settlement(&hold, 45);
    let settled = world.store.wallets.settle(settle).await.unwrap();
    assert_eq!((settled.charged, settled.available), (Units(45), Units(85)));
    let mut usage: Vec<_> = world
        .transfers(customer.account)
        .await
        .into_iter()
        .filter(|transfer| transfer.kind == TransferKind::Usage)
        .map(|transfer| {
            assert_eq!(transfer.generation, Some(hold.id.generation()));
            assert!(transfer.credit.is_system());
            (transfer.debit, transfer.amount.0, transfer.balance_after)
        })
        .collect();
    usage.sort_by_key(|(_, amount, _)| core::cmp::Reverse(*amount));
    assert_eq!(
        usage,
        [
            (trial, 30, Some(Units(100))),
            (customer.paid, 15, Some(Units(85)))
        ]
    );
    world.expect_figures(&customer, 85, 0).await;
}
