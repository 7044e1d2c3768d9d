//! Two accounts: what is one's is not there for the other.

use serde_json::{Value, json};

use crate::world::{ADMIN, World, hello};

#[tokio::test(flavor = "multi_thread")]
async fn anothers_ids_name_nothing() {
    let world = World::new().await;
    let (ada, adas_account) = world.somebody("ada@example.org").await;
    let (eve, _) = world.somebody("eve@example.org").await;
    let (key, key_id) = world.key(&ada, json!({})).await;
    let (eves_key, _) = world
        .key(&eve, json!({"scopes": ["inference", "read", "keys"]}))
        .await;
    let call = world.chat(&key).json(&hello()).reply().await.json();
    let call = call["id"].as_str().unwrap();
    let with_id = [
        ("GET", format!("/v1/generations/{call}"), Value::Null),
        ("GET", format!("/v1/api-keys/{key_id}"), Value::Null),
        (
            "PATCH",
            format!("/v1/api-keys/{key_id}"),
            json!({"name": "mine now"}),
        ),
        ("DELETE", format!("/v1/api-keys/{key_id}"), Value::Null),
        ("POST", format!("/v1/api-keys/{key_id}/rotate"), json!({})),
    ];
    for (method, path, body) in with_id {
        for token in [&eve, &eves_key] {
            let mut ask = world.ask(method, &path).bearer(token);
            if !body.is_null() {
                ask = ask.json(&body);
            }
            let reply = ask.reply().await;
            assert_eq!(reply.refusal().0, 404, "{method} {path} {reply:?}");
            assert!(!reply.text().contains("example"), "{reply:?}");
        }
    }
    // Naming the other's account changes nothing for who is no administrator.
    for path in [
        "/v1/usage/logs",
        "/v1/billing/transactions",
        "/v1/usage/summary",
        "/v1/billing/balance",
    ] {
        let named = format!("{path}?account={adas_account}");
        for token in [&eve, &eves_key] {
            let own = world.get(path).bearer(token).reply().await.text();
            assert_eq!(
                world.get(&named).bearer(token).reply().await.text(),
                own,
                "{path}"
            );
            assert!(!own.contains(call));
        }
        let theirs = world.get(&named).bearer(ADMIN).reply().await;
        assert_eq!(theirs.status, 200);
        let unnamed = world.get(path).bearer(ADMIN).reply().await;
        assert_eq!(
            unnamed.refusal(),
            (400, Some("missing_account".to_owned())),
            "{path}"
        );
    }
    let logs = world
        .get(&format!("/v1/usage/logs?account={adas_account}"))
        .bearer(ADMIN)
        .reply()
        .await;
    assert_eq!(logs.json()["data"][0]["id"], call);
    assert_eq!(world.chat(&key).json(&hello()).reply().await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn admin_routes_are_for_the_operator() {
    let world = World::new().await;
    let (token, account) = world.somebody("ada@example.org").await;
    let (key, _) = world.key(&token, json!({})).await;
    for (method, path) in [
        ("GET", "/v1/admin/accounts".to_owned()),
        ("GET", format!("/v1/admin/accounts/{account}")),
        ("PATCH", format!("/v1/admin/accounts/{account}")),
        ("POST", format!("/v1/admin/accounts/{account}/credits")),
        ("GET", format!("/v1/admin/accounts/{account}/ledger")),
        ("GET", "/v1/admin/models".to_owned()),
        ("POST", "/v1/admin/models".to_owned()),
        ("PATCH", "/v1/admin/models/sim/echo".to_owned()),
        ("DELETE", "/v1/admin/models/sim/echo".to_owned()),
        ("GET", "/v1/admin/pricing-rules".to_owned()),
        ("POST", "/v1/admin/pricing-rules".to_owned()),
        ("DELETE", "/v1/admin/pricing-rules/rul_1".to_owned()),
        ("GET", "/v1/admin/audit".to_owned()),
    ] {
        let ask = |token: &str| world.ask(method, &path).bearer(token).body("{}");
        for token in [&token, &key] {
            let reply = ask(token).reply().await;
            assert_eq!(
                reply.refusal(),
                (403, Some("admin_only".to_owned())),
                "{method} {path}"
            );
        }
        for token in [
            "admin-key-of-the-test",
            "admin-key-of-the-tests2",
            "vz-sk_x",
        ] {
            assert!(
                [401, 403].contains(&ask(token).reply().await.status),
                "{method} {path}"
            );
        }
        assert_eq!(
            world.ask(method, &path).reply().await.status,
            401,
            "{method} {path}"
        );
    }
}
