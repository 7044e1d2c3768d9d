//! Answers that are given again: in every dialect, from every provider, on every instance.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{
    Act, Answer, Customer, Database, Folder, Gateway, Request, Setup, Upstream, WIRES, Wire, alone,
    sell, sell_on, setting, units,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_is_given_again_in_every_dialect_whoever_made_it() {
    let _machine = alone().await;
    for wire in WIRES {
        let folder = Folder::new();
        let upstream = Upstream::start(move |_| vec![Act::Send(wire.stream(3))]).await;
        let setup = Setup::sqlite(folder.path(), &upstream).with("CACHE_HIT_CHARGE_PERCENT", "25");
        let gateway = setup.start().await;
        sell_on(&gateway, "0.001", wire).await;
        let customer = Customer::with_credit(&gateway, "10").await;
        let (mut calls, mut charged) = (0, 0);
        for (path, request) in requests(wire) {
            let request = request.bearer(&customer.key);
            let (made, again) = ask_until_hit(&gateway, &gateway, &request).await;
            let receipt = receipt(&gateway, &customer, &again).await;
            let first = original(&made, &receipt);
            assert_eq!(first.header("x-vuzo-cache"), Some("miss"));
            assert_ne!(id(first), id(&again));
            let expected = first
                .text()
                .replace(bare_id(first), bare_id(&again))
                .replace("0.001", "0.00025");
            assert_eq!(again.text(), expected, "{wire:?} {path}");
            assert!(again.text().contains(bare_id(&again)), "{wire:?} {path}");
            assert_eq!(receipt["lines"][0]["kind"], "cache_hit");
            assert_eq!(units(&receipt["cost"]), 250_000);
            calls += made.len();
            charged += 1_000_000 * i64::try_from(made.len()).unwrap() + 250_000;
            assert_eq!(upstream.calls(), calls);
        }
        let balance = customer.read(&gateway, "/v1/billing/balance").await;
        let posted = units(&balance["wallets"][0]["posted"]);
        assert_eq!(posted, 10_000_000_000 - charged, "{wire:?}");
        assert_eq!(setup.prove_the_books()["open_holds"], 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_instance_keeps_the_next_one_gives() {
    let _machine = alone().await;
    let (folder, database) = (Folder::new(), Database::new().await);
    let upstream = Upstream::answering(Duration::ZERO).await;
    let setup = Setup::postgres(folder.path(), &upstream, &database.url())
        .with("REDIS_URL", &setting("VUZO_TEST_REDIS_URL"));
    let (here, there) = (setup.start().await, setup.start().await);
    sell(&here, "0.001").await;
    let customer = Customer::with_credit(&here, "10").await;
    for (path, request) in requests(Wire::OpenAi) {
        let request = request.bearer(&customer.key);
        let (made, again) = ask_until_hit(&here, &there, &request).await;
        let receipt = receipt(&here, &customer, &again).await;
        original(&made, &receipt);
        assert_eq!(receipt["cost"], "0.00", "{path}");
    }
    assert_eq!(setup.prove_the_books()["open_holds"], 0);
}

/// A streamed request in each dialect.
fn requests(wire: Wire) -> Vec<(&'static str, Request)> {
    let messages = json!([{"role": "user", "content": "Hi"}]);
    let model = wire.model();
    [
        (
            "/v1/chat/completions",
            json!({"model": model, "stream": true, "max_tokens": 100, "messages": messages,
                "stream_options": {"include_usage": true}}),
        ),
        (
            "/v1/messages",
            json!({"model": model, "stream": true, "max_tokens": 100, "messages": messages}),
        ),
    ]
    .map(|(path, body)| {
        let request = Request::post(path, body.to_string());
        (path, request.header("x-vuzo-cache", "600"))
    })
    .into()
}

/// Asks here, and then there until an answer is given again: it is kept a moment after
/// it was given. Answers those that were made, and the one that was given again.
async fn ask_until_hit(
    here: &Gateway,
    there: &Gateway,
    request: &Request,
) -> (Vec<Answer>, Answer) {
    let mut made = vec![here.call(request).await.expect(200)];
    loop {
        let answer = there.call(request).await.expect(200);
        if answer.header("x-vuzo-cache") == Some("hit") {
            return (made, answer);
        }
        made.push(answer);
        assert!(made.len() < 1_000, "nothing is ever given again");
    }
}

/// The one of these that a receipt names.
fn original<'made>(made: &'made [Answer], receipt: &Value) -> &'made Answer {
    assert_eq!(receipt["cached"], true, "{receipt}");
    let named = |answer: &&Answer| receipt["cached_from"] == id(answer);
    made.iter().find(named).expect("the original is named")
}

async fn receipt(gateway: &Gateway, customer: &Customer, answer: &Answer) -> Value {
    let path = format!("/v1/generations/{}", id(answer));
    customer.read(gateway, &path).await
}

fn id(answer: &Answer) -> &str {
    answer.header("x-vuzo-generation-id").unwrap()
}

fn bare_id(answer: &Answer) -> &str {
    id(answer).strip_prefix("gen_").unwrap()
}
