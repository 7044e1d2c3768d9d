//! API keys, and what they open.

use serde_json::json;

use crate::world::{ADMIN, Wishes, World, hello};

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_shown_once() {
    let world = World::new().await;
    let (token, _) = world.somebody("ada@example.org").await;
    let body = json!({
        "name": "ci", "environment": "staging", "scopes": ["inference"],
        "allowed_models": ["sim/*"], "ip_allowlist": ["127.0.0.0/8"], "domain_allowlist": ["*.example.org"],
        "expires_at": "2027-01-01T00:00:00Z", "spend_cap": {"amount": 5, "currency": "USD", "window": "monthly"},
        "limits": {"requests_per_minute": 60, "tokens_per_day": 9_000_000_000_000_000_u64},
    });
    let reply = world
        .post("/v1/api-keys")
        .bearer(&token)
        .json(&body)
        .reply()
        .await;
    assert_eq!(reply.status, 201, "{reply:?}");
    let made = reply.json();
    let key = made["key"].as_str().unwrap();
    assert!(key.starts_with("vz-sk_") && key.starts_with(made["prefix"].as_str().unwrap()));
    assert_eq!(
        (&made["environment"], &made["status"]),
        (&json!("staging"), &json!("active"))
    );
    assert_eq!(
        made["spend_cap"],
        json!({"amount": "5.00", "currency": "USD", "window": "monthly"})
    );
    assert_eq!(
        made["limits"]["tokens_per_day"],
        json!(9_000_000_000_000_000_u64)
    );
    assert_eq!(made["limits"]["requests_per_hour"], json!(null));
    let path = format!("/v1/api-keys/{}", made["id"].as_str().unwrap());
    for path in ["/v1/api-keys", &path] {
        let reply = world.get(path).bearer(&token).reply().await;
        assert_eq!(reply.status, 200);
        assert!(!reply.text().contains(key), "{path}");
    }
    let patched = world
        .ask("PATCH", &path)
        .bearer(&token)
        .json(&json!({"name": "ci 2", "spend_cap": null, "limits": {"requests_per_minute": null}, "ip_allowlist": []}))
        .reply()
        .await
        .json();
    assert_eq!(
        (&patched["name"], &patched["spend_cap"]),
        (&json!("ci 2"), &json!(null))
    );
    assert_eq!(patched["limits"]["requests_per_minute"], json!(null));
    assert_eq!(
        patched["limits"]["tokens_per_day"],
        json!(9_000_000_000_000_000_u64)
    );
    assert_eq!(patched["ip_allowlist"], json!([]));
    assert_eq!(
        patched["allowed_models"],
        json!(["sim/*"]),
        "what was not said stays"
    );
    let emptied = world
        .ask("PATCH", &path)
        .bearer(&token)
        .json(&json!({"allowed_models": null, "ip_allowlist": null, "domain_allowlist": null, "expires_at": null}))
        .reply()
        .await
        .json();
    for list in ["allowed_models", "ip_allowlist", "domain_allowlist"] {
        assert_eq!(emptied[list], json!([]), "{list}");
    }
    assert_eq!(emptied["expires_at"], json!(null));
    assert_eq!(
        world
            .ask("DELETE", &path)
            .bearer(&token)
            .reply()
            .await
            .status,
        204
    );
    let gone = world.get(&path).bearer(&token).reply().await.json();
    assert_eq!(gone["status"], "revoked");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_read_page_by_page() {
    let world = World::new().await;
    let (token, _) = world.somebody("ada@example.org").await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(world.key(&token, json!({})).await.1);
    }
    made.reverse();
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/api-keys?limit=2&cursor={cursor}");
        let page = world.get(&path).bearer(&token).reply().await.json();
        assert_eq!(page["object"], "list");
        let rows = page["data"].as_array().unwrap();
        seen.extend(
            rows.iter()
                .map(|row| row["id"].as_str().unwrap().to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break assert_eq!(page["has_more"], false),
        }
    }
    assert_eq!(seen, made);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_key_works_for_its_grace() {
    let world = World::new().await;
    let (token, _) = world.somebody("ada@example.org").await;
    let (old, id) = world.key(&token, json!({})).await;
    let path = format!("/v1/api-keys/{id}/rotate");
    let rotate = world
        .post(&path)
        .bearer(&token)
        .json(&json!({"grace_seconds": 60}));
    let fresh = rotate.reply().await;
    assert_eq!(fresh.status, 201, "{fresh:?}");
    assert_eq!(fresh.json()["replaces"], json!(id));
    let new = fresh.json()["key"].as_str().unwrap().to_owned();
    for key in [&old, &new] {
        assert_eq!(world.chat(key).json(&hello()).reply().await.status, 200);
    }
    let again = rotate.reply().await;
    assert_eq!(
        again.refusal(),
        (409, Some("api_key_already_replaced".to_owned()))
    );
    world.clock.advance(std::time::Duration::from_secs(61));
    let reply = world.chat(&old).json(&hello()).reply().await;
    assert_eq!(reply.refusal(), (401, Some("invalid_api_key".to_owned())));
    assert_eq!(world.chat(&new).json(&hello()).reply().await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_what_it_is_for() {
    let mut wishes = Wishes::default();
    wishes.settings.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    let world = World::with(wishes).await;
    let (token, _) = world.somebody("ada@example.org").await;
    let refused = |reply: crate::client::Reply| reply.refusal();
    let code = |code: &str| Some(code.to_owned());
    let (reader, _) = world.key(&token, json!({"scopes": ["read"]})).await;
    let reply = world.chat(&reader).json(&hello()).reply().await;
    assert_eq!(refused(reply), (403, code("insufficient_scope")));
    let reply = world.get("/v1/api-keys").bearer(&reader).reply().await;
    assert_eq!(refused(reply), (403, code("insufficient_scope")));
    let (caller, _) = world.key(&token, json!({"scopes": ["inference"]})).await;
    let reply = world.get("/v1/usage/logs").bearer(&caller).reply().await;
    assert_eq!(refused(reply), (403, code("insufficient_scope")));
    let (narrow, _) = world
        .key(&token, json!({"allowed_models": ["sim/lorem"]}))
        .await;
    for path in ["/v1/chat/completions", "/v1/estimate"] {
        let reply = world
            .post(path)
            .bearer(&narrow)
            .json(&hello())
            .reply()
            .await;
        assert_eq!(refused(reply), (403, code("model_not_allowed")), "{path}");
    }
    let (inside, _) = world
        .key(&token, json!({"ip_allowlist": ["10.0.0.0/8"]}))
        .await;
    let from = |address: &str| {
        world
            .chat(&inside)
            .header("x-forwarded-for", address)
            .json(&hello())
    };
    assert_eq!(from("10.1.2.3").reply().await.status, 200);
    for address in ["9.9.9.9", "10.1.2.3, 9.9.9.9", "rubbish"] {
        assert_eq!(
            refused(from(address).reply().await),
            (403, code("ip_not_allowed")),
            "{address}"
        );
    }
    let (page, _) = world
        .key(&token, json!({"domain_allowlist": ["*.example.org"]}))
        .await;
    let at = |origin: &str| world.chat(&page).header("origin", origin).json(&hello());
    assert_eq!(at("https://app.example.org").reply().await.status, 200);
    assert_eq!(
        refused(at("https://example.com").reply().await),
        (403, code("domain_not_allowed"))
    );
    // Being an administrator is not a matter of keys.
    let reply = world
        .get("/v1/admin/accounts")
        .bearer(&reader)
        .reply()
        .await;
    assert_eq!(refused(reply), (403, code("admin_only")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_gives_no_more_than_it_has() {
    let world = World::new().await;
    let (token, _) = world.somebody("ada@example.org").await;
    let (maker, _) = world
        .key(
            &token,
            json!({"scopes": ["inference", "keys"], "allowed_models": ["sim/echo"]}),
        )
        .await;
    let make = |body| world.post("/v1/api-keys").bearer(&maker).json(&body);
    let fine = make(json!({"name": "a"})).reply().await;
    assert_eq!(
        (fine.status, &fine.json()["allowed_models"]),
        (201, &json!(["sim/echo"]))
    );
    let reply = make(json!({"name": "b", "scopes": ["read"]})).reply().await;
    assert_eq!(
        reply.refusal(),
        (403, Some("insufficient_scope".to_owned()))
    );
    let reply = make(json!({"name": "c", "allowed_models": ["*"]}))
        .reply()
        .await;
    assert_eq!(
        reply.refusal(),
        (403, Some("wider_than_own_key".to_owned()))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_minds_everybodys_keys() {
    let world = World::new().await;
    let (token, account) = world.somebody("ada@example.org").await;
    let (key, id) = world.key(&token, json!({})).await;
    let list = world
        .get(&format!("/v1/api-keys?account={account}"))
        .bearer(ADMIN)
        .reply()
        .await;
    assert_eq!(list.json()["data"][0]["id"], json!(id));
    let path = format!("/v1/api-keys/{id}?account={account}");
    let reply = world.ask("DELETE", &path).bearer(&token).reply().await;
    assert_eq!(reply.refusal(), (403, Some("admin_only".to_owned())));
    assert_eq!(
        world
            .ask("DELETE", &path)
            .bearer(ADMIN)
            .reply()
            .await
            .status,
        204
    );
    assert_eq!(world.chat(&key).json(&hello()).reply().await.status, 401);
}
