//! Many models at once, by the operator's routes.

use serde_json::{Value, json};

use crate::world::{ADMIN, World};

const PATH: &str = "/v1/admin/models/import";

fn model(id: &str, input: &str) -> Value {
    json!({"id": id, "provider": "sim", "upstream_id": "echo", "context_length": 8000,
        "max_output_tokens": 800, "capabilities": ["chat"], "cost": {"input": input, "output": "10"}})
}

/// A row of the starter catalogue.
fn row(id: &str, input: &str) -> Value {
    let input: Value = serde_json::from_str(input).unwrap();
    json!({"id": id, "provider": "sim", "upstream_id": format!("{id}-2026"), "status": "preview", "retires_on": null,
        "context_window": 8000, "max_output_tokens": null, "input_per_mtok_usd": input, "output_per_mtok_usd": 0,
        "cache_read_per_mtok_usd": null, "tiers": [], "capabilities": ["embeddings"], "price_source": "by hand"})
}

#[tokio::test(flavor = "multi_thread")]
async fn both_shapes_are_taken_and_the_list_comes_back_unchanged() {
    let world = World::new().await;
    let import = |body: Value| world.post(PATH).bearer(ADMIN).json(&body);
    let body = json!({"models": [model("acme/a", "1.5"), row("acme-e", "0.02")]});
    let reply = import(body).reply().await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let report = reply.json();
    assert_eq!(report["applied"], json!(true));
    assert_eq!(report["added"], json!(["acme/a", "acme-e"]));
    assert_eq!(
        report["missing"],
        json!([]),
        "the simulator's own are nobody's to name"
    );
    let embeds = world.read("/v1/admin/models/acme-e", ADMIN).await;
    assert_eq!(embeds["cost"]["input"], json!("0.02"));
    assert_eq!(embeds["aliases"], json!(["acme-e-2026"]));
    assert_eq!(embeds["status"], json!("preview"));

    let mut list = world.read("/v1/admin/models", ADMIN).await;
    let reply = import(list.clone()).reply().await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.json()["changed"], json!([]), "{reply:?}");
    assert_eq!(reply.json()["added"], json!([]));

    for model in list["data"].as_array_mut().unwrap() {
        if model["id"] == "acme/a" {
            model["cost"]["input"] = json!("15");
        }
    }
    let refused = import(list.clone()).reply().await;
    assert_eq!(refused.refusal(), (409, Some("price_jump".to_owned())));
    let jump = json!([{"id": "acme/a", "price": "cost.input", "above_input_tokens": 0, "before": "1.5", "after": "15"}]);
    assert_eq!(refused.json()["error"]["jumps"], jump);
    list["dry_run"] = json!(true);
    let dry = import(list.clone()).reply().await.json();
    assert_eq!((&dry["applied"], &dry["jumps"]), (&json!(false), &jump));
    list["dry_run"] = json!(false);
    list["allow_jumps"] = json!(true);
    let done = import(list).reply().await.json();
    assert_eq!(
        done["changed"],
        json!([{"id": "acme/a", "fields": ["cost"]}])
    );
    let now = world.read("/v1/admin/models/acme/a", ADMIN).await;
    assert_eq!(now["versions"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_may_be_larger_than_other_bodies() {
    let world = World::new().await;
    let models: Vec<Value> = (0..500)
        .map(|number| model(&format!("acme/{number}"), "1"))
        .collect();
    let body = json!({"models": models, "retire_missing": true});
    assert!(body.to_string().len() > 65_536);
    let reply = world.post(PATH).bearer(ADMIN).json(&body).reply().await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.json()["added"].as_array().unwrap().len(), 500);
}
