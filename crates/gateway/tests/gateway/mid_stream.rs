//! What changes while a call runs does not change what it costs.

use std::time::Duration;

use serde_json::json;

use crate::harness::{
    ADMIN_KEY, Act, Answer, Ask, Books, Customer, Database, Folder, Gateway, Heard, Request, Setup,
    Upstream, alone, chunks, sell, units,
};

const CREDIT_UNITS: i64 = 1_000_000_000;
const PRICE_UNITS: i64 = 1_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_costs_what_it_was_admitted_at_over_sqlite() {
    let _machine = alone().await;
    let folder = Folder::new();
    let upstream = slow_upstream().await;
    change_everything(&Setup::sqlite(folder.path(), &upstream)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_costs_what_it_was_admitted_at_over_postgres() {
    let _machine = alone().await;
    let (folder, database) = (Folder::new(), Database::new().await);
    let upstream = slow_upstream().await;
    change_everything(&Setup::postgres(folder.path(), &upstream, &database.url())).await;
}

async fn slow_upstream() -> Upstream {
    Upstream::start(|_seen| {
        let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
        let mut acts = vec![Act::Send(head.to_vec())];
        for piece in chunks(3) {
            acts.push(Act::Send(piece.into_bytes()));
            acts.push(Act::Pause(Duration::from_millis(300)));
        }
        acts.push(Act::Close);
        acts
    })
    .await
}

async fn change_everything(setup: &Setup) {
    let gateway = setup.start().await;
    sell(&gateway, "0.001").await;
    let customer = Customer::with_credit(&gateway, "1").await;
    let mut connection = gateway.connect().await;
    let mut answer = Answer::default();
    let request = Ask::stream("long").request(&customer.key);
    connection.send(&request).await.unwrap();
    connection.read_head(&mut answer).await.unwrap();

    sell(&gateway, "0.5").await;
    let path = format!("/v1/admin/accounts/{}", customer.account);
    let body = json!({"amount": "-0.9995", "currency": "USD", "reason": "taken back"});
    let take = Request::post(&format!("{path}/credits"), body.to_string()).bearer(ADMIN_KEY);
    gateway.call(&take).await.expect(201);
    let held = customer.read(&gateway, "/v1/billing/balance").await;
    let held = &held["wallets"][0]["held"];
    assert_eq!(units(held), PRICE_UNITS, "the call was still running");
    let key = format!("/v1/api-keys/{}", customer.key_id);
    let revoke = Request::delete(&key).bearer(&customer.session);
    gateway.call(&revoke).await.expect(204);
    let suspend = Request::patch(&path, json!({"status": "suspended"}).to_string());
    gateway.call(&suspend.bearer(ADMIN_KEY)).await.expect(200);

    let is_complete = connection.read_rest(&mut answer).await.is_ok();
    let heard = Heard {
        is_complete,
        answer,
    };
    assert!(heard.is_whole(), "{heard:?}");
    check_books(&gateway, setup, &customer, &path, &heard).await;
}

async fn check_books(
    gateway: &Gateway,
    setup: &Setup,
    customer: &Customer,
    path: &str,
    heard: &Heard,
) {
    let activate = Request::patch(path, json!({"status": "active"}).to_string());
    gateway.call(&activate.bearer(ADMIN_KEY)).await.expect(200);
    let mut customer = customer.clone();
    customer.key = customer.new_key(gateway, &json!({})).await.1;
    let taken = 999_500_000;
    let books = Books::read(gateway, &customer, CREDIT_UNITS - taken).await;
    let row = &books.calls[&heard.generation().unwrap()];
    println!("{row:?}, {} left", crate::harness::money(books.posted));
    assert_eq!((row.cost, row.status.as_str()), (PRICE_UNITS, "ok"));
    assert_eq!(books.posted, CREDIT_UNITS - taken - PRICE_UNITS);
    let answer = customer.ask(gateway).await;
    assert_eq!(answer.expect(402).code(), "insufficient_credits");
    assert_eq!(setup.prove_the_books()["open_holds"], 0);
}
