//! The operator's desk.

use serde_json::json;

use crate::world::{ADMIN, World, hello};

#[tokio::test(flavor = "multi_thread")]
async fn credit_is_given_once_a_key() {
    let world = World::new().await;
    let (token, account) = world.somebody("ada@example.org").await;
    let path = format!("/v1/admin/accounts/{account}/credits");
    let order = json!({"amount": "12.50", "currency": "USD", "reason": "welcome"});
    let grant = world
        .post(&path)
        .bearer(ADMIN)
        .header("idempotency-key", "g-1")
        .json(&order);
    let first = grant.reply().await;
    assert_eq!(first.status, 201, "{first:?}");
    let transfer = first.json();
    assert_eq!(
        (&transfer["amount"], &transfer["currency"]),
        (&json!("12.50"), &json!("USD"))
    );
    assert_eq!(
        (&transfer["kind"], &transfer["balance_after"]),
        (&json!("adjustment"), &json!("13.50"))
    );
    assert_eq!(grant.reply().await.json()["id"], transfer["id"]);
    let other = json!({"amount": "13", "currency": "USD", "reason": "welcome"});
    let reply = world
        .post(&path)
        .bearer(ADMIN)
        .header("idempotency-key", "g-1")
        .json(&other)
        .reply()
        .await;
    assert_eq!(
        reply.refusal(),
        (422, Some("idempotency_key_mismatch".to_owned()))
    );
    let debit = json!({"amount": -2.5, "currency": "usd", "reason": "correction"});
    let reply = world
        .post(&path)
        .bearer(ADMIN)
        .json(&debit)
        .reply()
        .await
        .json();
    assert_eq!(reply["amount"], "-2.50");
    assert_eq!(world.balance(&token).await["total_usd"], "11.00");
    let ledger = format!("/v1/admin/accounts/{account}/ledger");
    let ledger = world.get(&ledger).bearer(ADMIN).reply().await.json();
    let rows = ledger["data"].as_array().unwrap();
    let amounts: Vec<&str> = rows
        .iter()
        .filter_map(|row| row["amount"].as_str())
        .collect();
    assert_eq!(amounts.len(), 3, "{amounts:?}");
    assert!(
        ["12.50", "-2.50", "1.00"]
            .iter()
            .all(|amount| amounts.contains(amount))
    );
    let audit = world
        .get("/v1/admin/audit?limit=1")
        .bearer(ADMIN)
        .reply()
        .await
        .json();
    let entry = &audit["data"][0];
    assert_eq!(
        (&entry["actor"], &entry["action"]),
        (&json!("admin_key"), &json!("credit.grant"))
    );
    assert_eq!(entry["detail"]["reason"], "correction");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_changed_and_obeys() {
    let world = World::new().await;
    let (token, account) = world.somebody("ada@example.org").await;
    let (key, _) = world.key(&token, json!({})).await;
    let own = format!("/v1/admin/accounts/{account}");
    let patch = |body| world.ask("PATCH", &own).bearer(ADMIN).json(&body);
    let changed = patch(json!({
        "plan": "pro", "limits": {"requests_per_minute": 5}, "caps": {"daily": "10", "total": 100},
        "credit_line": {"amount": "20", "currency": "USD"},
    }));
    let changed = changed.reply().await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let changed = changed.json();
    assert_eq!(
        (&changed["plan"], &changed["limits"]["requests_per_minute"]),
        (&json!("pro"), &json!(5))
    );
    assert_eq!(
        changed["limits"]["max_concurrency"], 200,
        "what was not said stays"
    );
    assert_eq!(
        changed["caps"],
        json!({"daily": "10.00", "weekly": null, "monthly": null, "total": "100.00"})
    );
    assert_eq!(changed["wallets"][0]["credit_line"], "20.00");
    assert_eq!(changed["wallets"][0]["available"], "21.00");

    assert_eq!(
        patch(json!({"status": "suspended"})).reply().await.status,
        200
    );
    let reply = world.chat(&key).json(&hello()).reply().await;
    assert_eq!(reply.refusal(), (403, Some("account_suspended".to_owned())));
    let me = world.get("/v1/me").bearer(&token).reply().await;
    assert_eq!(
        (me.status, &me.json()["account"]["status"]),
        (200, &json!("suspended"))
    );
    assert_eq!(patch(json!({"status": "active"})).reply().await.status, 200);
    assert_eq!(world.chat(&key).json(&hello()).reply().await.status, 200);

    world.somebody("bob@example.com").await;
    let list = world
        .get("/v1/admin/accounts?query=ada")
        .bearer(ADMIN)
        .reply()
        .await
        .json();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    assert_eq!(list["data"][0]["id"], json!(account));
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one model's life, told in order")]
async fn a_model_is_made_priced_and_retired() {
    let world = World::new().await;
    let key = world.any_key().await;
    let body = json!({
        "id": "acme/parrot", "provider": "sim", "upstream_id": "echo", "status": "active",
        "context_length": 8000, "max_output_tokens": 1000, "capabilities": ["chat"], "aliases": ["parrot"],
        "cost": {"input": "1.5", "output": 6, "cache_read": "0.15",
            "tiers": [{"above_input_tokens": 4000, "inclusive": false, "input": "3", "output": "12"}],
            "currency": "USD", "unit": "1M tokens"},
    });
    let made = world
        .post("/v1/admin/models")
        .bearer(ADMIN)
        .json(&body)
        .reply()
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    let made = made.json();
    assert_eq!(
        (&made["version"], &made["cost"]["output"]),
        (&json!(1), &json!("6"))
    );
    assert_eq!(made["cost"]["tiers"][0]["above_input_tokens"], 4000);
    let shown = world.get("/v1/models/parrot").reply().await.json();
    assert_eq!(
        (&shown["id"], &shown["pricing"]["cache_read"]),
        (&json!("acme/parrot"), &json!("0.15"))
    );

    assert_eq!(
        (&made["priority"], &made["weight"]),
        (&json!(0), &json!(100)),
        "what is usual"
    );

    let path = "/v1/admin/models/acme/parrot";
    for (body, status) in [
        (json!({"priority": -3, "weight": 0}), 200),
        (json!({"weight": 10_001}), 400),
        (json!({"weight": 1_u64 << 40}), 400),
        (json!({"weight": -1}), 400),
        (json!({"priority": 1.5}), 400),
    ] {
        let asked = world.ask("PATCH", path).bearer(ADMIN).json(&body);
        let reply = asked.reply().await;
        assert_eq!(reply.status, status, "{body}: {reply:?}");
    }
    let asked = world.ask("PATCH", path).bearer(ADMIN).json(&json!({}));
    let shown = asked.reply().await.json();
    assert_eq!(
        (&shown["priority"], &shown["weight"]),
        (&json!(-3), &json!(0))
    );
    let pricing = json!({"pricing": {"input": "2", "output": "8", "currency": "USD"}});
    let patched = world
        .ask("PATCH", path)
        .bearer(ADMIN)
        .json(&pricing)
        .reply()
        .await
        .json();
    assert_eq!(
        (&patched["version"], &patched["pricing"]["input"]),
        (&json!(2), &json!("2"))
    );
    assert_eq!(patched["cost"]["input"], "1.5", "what was not said stays");
    let shown = world.get("/v1/models/acme%2Fparrot").reply().await.json();
    assert_eq!(shown["pricing"]["input"], "2.00");

    assert_eq!(
        world.ask("DELETE", path).bearer(ADMIN).reply().await.status,
        204
    );
    let mut call = hello();
    call["model"] = json!("acme/parrot");
    let reply = world.chat(&key).json(&call).reply().await;
    assert_eq!(reply.refusal(), (404, Some("model_not_found".to_owned())));
    assert_eq!(
        world.get("/v1/models/acme/parrot").reply().await.status,
        404
    );
    let kept = world.get(path).bearer(ADMIN).reply().await.json();
    assert_eq!(kept["status"], "retired");
    assert_eq!(kept["versions"].as_array().unwrap().len(), 2);

    let taken = json!({"id": "other", "provider": "sim", "upstream_id": "x", "context_length": 1,
        "max_output_tokens": 1, "aliases": ["sim/echo"], "cost": {"input": "1", "output": "1"}});
    let reply = world
        .post("/v1/admin/models")
        .bearer(ADMIN)
        .json(&taken)
        .reply()
        .await;
    assert_eq!(reply.refusal(), (409, Some("model_name_taken".to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_decide_the_retail_price() {
    let world = World::new().await;
    let key = world.any_key().await;
    let body = json!({"pattern": "sim/*", "markup_percentage": 25.5, "fixed_fee": "0.001", "priority": 10, "is_active": true});
    let made = world
        .post("/v1/admin/pricing-rules")
        .bearer(ADMIN)
        .json(&body)
        .reply()
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    let rule = made.json();
    assert_eq!(
        (&rule["markup_percentage"], &rule["fixed_fee"]),
        (&json!("25.5"), &json!("0.001"))
    );
    let reply = world.chat(&key).json(&hello()).reply().await;
    // 0.0000017 and 25.5 %, rounded up once to the nano-dollar, and the fee.
    assert_eq!(reply.header("x-vuzo-cost"), Some("0.001002134"));
    let receipt = format!(
        "/v1/generations/{}",
        reply.header("x-vuzo-generation-id").unwrap()
    );
    let receipt = world.get(&receipt).bearer(&key).reply().await.json();
    assert_eq!(
        (&receipt["rule_id"], &receipt["lines"][0]["multiplier"]),
        (&rule["id"], &json!("1.255"))
    );

    let path = format!("/v1/admin/pricing-rules/{}", rule["id"].as_str().unwrap());
    let patched = world
        .ask("PATCH", &path)
        .bearer(ADMIN)
        .json(&json!({"is_active": false}))
        .reply()
        .await
        .json();
    assert_eq!(
        (&patched["is_active"], &patched["markup_percentage"]),
        (&json!(false), &json!("25.5"))
    );
    let reply = world.chat(&key).json(&hello()).reply().await;
    assert_eq!(reply.header("x-vuzo-cost"), Some("0.0000017"));
    assert_eq!(
        world
            .ask("DELETE", &path)
            .bearer(ADMIN)
            .reply()
            .await
            .status,
        204
    );
    let reply = world.get(&path).bearer(ADMIN).reply().await;
    assert_eq!(
        reply.refusal(),
        (404, Some("pricing_rule_not_found".to_owned()))
    );
    let rules = world
        .get("/v1/admin/pricing-rules")
        .bearer(ADMIN)
        .reply()
        .await
        .json();
    assert_eq!(rules["data"].as_array().unwrap().len(), 1);
}
