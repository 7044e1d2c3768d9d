use std::sync::Arc;

use vuzo_domain::catalog::ProviderId;
use vuzo_domain::chat::LoggedCall;
use vuzo_domain::id::HoldId;
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::SettleError;
use vuzo_domain::wallet::{HoldEnd, HoldState, ProviderDebt, TransferKind};

use super::hold::LONGER_THAN_A_HOLD;
use crate::{World, at_once};

/// Money, transfer, hold and usage line all say the same.
pub async fn a_settlement_takes_the_charge_and_gives_the_rest_back(world: &World) {
    let customer = world.customer_with(1_000).await;
    let command = world.hold(&customer, 300);
    let hold = world.place(&command).await;
    let settle = world.settlement(&hold, 120);
    let settled = world.store.wallets.settle(settle.clone()).await.unwrap();
    assert_eq!(
        (settled.charged, settled.shortfall),
        (Units(120), Units::ZERO)
    );
    assert_eq!(settled.available, Units(880));
    let newest = world.transfers(customer.account).await.swap_remove(0);
    assert_eq!(newest.kind, TransferKind::Usage);
    assert_eq!(newest.debit, customer.paid);
    assert!(newest.credit.is_system());
    assert_eq!(newest.amount, Units(120));
    assert_eq!(newest.account, Some(customer.account));
    assert_eq!(newest.generation, Some(command.call));
    assert_eq!(newest.description.as_deref(), Some("gpt-4o"));
    assert_eq!(newest.balance_after, Some(Units(880)));
    assert_eq!(newest.at, settle.charge.at);
    let found = world.store.usage.find_call(None, command.call).await;
    let logged = LoggedCall {
        record: settle.record,
        charged: Units(120),
    };
    assert_eq!(found.unwrap(), Some(logged));
    let ended = HoldState::Ended {
        end: HoldEnd::Captured(Units(120)),
        at: settle.charge.at,
    };
    assert_eq!(world.place(&command).await.state, ended);
    world.expect_figures(&customer, 880, 0).await;
}

/// In turn or at once, with the same charge or another: the first one counts.
pub async fn a_retried_settlement_changes_nothing(world: &World) {
    let customer = world.customer_with(1_000).await;
    let wallets = &world.store.wallets;
    let hold = world.place(&world.hold(&customer, 300)).await;
    let settle = world.settlement(&hold, 120);
    let first = wallets.settle(settle.clone()).await.unwrap();
    for command in [settle.clone(), world.settlement(&hold, 290)] {
        let again = wallets.settle(command).await.unwrap();
        assert_eq!(
            (again.charged, again.shortfall),
            (first.charged, first.shortfall)
        );
    }
    world.expect_figures(&customer, 880, 0).await;
    assert_eq!(world.transfers(customer.account).await.len(), 2);

    let hold = world.place(&world.hold(&customer, 300)).await;
    let settle = world.settlement(&hold, 100);
    let tasks = (0..20).map(|_| {
        let wallets = Arc::clone(wallets);
        let command = settle.clone();
        async move { wallets.settle(command).await.unwrap().charged }
    });
    for charged in at_once(tasks).await {
        assert_eq!(charged, Units(100));
    }
    world.expect_figures(&customer, 780, 0).await;
    assert_eq!(world.transfers(customer.account).await.len(), 3);
}

/// The customer pays the hold; the operator bears the rest, on the books.
pub async fn what_exceeds_the_hold_is_shortfall(world: &World) {
    let customer = world.customer_with(1_000).await;
    let hold = world.place(&world.hold(&customer, 100)).await;
    let settle = world.settlement(&hold, 130);
    for _ in 0..2 {
        let settled = world.store.wallets.settle(settle.clone()).await.unwrap();
        assert_eq!(
            (settled.charged, settled.shortfall),
            (Units(100), Units(30))
        );
    }
    world.expect_figures(&customer, 900, 0).await;
}

/// A call that costs nothing moves nothing, and is on record.
pub async fn a_charge_of_nothing_ends_the_hold(world: &World) {
    let customer = world.customer_with(1_000).await;
    let command = world.hold(&customer, 100);
    let hold = world.place(&command).await;
    let settle = world.settlement(&hold, 0);
    for _ in 0..2 {
        let settled = world.store.wallets.settle(settle.clone()).await.unwrap();
        assert_eq!(
            (settled.charged, settled.available),
            (Units(0), Units(1_000))
        );
    }
    assert!(!world.place(&command).await.is_open());
    let found = world.store.usage.find_call(None, command.call).await;
    assert!(found.unwrap().is_some());
    assert_eq!(world.transfers(customer.account).await.len(), 1);
    world.expect_figures(&customer, 1_000, 0).await;
}

/// After the reaper, a settlement takes what is available now and never more.
pub async fn a_late_settlement_takes_what_is_left(world: &World) {
    let customer = world.customer_with(100).await;
    let wallets = &world.store.wallets;
    let command = world.hold(&customer, 80);
    let hold = world.place(&command).await;
    world.pass(LONGER_THAN_A_HOLD);
    assert_eq!(
        wallets.expire_holds(world.now(), 10).await.unwrap().len(),
        1
    );
    let rival = world.place(&world.hold(&customer, 70)).await;
    let settle = world.settlement(&hold, 80);
    for _ in 0..2 {
        let settled = wallets.settle(settle.clone()).await.unwrap();
        assert_eq!((settled.charged, settled.shortfall), (Units(30), Units(50)));
    }
    let HoldState::Ended { end, .. } = world.place(&command).await.state else {
        unreachable!("the reaper ended it")
    };
    assert_eq!(end, HoldEnd::Expired, "a hold ends once");
    world.expect_figures(&customer, 70, 70).await;
    wallets.settle(world.settlement(&rival, 70)).await.unwrap();
    world.expect_figures(&customer, 0, 0).await;
}

/// There is nothing to settle without a hold.
pub async fn an_unknown_hold_is_not_settled(world: &World) {
    let customer = world.customer_with(100).await;
    let mut hold = world.place(&world.hold(&customer, 10)).await;
    hold.id = HoldId::from_uuid(world.uuid());
    let command = world.settlement(&hold, 5);
    let refused = world.store.wallets.settle(command).await.unwrap_err();
    assert!(matches!(refused, SettleError::UnknownHold), "{refused:?}");
    let call = hold.id.generation();
    let found = world.store.usage.find_call(None, call).await.unwrap();
    assert!(found.is_none());
    world.expect_figures(&customer, 100, 10).await;
}

/// Fifty settlements at once lose nothing, and every balance on the way is told
/// once.
pub async fn concurrent_settlements_sum_up(world: &World) {
    let customer = world.customer_with(50 * 9).await;
    let mut tasks = Vec::new();
    for _ in 0..50 {
        let hold = world.place(&world.hold(&customer, 9)).await;
        let command = world.settlement(&hold, 7);
        let wallets = Arc::clone(&world.store.wallets);
        tasks.push(async move { wallets.settle(command).await.unwrap().charged });
    }
    let charged = at_once(tasks).await;
    assert!(charged.iter().all(|amount| *amount == Units(7)));
    let mut balances: Vec<i64> = world
        .transfers(customer.account)
        .await
        .iter()
        .map(|transfer| transfer.balance_after.unwrap().0)
        .collect();
    balances.sort_unstable_by_key(|balance| core::cmp::Reverse(*balance));
    let expected: Vec<i64> = (0..=50).map(|done| 450 - 7 * done).collect();
    assert_eq!(balances, expected);
    world.expect_figures(&customer, 100, 0).await;
}

/// Whoever is first, the call is charged once and the hold ends once.
pub async fn a_settlement_and_the_reaper_do_not_both_win(world: &World) {
    let customer = world.customer_with(20 * 10).await;
    let mut settlements = Vec::new();
    for _ in 0..20 {
        let hold = world.place(&world.hold(&customer, 10)).await;
        settlements.push(world.settlement(&hold, 10));
    }
    world.pass(LONGER_THAN_A_HOLD);
    let now = world.now();
    let reapers = (0..5).map(|_| {
        let wallets = Arc::clone(&world.store.wallets);
        async move {
            wallets
                .expire_holds(now, 4)
                .await
                .map(|_| Units::ZERO)
                .unwrap()
        }
    });
    let settlements = settlements.into_iter().map(|command| {
        let wallets = Arc::clone(&world.store.wallets);
        async move { wallets.settle(command).await.unwrap().charged }
    });
    let (_, charged) = tokio::join!(at_once(reapers), at_once(settlements));
    assert_eq!(charged, vec![Units(10); 20]);
    world.expect_figures(&customer, 0, 0).await;
    assert_eq!(world.transfers(customer.account).await.len(), 21);
}

/// What providers are owed is on the books, and not on the customer's list.
pub async fn providers_are_owed_their_cost(world: &World) {
    let customer = world.customer_with(100).await;
    let hold = world.place(&world.hold(&customer, 50)).await;
    let mut settle = world.settlement(&hold, 50);
    settle.charge.provider_debts = vec![
        ProviderDebt {
            provider: ProviderId::new("openai").unwrap(),
            amount: Units(12),
            currency: Currency::USD,
        },
        ProviderDebt {
            provider: ProviderId::new("xai").unwrap(),
            amount: Units(0),
            currency: Currency::USD,
        },
    ];
    world.store.wallets.settle(settle).await.unwrap();
    assert_eq!(world.transfers(customer.account).await.len(), 2);
    let audited = world.store.ledger_audit.audit_ledger(world.now()).await;
    assert_eq!(
        audited.unwrap().transfers,
        3,
        "the top-up, the charge, the debt"
    );
    world.expect_figures(&customer, 50, 0).await;
}
