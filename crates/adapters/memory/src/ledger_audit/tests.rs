use std::sync::Arc;

use vuzo_contracts::{Customer, Store, World};
use vuzo_domain::money::Units;
use vuzo_domain::port::LedgerAudit;
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::{HoldState, TransferKind};

use crate::MemoryStore;
use crate::store::State;

struct Broken {
    store: Arc<MemoryStore>,
    world: World,
    customer: Customer,
}

/// Sound books with a top-up, a call and an open hold.
async fn sound() -> Broken {
    let store = Arc::new(MemoryStore::new());
    let world = World::new(Store::of(&store));
    let customer = world.customer_with(1_000).await;
    world.call(&customer, 100).await;
    world.place(&world.hold(&customer, 10)).await;
    Broken {
        store,
        world,
        customer,
    }
}

/// Breaks sound books and expects these rules to be found broken, in any order.
async fn check(expected: &[&str], break_it: impl FnOnce(&mut State, &Broken)) {
    let books = sound().await;
    books.world.expect_proof().await;
    break_it(&mut books.store.state(), &books);
    let report = books
        .store
        .audit_ledger(Timestamp::default())
        .await
        .unwrap();
    let mut rules: Vec<_> = report.findings.iter().map(|found| found.rule).collect();
    rules.sort_unstable();
    assert_eq!(rules, expected, "{:?}", report.findings);
}

impl Broken {
    fn change_paid(&self, state: &mut State, change: impl FnOnce(&mut Units, &mut Units)) {
        for wallet in state.ledger.wallets.values_mut() {
            if let Some(source) = wallet.book.source_mut(self.customer.paid) {
                return change(&mut source.posted, &mut source.held);
            }
        }
        unreachable!("the customer has a wallet")
    }
}

fn drop_transfers(state: &mut State, kind: TransferKind) {
    state
        .ledger
        .transfers
        .retain(|_, transfer| transfer.kind != kind);
}

#[tokio::test]
async fn a_balance_that_is_not_the_sum_is_found() {
    check(&["balance"], |state, books| {
        books.change_paid(state, |posted, _| posted.0 += 1);
    })
    .await;
}

#[tokio::test]
async fn a_held_sum_that_is_not_that_of_the_holds_is_found() {
    check(&["held"], |state, books| {
        books.change_paid(state, |_, held| held.0 -= 1);
    })
    .await;
    check(&["held"], |state, _| {
        for row in state.ledger.holds.values_mut() {
            if row.hold.is_open() {
                row.hold.parts.clear();
            }
        }
    })
    .await;
}

#[tokio::test]
async fn an_overdraft_is_found() {
    check(&["balance", "floor"], |state, books| {
        books.change_paid(state, |posted, _| posted.0 = 9);
    })
    .await;
}

#[tokio::test]
async fn a_lost_charge_is_found() {
    check(&["balance", "usage"], |state, _| {
        drop_transfers(state, TransferKind::Usage);
    })
    .await;
}

#[tokio::test]
async fn a_charge_without_a_call_is_found() {
    check(&["hold", "orphan"], |state, _| state.ledger.calls.clear()).await;
}

#[tokio::test]
async fn a_hold_that_was_captured_for_another_charge_is_found() {
    check(&["hold"], |state, _| {
        for row in state.ledger.holds.values_mut() {
            if let HoldState::Ended { end, .. } = &mut row.hold.state {
                *end = vuzo_domain::wallet::HoldEnd::Captured(Units(99));
            }
        }
    })
    .await;
}

#[tokio::test]
async fn money_of_nobody_is_found() {
    check(&["balance", "held"], |state, _| {
        state.ledger.wallets.clear();
    })
    .await;
}
