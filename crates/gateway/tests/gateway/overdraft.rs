//! Credit for exactly so many calls, and twice as many that want it at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;

use crate::harness::{
    Ask, Books, Customer, Database, Folder, Gateway, Setup, Upstream, alone, sell, setting,
};

const CLIENTS: usize = 192;
const WANTED: usize = 2_000;
const AFFORDABLE: usize = 1_000;
const PRICE: &str = "0.001";
const CREDIT: &str = "1.00";
const CREDIT_UNITS: i64 = 1_000_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_instances_over_postgres_serve_what_is_paid_for() {
    let _machine = alone().await;
    let (folder, database) = (Folder::new(), Database::new().await);
    let upstream = Upstream::answering(Duration::from_millis(5)).await;
    let setup = Setup::postgres(folder.path(), &upstream, &database.url())
        .with("REDIS_URL", &setting("VUZO_TEST_REDIS_URL"));
    let first = setup.start().await;
    let customer = prepare(&first).await;
    let gateways = [first, setup.start().await, setup.start().await];
    spend_everything(&setup, &gateways, &customer, &upstream).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_instance_over_sqlite_serves_what_is_paid_for() {
    let _machine = alone().await;
    let folder = Folder::new();
    let upstream = Upstream::answering(Duration::from_millis(5)).await;
    let setup = Setup::sqlite(folder.path(), &upstream);
    let gateways = [setup.start().await];
    let customer = prepare(&gateways[0]).await;
    spend_everything(&setup, &gateways, &customer, &upstream).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spending_cap_lets_in_what_it_carries_on_two_instances() {
    let _machine = alone().await;
    let (folder, database) = (Folder::new(), Database::new().await);
    let upstream = Upstream::answering(Duration::from_millis(5)).await;
    let setup = Setup::postgres(folder.path(), &upstream, &database.url());
    let first = setup.start().await;
    let mut customer = prepare(&first).await;
    let cap = json!({"spend_cap": {"amount": "0.25", "currency": "USD", "window": "total"}});
    customer.key = customer.new_key(&first, &cap).await.1;
    let gateways = [first, setup.start().await];
    let answers = rush(&gateways, &customer).await;
    println!("a key with a cap of 250 calls: {answers:?}");
    let refused = (429, "spending_cap_reached".to_owned());
    let expected = BTreeMap::from([((200, String::new()), 250), (refused, WANTED - 250)]);
    assert_eq!(answers, expected);
    assert_eq!(upstream.calls(), 250, "calls that reached the provider");
    let books = Books::read(&gateways[1], &customer, CREDIT_UNITS).await;
    assert_eq!(books.charged(), 250);
    assert_eq!(setup.prove_the_books()["open_holds"], 0);
}

async fn prepare(gateway: &Gateway) -> Customer {
    sell(gateway, PRICE).await;
    Customer::with_credit(gateway, CREDIT).await
}

async fn spend_everything(
    setup: &Setup,
    gateways: &[Gateway],
    customer: &Customer,
    upstream: &Upstream,
) {
    let begun = Instant::now();
    let answers = rush(gateways, customer).await;
    let took = begun.elapsed();
    println!(
        "{WANTED} calls on {CLIENTS} connections over {} instances took {took:?}: {answers:?}, {} reached the provider",
        gateways.len(),
        upstream.calls(),
    );
    let expected = BTreeMap::from([
        ((200, String::new()), AFFORDABLE),
        (
            (402, "insufficient_credits".to_owned()),
            WANTED - AFFORDABLE,
        ),
    ]);
    assert_eq!(answers, expected);
    assert_eq!(
        upstream.calls(),
        AFFORDABLE,
        "calls that reached the provider"
    );
    for gateway in gateways {
        let books = Books::read(gateway, customer, CREDIT_UNITS).await;
        assert_eq!((books.charged(), books.posted), (AFFORDABLE, 0));
    }
    let ledger = setup.prove_the_books();
    assert_eq!(ledger["open_holds"], 0, "{ledger}");
}

/// Every client calls again and again on its own connection until all calls are made.
async fn rush(gateways: &[Gateway], customer: &Customer) -> BTreeMap<(u16, String), usize> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let mut connection = gateways[client % gateways.len()].connect().await;
        let (key, next) = (customer.key.clone(), Arc::clone(&next));
        clients.spawn(async move {
            let mut answers = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= WANTED {
                    return answers;
                }
                let ask = match number % 2 {
                    0 => Ask::plain("spend"),
                    _ => Ask::stream("spend"),
                };
                let heard = ask.send_on(&mut connection, &key).await;
                assert!(heard.is_complete, "{heard:?}");
                assert_eq!(heard.is_whole(), heard.answer.status == 200, "{heard:?}");
                answers.push((heard.answer.status, heard.answer.code()));
            }
        });
    }
    let mut answers = BTreeMap::new();
    for answer in clients.join_all().await.into_iter().flatten() {
        *answers.entry(answer).or_insert(0) += 1;
    }
    answers
}
