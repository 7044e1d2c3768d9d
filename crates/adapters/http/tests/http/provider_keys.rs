//! The operator's keys at providers.

use serde_json::{Value, json};
use vuzo_domain::catalog::ProviderId;

use crate::world::{ADMIN, World};

const SECRET: &str = "sk-proj-hunter2-hunter2-wxyz";

fn order(secret: &str) -> Value {
    json!({"provider": "sim", "name": "main", "secret": secret, "weight": 7})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_stored_changed_and_removed_and_never_shown() {
    let world = World::new().await;
    let path = "/v1/admin/provider-keys";
    let store = |secret: &str| {
        let ask = world.post(path).bearer(ADMIN);
        ask.header("idempotency-key", "pk-1").json(&order(secret))
    };
    let made = store(SECRET).reply().await;
    assert_eq!(made.status, 201, "{made:?}");
    let key = made.json();
    let id = key["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("pvk_"), "{id}");
    assert_eq!(
        key,
        json!({"id": id, "provider": "sim", "name": "main", "hint": "…wxyz", "weight": 7, "priority": 0,
            "status": "active", "created_at": key["created_at"], "last_error": null})
    );
    assert_eq!(store(SECRET).reply().await.json()["id"], json!(id));
    let mismatch = store("sk-another").reply().await;
    let code = Some("idempotency_key_mismatch".to_owned());
    assert_eq!(mismatch.refusal(), (422, code));

    let keyring = &world.application.keyring;
    let ready = keyring.keys(&ProviderId::simulator());
    let stored = ready.iter().find(|key| key.id.is_some()).unwrap();
    assert_eq!(stored.secret.as_ref().unwrap().expose(), SECRET);
    assert_eq!(stored.weight, 7);

    let own = format!("{path}/{id}");
    let body = json!({"status": "disabled", "weight": 0, "priority": -3, "name": "old"});
    let changed = world.ask("PATCH", &own).bearer(ADMIN).json(&body);
    let changed = changed.reply().await;
    assert_eq!(changed.status, 200, "{changed:?}");
    for (name, value) in body.as_object().unwrap() {
        assert_eq!(changed.json()[name], *value, "{name}");
    }
    assert_eq!(keyring.keys(&ProviderId::simulator()).len(), 1);
    let list = world.read(path, ADMIN).await;
    assert_eq!(list["data"], json!([changed.json()]));
    assert_eq!(world.read(&own, ADMIN).await, changed.json());

    let gone = world.ask("DELETE", &own).bearer(ADMIN).reply().await;
    assert_eq!(gone.status, 204);
    let gone = world.ask("DELETE", &own).bearer(ADMIN).reply().await;
    let code = Some("provider_key_not_found".to_owned());
    assert_eq!(gone.refusal(), (404, code));
    let audit = world.read("/v1/admin/audit?limit=10", ADMIN).await;
    let actions: Vec<&str> = audit["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|entry| entry["action"].as_str())
        .filter(|action| action.starts_with("provider_key."))
        .collect();
    let expected = ["delete", "update", "create"].map(|verb| format!("provider_key.{verb}"));
    assert_eq!(actions, expected);
    let said = [&made.json(), &changed.json(), &list, &audit].map(Value::to_string);
    assert!(said.iter().all(|text| !text.contains("hunter2")));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_operator_sees_them() {
    let world = World::new().await;
    let (token, _) = world.somebody("ada@example.org").await;
    let (key, _) = world.key(&token, json!({})).await;
    for bearer in [token, key] {
        for method in ["GET", "POST"] {
            let ask = world.ask(method, "/v1/admin/provider-keys").bearer(&bearer);
            let reply = ask.json(&order(SECRET)).reply().await;
            assert!(matches!(reply.status, 401 | 403), "{reply:?}");
        }
    }
}
