//! One `Idempotency-Key` is one call, whoever sends it how often.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::harness::{
    Ask, Books, Customer, Database, Folder, Gateway, Heard, Setup, Upstream, alone, sell, setting,
    until,
};

const CLIENTS: usize = 20;
const CREDIT_UNITS: i64 = 10_000_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_is_one_call_over_sqlite() {
    let _machine = alone().await;
    let folder = Folder::new();
    let upstream = Upstream::answering(Duration::from_millis(300)).await;
    let setup = Setup::sqlite(folder.path(), &upstream);
    let gateway = setup.start().await;
    send_again(&setup, vec![gateway], &upstream).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_is_one_call_on_two_instances_over_postgres() {
    let _machine = alone().await;
    let (folder, database) = (Folder::new(), Database::new().await);
    let upstream = Upstream::answering(Duration::from_millis(300)).await;
    let setup = Setup::postgres(folder.path(), &upstream, &database.url())
        .with("REDIS_URL", &setting("VUZO_TEST_REDIS_URL"));
    let gateways = vec![setup.start().await, setup.start().await];
    send_again(&setup, gateways, &upstream).await;
}

async fn send_again(setup: &Setup, gateways: Vec<Gateway>, upstream: &Upstream) {
    sell(&gateways[0], "0.001").await;
    let customer = Customer::with_credit(&gateways[0], "10").await;
    let mut kept = Vec::new();
    for (number, ask) in [Ask::plain("again"), Ask::stream("again")]
        .iter()
        .enumerate()
    {
        let ask = ask.clone().once(&format!("key-{number}"));
        let first = send_together(&gateways, &customer, &ask).await;
        assert_eq!(
            upstream.calls(),
            number + 1,
            "one call reaches the provider"
        );
        for gateway in &gateways {
            let again = ask.send(gateway.address, &customer.key).await;
            assert_replayed(&again, &first);
        }
        let other = Ask::plain("something else").once(&format!("key-{number}"));
        let refused = other.send(gateways[0].address, &customer.key).await.answer;
        let refused = refused.expect(422);
        assert_eq!(refused.code(), "idempotency_key_mismatch");
        kept.push((ask, first));
    }
    let bad = Ask::plain("x").once(&"k".repeat(300));
    let bad = bad.send(gateways[0].address, &customer.key).await.answer;
    assert_eq!(bad.expect(400).code(), "invalid_idempotency_key");
    // Neither another key nor another account is the same customer's promise.
    let (ask, first) = &kept[0];
    let stranger = Customer::with_credit(&gateways[0], "10").await;
    let theirs = ask.send(gateways[0].address, &stranger.key).await;
    assert!(theirs.is_whole(), "{theirs:?}");
    assert_ne!(theirs.generation(), first.generation());
    // A process that ends takes no answer with it.
    drop(gateways);
    let gateway = setup.start().await;
    for (ask, first) in &kept {
        assert_replayed(&ask.send(gateway.address, &customer.key).await, first);
    }
    assert_eq!(upstream.calls(), kept.len() + 1);
    let books = Books::read(&gateway, &customer, CREDIT_UNITS).await;
    assert_eq!(
        (books.calls.len(), books.charged()),
        (kept.len(), kept.len())
    );
    assert_eq!(setup.prove_the_books()["open_holds"], 0);
}

/// Sends the same from many clients at once, and answers what the one heard that was
/// served.
async fn send_together(gateways: &[Gateway], customer: &Customer, ask: &Ask) -> Heard {
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let address = gateways[client % gateways.len()].address;
        let (ask, key) = (ask.clone(), customer.key.clone());
        clients.spawn(async move { ask.send(address, &key).await });
    }
    let mut served: Option<Heard> = None;
    let mut answers = BTreeMap::new();
    for heard in clients.join_all().await {
        let answer = &heard.answer;
        *answers.entry((answer.status, answer.code())).or_insert(0) += 1;
        if answer.status == 409 {
            assert_eq!(answer.code(), "idempotency_key_in_use");
            assert!(answer.header("retry-after").is_some(), "{answer:?}");
            continue;
        }
        assert!(heard.is_whole(), "{heard:?}");
        match &served {
            Some(first) => assert_eq!(heard.answer.body, first.answer.body),
            None => served = Some(heard),
        }
    }
    println!("{CLIENTS} at once: {answers:?}");
    let served = served.expect("one is served");
    let replayed = || async {
        ask.send(gateways[0].address, &customer.key)
            .await
            .is_whole()
    };
    until("the answer is kept", replayed).await;
    served
}

/// The same bytes, and the same call.
fn assert_replayed(again: &Heard, first: &Heard) {
    assert!(again.is_whole(), "{again:?}");
    assert_eq!(again.answer.body, first.answer.body);
    assert_eq!(again.generation(), first.generation());
    assert_eq!(again.answer.header("idempotent-replayed"), Some("true"));
    let kind = |heard: &Heard| heard.answer.header("content-type").map(ToOwned::to_owned);
    assert_eq!(kind(again), kind(first));
}
