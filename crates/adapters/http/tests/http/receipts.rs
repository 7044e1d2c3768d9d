//! What a receipt says of a call that cost more than was held for it.

use bytes::Bytes;
use serde_json::{Value, json};
use vuzo_domain::chat::{Reply as ProviderReply, UsageReport, WholeReply};
use vuzo_domain::money::parse_scaled;
use vuzo_domain::usage::Consumption;

use crate::world::{World, hello, report};

/// Every digit that a receipt has.
const SCALE: u32 = 19;

fn exact(amount: &Value) -> i128 {
    parse_scaled(amount.as_str().unwrap(), SCALE).unwrap()
}

/// The provider writes far more than it was allowed to.
fn beyond_the_limit() -> ProviderReply {
    let consumption = Consumption {
        input: 9,
        output: 100_000,
        ..Consumption::default()
    };
    ProviderReply::Whole(WholeReply {
        body: Bytes::from_static(
            br#"{"id":"up_1","object":"chat.completion","created":1,"model":"echo","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":100000,"total_tokens":100009}}"#,
        ),
        report: UsageReport {
            consumption: Some(consumption),
            ..report()
        },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_beyond_the_hold_is_waived_line_by_line() {
    let world = World::new().await;
    let (token, _) = world.somebody("ada@example.org").await;
    let (key, _) = world.key(&token, json!({})).await;
    let queue = &world.provider.next;
    queue.lock().unwrap().push_back(Ok(beyond_the_limit()));
    let reply = world.chat(&key).json(&hello()).reply().await;
    assert_eq!(reply.status, 200, "{reply:?}");

    let path = format!(
        "/v1/generations/{}",
        reply.header("x-vuzo-generation-id").unwrap()
    );
    let receipt = world.read(&path, &key).await;
    let charged = &receipt["cost"];
    assert_eq!(charged, &receipt["hold"], "no more than was held");
    assert_eq!(reply.header("x-vuzo-cost"), charged.as_str());
    let lines = receipt["lines"].as_array().unwrap();
    let sum: i128 = lines.iter().map(|line| exact(&line["cost"])).sum();
    assert_eq!(sum, exact(charged), "{lines:?}");
    let waived = lines.last().unwrap();
    assert_eq!(
        (&waived["kind"], &waived["quantity"]),
        (&json!("waived"), &json!(1))
    );
    // 9 tokens at $0.10 and 100,000 at $0.40 a million.
    let whole = exact(&json!("0.0400009"));
    assert_eq!(exact(&waived["cost"]), exact(charged) - whole);

    let row = &world.read("/v1/usage/logs", &key).await["data"][0];
    assert_eq!(&row["cost"], charged);
    let summary = world.read("/v1/usage/summary", &key).await;
    assert_eq!(&summary["cost"], charged);
    let days = world.read("/v1/usage/daily", &key).await;
    assert_eq!(&days["data"][29]["cost"], charged);
    let wallet = &world.balance(&token).await["wallets"][0];
    assert_eq!(
        exact(&wallet["posted"]),
        exact(&json!("1")) - exact(charged)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_waived_where_the_hold_sufficed() {
    let world = World::new().await;
    let key = world.any_key().await;
    let reply = world.chat(&key).json(&hello()).reply().await;
    let id = reply.header("x-vuzo-generation-id").unwrap();
    let receipt = world.read(&format!("/v1/generations/{id}"), &key).await;
    let lines = receipt["lines"].as_array().unwrap();
    assert!(
        lines.iter().all(|line| line["kind"] != "waived"),
        "{lines:?}"
    );
    let sum: i128 = lines.iter().map(|line| exact(&line["cost"])).sum();
    assert_eq!(sum, exact(&receipt["cost"]));
}
