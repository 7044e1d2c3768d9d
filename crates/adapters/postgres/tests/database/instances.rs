use core::time::Duration;
use std::collections::HashSet;
use std::sync::Arc;

use diesel_async::SimpleAsyncConnection;
use tokio::task::JoinSet;
use vuzo_contracts::{World, at_once};
use vuzo_domain::money::Units;
use vuzo_domain::port::{Settle, Wallets};
use vuzo_domain::wallet::{Cap, CapCheck, CapScope, CapWindow};

use super::{count, world};
use crate::common::Database;

fn either(world: &World, second: &Arc<impl Wallets>, number: i64) -> Arc<dyn Wallets> {
    if number % 2 == 0 {
        Arc::clone(&world.store.wallets)
    } else {
        Arc::<_>::clone(second) as Arc<dyn Wallets>
    }
}

/// Two hundred holds at once through two instances, for what is there for sixty.
#[tokio::test(flavor = "multi_thread")]
async fn two_instances_never_overdraw() {
    let database = Database::new().await;
    let world = world(&database);
    let second = database.open();
    let customer = world.customer_with(60 * 7 + 6).await;
    let holds = (0..200).map(|number| {
        let wallets = either(&world, &second, number);
        let command = world.hold(&customer, 7);
        async move { wallets.place_hold(command).await.is_ok() }
    });
    let placed = at_once(holds.collect::<Vec<_>>()).await;
    assert_eq!(placed.into_iter().filter(|placed| *placed).count(), 60);
    world.expect_figures(&customer, 426, 420).await;
}

/// The same with a cap that binds before the balance does.
#[tokio::test(flavor = "multi_thread")]
async fn two_instances_never_pass_a_cap() {
    let database = Database::new().await;
    let world = world(&database);
    let second = database.open();
    let customer = world.customer_with(10_000).await;
    let check = CapCheck {
        scope: CapScope::Account(customer.account),
        cap: Cap {
            window: CapWindow::Daily,
            limit: Units(30 * 7 + 3),
        },
    };
    let holds = (0..100).map(|number| {
        let wallets = either(&world, &second, number);
        let mut command = world.hold(&customer, 7);
        command.caps = vec![check];
        async move { wallets.place_hold(command).await.is_ok() }
    });
    let placed = at_once(holds.collect::<Vec<_>>()).await;
    assert_eq!(placed.into_iter().filter(|placed| *placed).count(), 30);
    world.expect_figures(&customer, 10_000, 210).await;
}

/// The same settlement sent to both instances, and the reapers of both meanwhile:
/// each call is charged once.
#[tokio::test(flavor = "multi_thread")]
async fn two_instances_settle_a_call_once() {
    let database = Database::new().await;
    let world = world(&database);
    let second = database.open();
    let customer = world.customer_with(10_000).await;
    let mut commands: Vec<Settle> = Vec::new();
    for _ in 0..40 {
        let hold = world.place(&world.hold(&customer, 10)).await;
        commands.push(world.settlement(&hold, 10));
    }
    // A hold of nothing has no wallet to lock.
    let stranger = world.sign_up().await;
    for _ in 0..10 {
        let hold = world.place(&world.hold(&stranger, 0)).await;
        commands.push(world.settlement(&hold, 0));
    }
    let later = world.now().after(Duration::from_secs(6_000));
    let mut tasks = JoinSet::new();
    for number in 0..8 {
        let wallets = either(&world, &second, number);
        tasks.spawn(async move {
            wallets.expire_holds(later, 5).await.unwrap();
        });
        for command in &commands {
            let wallets = either(&world, &second, number);
            let command = command.clone();
            tasks.spawn(async move {
                let settled = wallets.settle(command.clone()).await.unwrap();
                assert_eq!(settled.charged, command.charge.amount);
            });
        }
    }
    tasks.join_all().await;
    world.expect_figures(&customer, 9_600, 0).await;
    let mut conn = database.by_hand().await;
    let calls = count(&mut conn, "SELECT count(*) AS count FROM usage").await;
    assert_eq!(calls, 50);
}

/// Two reapers at once: each hold is ended, and answered, by one of them.
#[tokio::test(flavor = "multi_thread")]
async fn two_reapers_share_the_work() {
    let database = Database::new().await;
    let world = world(&database);
    let second = database.open();
    let mut placed = HashSet::new();
    for _ in 0..6 {
        let customer = world.customer_with(1_000).await;
        for _ in 0..10 {
            placed.insert(world.place(&world.hold(&customer, 5)).await.id);
        }
    }
    let later = world.now().after(Duration::from_secs(6_000));
    let reapers = (0..8).map(|number| {
        let wallets = either(&world, &second, number);
        async move { wallets.expire_holds(later, 25).await.unwrap() }
    });
    let mut ended: Vec<_> = at_once(reapers.collect::<Vec<_>>())
        .await
        .into_iter()
        .flatten()
        .map(|hold| hold.id)
        .collect();
    let rest = world.store.wallets.expire_holds(later, 1_000).await;
    ended.extend(rest.unwrap().iter().map(|hold| hold.id));
    assert_eq!(ended.len(), 60, "none is answered twice");
    assert_eq!(ended.into_iter().collect::<HashSet<_>>(), placed);
    world.expect_proof().await;
}

/// Opening a wallet while others already want to hold from it.
#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_is_opened_under_load() {
    let database = Database::new().await;
    let world = world(&database);
    let second = database.open();
    let euro = "EUR".parse().unwrap();
    for _ in 0..10 {
        let customer = world.sign_up().await;
        let mut tasks = JoinSet::new();
        for number in 0..8 {
            let wallets = either(&world, &second, number);
            let mut topup = world.topup(&customer, 10);
            topup.currency = euro;
            tasks.spawn(async move {
                wallets.credit(topup).await.unwrap();
                0
            });
            let wallets = either(&world, &second, number);
            let mut hold = world.hold(&customer, 1);
            hold.currency = euro;
            tasks.spawn(async move { i64::from(wallets.place_hold(hold).await.is_ok()) });
        }
        let held: i64 = tasks.join_all().await.into_iter().sum();
        let listed = world.store.wallets.list_wallets(customer.account).await;
        let wallet = listed
            .unwrap()
            .into_iter()
            .find(|wallet| wallet.currency == euro)
            .unwrap();
        assert_eq!(wallet.sources.len(), 1);
        assert_eq!(wallet.sources[0].posted, Units(80));
        assert_eq!(wallet.sources[0].held, Units(held));
    }
    world.expect_proof().await;
}

/// A command that breaks is alone in that: here one whose charge and record differ,
/// and one with a text that Postgres does not take.
#[tokio::test(flavor = "multi_thread")]
async fn a_broken_command_does_not_take_its_batch_along() {
    let database = Database::new().await;
    let world = world(&database);
    let customer = world.customer_with(10_000).await;
    let mut commands = Vec::new();
    for number in 0..40 {
        let hold = world.place(&world.hold(&customer, 10)).await;
        let mut command = world.settlement(&hold, 10);
        if number % 16 == 3 {
            command.charge.amount = Units(9);
        }
        if number % 16 == 7 {
            command.charge.description = "nothing \0 here".to_owned();
        }
        commands.push(command);
    }
    let settlements = commands.into_iter().map(|command| {
        let wallets = Arc::clone(&world.store.wallets);
        async move { wallets.settle(command).await.is_ok() }
    });
    let settled = at_once(settlements.collect::<Vec<_>>()).await;
    assert_eq!(settled.into_iter().filter(|settled| *settled).count(), 34);
    world.expect_figures(&customer, 10_000 - 340, 60).await;
}

/// What was begun is finished, whether its caller waits or not.
#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_leaves_does_not_leave_half_a_command() {
    let database = Database::new().await;
    let world = world(&database);
    let customer = world.customer_with(1_000).await;
    let hold = world.place(&world.hold(&customer, 10)).await;
    let command = world.settlement(&hold, 4);
    let store = database.open();
    {
        let mut settling = store.settle(command);
        let first_poll = std::future::poll_fn(|context| {
            std::task::Poll::Ready(settling.as_mut().poll(context).is_ready())
        });
        let _answered = first_poll.await;
        // The caller is gone before the answer, and the store right after it.
    }
    drop(store);
    let mut conn = database.by_hand().await;
    let calls = "SELECT count(*) AS count FROM usage";
    while count(&mut conn, calls).await == 0 {
        tokio::task::yield_now().await;
    }
    world.expect_figures(&customer, 996, 0).await;
}

/// While an administrator keeps a wallet to himself, its commands wait for him, and
/// reading goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_of_another_is_waited_for() {
    let database = Database::new().await;
    let world = world(&database);
    let customer = world.customer_with(1_000).await;
    let mut conn = database.by_hand().await;
    conn.batch_execute("BEGIN; UPDATE ledger_accounts SET posted = posted - 995")
        .await
        .unwrap();
    let wallets = Arc::clone(&world.store.wallets);
    let command = world.hold(&customer, 10);
    let placing = JoinSet::from_iter([async move { wallets.place_hold(command).await }]);
    let mut watch = database.by_hand().await;
    let waiting = "SELECT count(*) AS count FROM pg_stat_activity \
         WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while count(&mut watch, waiting).await == 0 {
        tokio::task::yield_now().await;
    }
    world.expect_figures(&customer, 1_000, 0).await;
    conn.batch_execute("COMMIT").await.unwrap();
    let placed = tokio::time::timeout(Duration::from_secs(20), placing.join_all()).await;
    // It decides on what the other has left.
    assert!(placed.unwrap().pop().unwrap().is_err());
}
