//! Service tiers, from the operator's price to the customer's receipt.

use serde_json::{Value, json};
use vuzo_domain::chat::{Reply as ProviderReply, UsageReport, WholeReply};
use vuzo_domain::money::parse_scaled;
use vuzo_domain::pricing::{ServedTier, ServiceTier};

use crate::world::{ADMIN, World, report};

/// Every digit that a receipt has.
const SCALE: u32 = 19;

/// 2 and 8 dollars, beyond 4,000 tokens 4 and 16; flex is half of it.
fn model() -> Value {
    json!({
        "id": "acme/tiered", "provider": "sim", "upstream_id": "echo",
        "context_length": 8000, "max_output_tokens": 1000, "capabilities": ["chat"],
        "cost": {
            "input": "2", "output": "8",
            "tiers": [{"above_input_tokens": 4000, "inclusive": false, "input": "4", "output": "16"}],
            "service_tiers": {"flex": {
                "input": "1", "output": "4",
                "tiers": [{"above_input_tokens": 4000, "inclusive": false, "input": "2", "output": "8"}],
            }},
        },
    })
}

async fn offer(world: &World, body: &Value) -> Value {
    let made = world.post("/v1/admin/models").bearer(ADMIN).json(body);
    let made = made.reply().await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json()
}

/// The next answer is served in this tier.
fn serve(world: &World, tier: ServedTier) {
    let body = br#"{"id":"up_1","object":"chat.completion","created":1,"model":"echo","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}"#;
    let reply = ProviderReply::Whole(WholeReply {
        body: body.to_vec().into(),
        report: UsageReport {
            served_tier: Some(tier),
            ..report()
        },
    });
    world.provider.next.lock().unwrap().push_back(Ok(reply));
}

fn asking(model: &str, tier: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 50, "service_tier": tier})
}

fn exact(amount: &Value) -> i128 {
    parse_scaled(amount.as_str().unwrap(), SCALE).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tier_is_priced_shown_bought_and_told() {
    let world = World::new().await;
    let (token, _) = world.somebody("ada@example.org").await;
    let (key, _) = world.key(&token, json!({})).await;
    let made = offer(&world, &model()).await;
    assert_eq!(
        made["cost"]["service_tiers"],
        model()["cost"]["service_tiers"]
    );
    let shown = world.get("/v1/models/acme%2Ftiered").reply().await.json();
    assert_eq!(
        shown["pricing"],
        json!({"input": "2.00", "output": "8.00", "service_tiers": {"flex": {"input": "1.00", "output": "4.00"}}, "unit": "1M tokens", "currency": "USD"})
    );

    for (tier, served, told, unit, cost) in [
        (
            "flex",
            ServedTier::Tier(ServiceTier::Flex),
            "flex",
            "1",
            "0.000017",
        ),
        ("flex", ServedTier::Standard, "default", "2", "0.000034"),
        ("default", ServedTier::Standard, "default", "2", "0.000034"),
        ("auto", ServedTier::Standard, "default", "2", "0.000034"),
        ("standard", ServedTier::Standard, "default", "2", "0.000034"),
    ] {
        serve(&world, served);
        let asked = asking("acme/tiered", tier);
        let reply = world.chat(&key).json(&asked).reply().await;
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(reply.header("x-vuzo-cost"), Some(cost), "{tier}");
        let call = world.provider.calls.lock().unwrap().pop().unwrap();
        let flex = (tier == "flex").then_some(ServiceTier::Flex);
        assert_eq!(call.service_tier, flex, "{tier}");
        let id = reply.header("x-vuzo-generation-id").unwrap();
        let receipt = world.read(&format!("/v1/generations/{id}"), &key).await;
        assert_eq!(receipt["service_tier"], told, "{tier}");
        let lines = receipt["lines"].as_array().unwrap();
        assert_eq!(exact(&lines[0]["unit_price"]), exact(&json!(unit)));
        let sum: i128 = lines.iter().map(|line| exact(&line["cost"])).sum();
        assert_eq!(sum, exact(&receipt["cost"]), "{lines:?}");
        assert_eq!(receipt["cost"], cost);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tier_without_a_price_is_refused_in_every_dialect() {
    let world = World::new().await;
    let (token, _) = world.somebody("ada@example.org").await;
    let (key, _) = world.key(&token, json!({})).await;
    offer(&world, &model()).await;
    let before = world.balance(&token).await;
    let said = json!([{"role": "user", "content": "Hi"}]);
    for (path, model, tier, sold) in [
        (
            "/v1/chat/completions",
            "acme/tiered",
            "priority",
            r#""default", "flex""#,
        ),
        ("/v1/chat/completions", "sim/echo", "flex", r#""default""#),
        ("/v1/completions", "sim/echo", "flex", r#""default""#),
        ("/v1/responses", "sim/echo", "scale", r#""default""#),
        (
            "/vuzo/v1/chat/completions",
            "sim/echo",
            "fast",
            r#""default""#,
        ),
    ] {
        let mut body = json!({"model": model, "service_tier": tier});
        match path {
            "/v1/completions" => body["prompt"] = json!("Hi"),
            "/v1/responses" => body["input"] = json!("Hi"),
            _ => body["messages"] = said.clone(),
        }
        let reply = world.post(path).bearer(&key).json(&body).reply().await;
        assert_eq!(reply.status, 400, "{path} {reply:?}");
        let text = reply.text().replace("\\\"", "\"");
        assert!(text.contains(&format!("only in {sold};")), "{path} {text}");
        assert!(text.contains("nothing was charged"), "{path} {text}");
        if path.starts_with("/v1") {
            let error = &reply.json()["error"];
            assert_eq!(
                (&error["code"], &error["param"]),
                (&json!("service_tier_not_sold"), &json!("service_tier"))
            );
        }
    }
    assert_eq!(world.provider.calls.lock().unwrap().len(), 0);
    assert_eq!(world.balance(&token).await, before);
    // What Anthropic's words ask for is there, or is not insisted on.
    for word in ["auto", "standard_only"] {
        let body =
            json!({"model": "sim/echo", "max_tokens": 9, "messages": said, "service_tier": word});
        let reply = world.post("/v1/messages").bearer(&key).json(&body);
        assert_eq!(reply.reply().await.status, 200, "{word}");
        let call = world.provider.calls.lock().unwrap().pop().unwrap();
        assert_eq!(call.service_tier, None, "{word}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn auto_of_messages_takes_priority_where_it_is_sold() {
    let world = World::new().await;
    let key = world.any_key().await;
    let mut body = model();
    let flex = body["cost"]["service_tiers"]["flex"].take();
    body["cost"]["service_tiers"] = json!({"priority": flex});
    offer(&world, &body).await;
    for (word, tier) in [
        (json!("auto"), Some(ServiceTier::Priority)),
        (json!("standard_only"), None),
        (Value::Null, None),
    ] {
        let body = json!({"model": "acme/tiered", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}], "service_tier": word});
        let reply = world.post("/v1/messages").bearer(&key).json(&body);
        assert_eq!(reply.reply().await.status, 200, "{word}");
        let call = world.provider.calls.lock().unwrap().pop().unwrap();
        assert_eq!(call.service_tier, tier, "{word}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_own_list_can_be_imported() {
    let world = World::new().await;
    offer(&world, &model()).await;
    let listed = world.read("/v1/admin/models", ADMIN).await;
    let import = async |mut order: Value, dry_run: bool| {
        order["dry_run"] = json!(dry_run);
        let asked = world.post("/v1/admin/models/import").bearer(ADMIN);
        asked.json(&order).reply().await
    };
    let same = import(listed.clone(), true).await.json();
    assert_eq!(same["changed"], json!([]), "{same}");

    let mut dearer = listed.clone();
    let mut bare = listed;
    for row in dearer["data"].as_array_mut().unwrap() {
        if row["id"] == "acme/tiered" {
            row["cost"]["service_tiers"]["flex"]["input"] = json!("1.6");
        }
    }
    let refused = import(dearer, false).await;
    assert_eq!(refused.refusal(), (409, Some("price_jump".to_owned())));
    let jump = &refused.json()["error"]["jumps"][0];
    assert_eq!(
        (&jump["price"], &jump["after"]),
        (&json!("cost.service_tiers.flex.input"), &json!("1.6"))
    );

    for row in bare["data"].as_array_mut().unwrap() {
        if row["id"] == "acme/tiered" {
            row["cost"].as_object_mut().unwrap().remove("service_tiers");
        }
    }
    let told = import(bare, true).await.json();
    assert_eq!(
        told["warnings"],
        json!([{"id": "acme/tiered", "message": "cost.service_tiers.flex is gone"}])
    );
}
