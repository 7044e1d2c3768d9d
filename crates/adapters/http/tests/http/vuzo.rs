//! The dialect of the published `vuzo` package: exactly the fields that it reads.

use serde_json::{Value, json};

use crate::world::{ADMIN, World, hello};

async fn everything() -> (World, String, String) {
    let world = World::new().await;
    let (token, account) = world.somebody("ada@example.org").await;
    let scopes = json!({"scopes": ["inference", "read", "keys"]});
    let (key, _) = world.key(&token, scopes).await;
    (world, key, account)
}

/// Whether the object has these members and of these kinds: s(tring), n(umber), i(nteger),
/// b(ool), and a question mark where it may be null.
#[track_caller]
fn has(object: &Value, members: &[(&str, &str)]) {
    for (name, kind) in members {
        let value = &object[*name];
        let fits = match *kind {
            "s" => value.is_string(),
            "n" => value.is_number(),
            "i" => value.is_u64(),
            "b" => value.is_boolean(),
            "s?" => value.is_string() || value.is_null(),
            other => panic!("no kind {other}"),
        };
        assert!(fits, "{name} is no {kind}: {object}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn chats() {
    let (world, key, _) = everything().await;
    let ask = world.post("/vuzo/v1/chat/completions").bearer(&key);
    let mut body = hello();
    body["stream"] = json!(false);
    let reply = ask.clone().json(&body).reply().await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let answer = reply.json();
    has(
        &answer,
        &[
            ("id", "s"),
            ("object", "s"),
            ("created", "i"),
            ("model", "s"),
        ],
    );
    assert_eq!(
        answer["choices"],
        json!([{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}])
    );
    let usage = &answer["usage"];
    assert_eq!(
        (
            &usage["prompt_tokens"],
            &usage["completion_tokens"],
            &usage["total_tokens"]
        ),
        (&json!(9), &json!(2), &json!(11))
    );
    assert!(reply.text().contains("\"cost\":0.0000017"), "{reply:?}");
    assert_eq!(reply.header("x-vuzo-cost"), Some("0.0000017"));

    body["stream"] = json!(true);
    let reply = ask.json(&body).reply().await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let text = reply.text();
    assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
    let row = &world.read("/v1/usage/logs", &key).await["data"][0];
    assert_eq!(row["endpoint"], "chat.completions");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_for_once_counts_for_one_dialect() {
    let (world, key, _) = everything().await;
    let ask = |path| {
        world
            .post(path)
            .bearer(&key)
            .header("idempotency-key", "once")
            .json(&hello())
    };
    let ours = ask("/vuzo/v1/chat/completions").reply().await;
    let openais = ask("/v1/chat/completions").reply().await;
    assert_eq!(openais.header("idempotent-replayed"), None);
    let again = ask("/vuzo/v1/chat/completions").reply().await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.text(), ours.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn models_show_the_customers_price_twice() {
    let (world, key, _) = everything().await;
    let models = world.read("/vuzo/v1/models", &key).await;
    let row = models
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["model_name"] == "sim/echo")
        .unwrap();
    assert_eq!(
        row.to_string(),
        r#"{"input_price_per_million":0.1,"model_name":"sim/echo","output_price_per_million":0.4,"provider":"sim","vuzo_input_price_per_million":0.1,"vuzo_markup_percent":0,"vuzo_output_price_per_million":0.4}"#
    );
    // Whoever may only read, or only call, sees them too.
    let (token, _) = world.somebody("bob@example.org").await;
    for scope in ["read", "inference", "keys"] {
        let (key, _) = world.key(&token, json!({"scopes": [scope]})).await;
        let reply = world.get("/vuzo/v1/models").bearer(&key).reply().await;
        let expected = if scope == "keys" { 403 } else { 200 };
        assert_eq!(reply.status, expected, "{scope}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn usage() {
    let (world, key, _) = everything().await;
    for _ in 0..3 {
        world.chat(&key).json(&hello()).reply().await;
    }
    for path in ["/vuzo/v1/usage", "/vuzo/v1/usage/logs"] {
        let rows = world.read(path, &key).await;
        assert_eq!(rows.as_array().unwrap().len(), 3, "{path}");
        has(
            &rows[0],
            &[
                ("id", "s"),
                ("provider", "s"),
                ("model", "s"),
                ("input_tokens", "i"),
                ("output_tokens", "i"),
                ("total_tokens", "i"),
                ("provider_cost", "n"),
                ("vuzo_cost", "n"),
                ("response_time_ms", "i"),
                ("created_at", "s"),
            ],
        );
        assert_eq!(rows[0]["provider_cost"], rows[0]["vuzo_cost"]);
    }
    for (query, count) in [
        ("limit=2", 2),
        ("limit=200&offset=1", 2),
        ("limit=500", 3),
        ("model=sim/echo", 3),
        ("model=other", 0),
        ("provider=sim", 3),
        ("provider=sim&offset=1&limit=1", 1),
        ("provider=openai", 0),
        ("start_date=2026-11-21", 3),
        ("end_date=2026-11-21", 3),
        ("end_date=2026-11-20", 0),
        ("start_date=2026-11-21T12:00:00", 3),
        ("start_date=2026-11-21T12:00:01.5", 0),
        ("end_date=2026-11-21+12:00:01", 3),
        ("start_date=2026-11-21T13:00:00%2B01:00", 3),
        ("start_date=2026-11-21T13:00:01+01:00", 0),
    ] {
        let rows = world.read(&format!("/vuzo/v1/usage?{query}"), &key).await;
        assert_eq!(rows.as_array().unwrap().len(), count, "{query}: {rows}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_is_added_up() {
    let (world, key, account) = everything().await;
    for _ in 0..3 {
        world.chat(&key).json(&hello()).reply().await;
    }
    let reply = world
        .get("/vuzo/v1/usage/summary")
        .bearer(&key)
        .reply()
        .await;
    assert_eq!(
        reply.text(),
        r#"{"total_requests":3,"total_input_tokens":27,"total_output_tokens":6,"total_tokens":33,"total_provider_cost":0.0000051,"total_vuzo_cost":0.0000051}"#
    );
    let daily = r#"[{"date":"2026-11-21","model":"sim/echo","provider":"sim","total_requests":3,"input_tokens":27,"output_tokens":6,"total_cost":0.0000051}]"#;
    for (query, expected) in [
        ("", daily),
        ("?model=sim/echo", daily),
        (
            "?provider=sim&start_date=2026-11-01&end_date=2026-11-21",
            daily,
        ),
        ("?provider=google", "[]"),
        ("?start_date=2026-11-22", "[]"),
    ] {
        let path = format!("/vuzo/v1/usage/daily{query}");
        let reply = world.get(&path).bearer(&key).reply().await;
        assert_eq!(reply.text(), expected, "{query}");
    }
    // The operator names the account.
    let theirs = world
        .read(&format!("/vuzo/v1/usage?account={account}"), ADMIN)
        .await;
    assert_eq!(theirs.as_array().unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn billing() {
    let (world, key, account) = everything().await;
    world.chat(&key).json(&hello()).reply().await;
    let reply = world
        .get("/vuzo/v1/billing/balance")
        .bearer(&key)
        .reply()
        .await;
    assert_eq!(
        reply.text(),
        format!(r#"{{"user_id":"{account}","balance":0.9999983}}"#)
    );
    let path = format!("/v1/admin/accounts/{account}/credits");
    for amount in ["5", "-2"] {
        world
            .post(&path)
            .bearer(ADMIN)
            .json(&json!({"amount": amount, "currency": "USD", "reason": "test"}))
            .reply()
            .await;
    }
    let rows = world.read("/vuzo/v1/billing/transactions", &key).await;
    let rows = rows.as_array().unwrap();
    let mut kinds: Vec<(String, String)> = rows
        .iter()
        .map(|row| {
            (
                row["type"].as_str().unwrap().to_owned(),
                row["amount"].to_string(),
            )
        })
        .collect();
    kinds.sort();
    let expected = [
        ("refund", "-2.0"),
        ("topup", "1.0"),
        ("topup", "5.0"),
        ("usage", "-1.7e-6"),
    ];
    assert_eq!(
        kinds,
        expected.map(|(kind, amount)| (kind.to_owned(), amount.to_owned()))
    );
    for row in rows {
        has(
            row,
            &[("id", "s"), ("description", "s"), ("created_at", "s")],
        );
    }
    let some = world
        .read("/vuzo/v1/billing/transactions?limit=2&offset=3", &key)
        .await;
    assert_eq!(some.as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys() {
    let (world, key, _) = everything().await;
    let reply = world
        .post("/vuzo/v1/api-keys")
        .bearer(&key)
        .json(&json!({"name": "Production"}))
        .reply()
        .await;
    assert_eq!(reply.status, 201, "{reply:?}");
    let fresh = reply.json();
    has(
        &fresh,
        &[
            ("id", "s"),
            ("name", "s"),
            ("key", "s"),
            ("key_prefix", "s"),
            ("created_at", "s"),
        ],
    );
    let made = fresh["key"].as_str().unwrap();
    assert_eq!(world.chat(made).json(&hello()).reply().await.status, 200);
    let path = format!("/vuzo/v1/api-keys/{}", fresh["id"].as_str().unwrap());
    let reply = world.ask("DELETE", &path).bearer(&key).reply().await;
    assert_eq!(reply.status, 204);
    assert_eq!(world.chat(made).json(&hello()).reply().await.status, 401);
    let rows = world.read("/vuzo/v1/api-keys", &key).await;
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 2);
    for row in rows {
        has(
            row,
            &[
                ("id", "s"),
                ("name", "s"),
                ("key_prefix", "s"),
                ("is_active", "b"),
                ("rate_limit_rpm", "i"),
                ("created_at", "s"),
                ("last_used_at", "s?"),
            ],
        );
        assert!(row.get("key").is_none());
        assert_eq!(row["is_active"], json!(row["id"] != fresh["id"]), "{row}");
    }
}
