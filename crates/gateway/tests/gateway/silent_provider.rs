//! A provider that takes calls and never answers: whoever calls it waits as long as the
//! operator says, and soon nobody waits any more.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{
    ADMIN_KEY, Act, Books, Customer, Folder, Gateway, Request, Setup, Upstream, Wire, alone,
    answer, sell, units,
};

const PATIENCE: Duration = Duration::from_secs(1);
const CREDIT_UNITS: i64 = 10_000_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_provider_is_waited_for_twice() {
    let _machine = alone().await;
    let folder = Folder::new();
    let upstream = Upstream::start(|seen| {
        if seen.head.starts_with("post /v1/messages") {
            vec![Act::Send(answer("200 OK", "application/json", SPOKEN))]
        } else {
            vec![Act::Stall]
        }
    })
    .await;
    let setup = Setup::sqlite(folder.path(), &upstream).with(
        "PROVIDER_FIRST_BYTE_SECONDS",
        &PATIENCE.as_secs().to_string(),
    );
    let gateway = setup.start().await;
    sell(&gateway, "0.001").await;
    let customer = Customer::with_credit(&gateway, "10").await;

    let begun = Instant::now();
    let alone = customer.ask(&gateway).await.expect(504);
    assert_eq!(alone.code(), "provider_timeout");
    assert!(begun.elapsed() >= PATIENCE);

    sell_a_stand_in(&gateway).await;
    let mut waits = Vec::new();
    for _ in 0..4 {
        let begun = Instant::now();
        let answered = customer.ask(&gateway).await.expect(200);
        assert_eq!(
            answered.header("x-vuzo-model"),
            Some(Wire::Anthropic.model())
        );
        waits.push(begun.elapsed() >= PATIENCE);
    }
    assert_eq!(
        waits,
        [true, false, false, false],
        "one silence more is enough"
    );
    let books = Books::read(&gateway, &customer, CREDIT_UNITS).await;
    assert_eq!(
        (books.charged(), books.posted),
        (4, CREDIT_UNITS - 4 * 3_000_000)
    );
    let balance = customer.read(&gateway, "/v1/billing/balance").await;
    assert_eq!(units(&balance["wallets"][0]["held"]), 0);
    setup.prove_the_books();
}

/// A model of another provider that answers to the same name, when the first does not.
async fn sell_a_stand_in(gateway: &Gateway) {
    let card = json!({
        "input": "0", "output": "0", "per_request": "0.003",
        "currency": "USD", "unit": "1M tokens",
    });
    let body = json!({
        "id": Wire::Anthropic.model(), "provider": "anthropic", "upstream_id": "flat",
        "aliases": [Wire::OpenAi.model()], "priority": -1, "status": "active",
        "context_length": 128_000, "max_output_tokens": 4_096, "capabilities": [],
        "cost": card, "pricing": card,
    });
    let request = Request::post("/v1/admin/models", body.to_string()).bearer(ADMIN_KEY);
    gateway.call(&request).await.expect(201);
}

const SPOKEN: &str = r#"{"id":"msg_1","type":"message","role":"assistant","model":"flat","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":5,"output_tokens":2}}"#;
