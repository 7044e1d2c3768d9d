//! Customers who leave, at any moment: nothing stays held, and what was produced for
//! them is paid for once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::harness::{
    Ask, Books, Connection, Customer, Database, Folder, Heard, Setup, Upstream, alone, sell,
};

const CLIENTS: usize = 64;
const CALLS: usize = 2_000;
/// The provider takes so long.
const ANSWER: Duration = Duration::from_millis(60);
/// Nobody waits longer: customers leave at any moment from at once to long after the
/// end.
const LONGEST_MILLIS: usize = 300;
const CREDIT_UNITS: i64 = 100_000_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn departures_over_sqlite_leave_nothing_behind() {
    let _machine = alone().await;
    let folder = Folder::new();
    let upstream = Upstream::answering(ANSWER).await;
    leave(&Setup::sqlite(folder.path(), &upstream), &upstream).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn departures_over_postgres_leave_nothing_behind() {
    let _machine = alone().await;
    let (folder, database) = (Folder::new(), Database::new().await);
    let upstream = Upstream::answering(ANSWER).await;
    let setup = Setup::postgres(folder.path(), &upstream, &database.url());
    leave(&setup, &upstream).await;
}

async fn leave(setup: &Setup, upstream: &Upstream) {
    let gateway = setup.start().await;
    sell(&gateway, "0.001").await;
    let customer = Customer::with_credit(&gateway, "100").await;
    let next = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (address, key) = (gateway.address, customer.key.clone());
        let next = Arc::clone(&next);
        clients.spawn(async move {
            let mut whole = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= CALLS {
                    return whole;
                }
                let ask = match number % 2 {
                    0 => Ask::plain("leaves"),
                    _ => Ask::stream("leaves"),
                };
                let mut connection = Connection::open(address).await.unwrap();
                let millis = number * 7 % LONGEST_MILLIS;
                let patience = Duration::from_millis(u64::try_from(millis).unwrap());
                let heard = timeout(patience, ask.send_on(&mut connection, &key)).await;
                whole.extend(heard.ok().filter(Heard::is_whole));
            }
        });
    }
    let whole: Vec<Heard> = clients.join_all().await.into_iter().flatten().collect();
    let took = Books::nothing_held(&gateway, &customer).await;
    let books = Books::read(&gateway, &customer, CREDIT_UNITS).await;
    println!(
        "{CALLS} calls, {} heard to their end, {} reached the provider, {} charged, {} disconnected; nothing held {took:?} after the last",
        whole.len(),
        upstream.calls(),
        books.charged(),
        books.with_status("client_disconnected"),
    );
    for heard in &whole {
        let row = &books.calls[&heard.generation().unwrap()];
        assert!(row.cost > 0 && row.status == "ok", "{heard:?} {row:?}");
    }
    assert!(books.charged() <= upstream.calls());
    assert!(whole.len() < CALLS * 9 / 10, "hardly anybody left");
    assert!(books.with_status("client_disconnected") > CALLS / 10);
    assert_eq!(setup.prove_the_books()["open_holds"], 0);
}
