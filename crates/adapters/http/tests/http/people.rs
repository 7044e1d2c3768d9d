//! Signing up, logging in, staying logged in, logging out.

use serde_json::{Value, json};

use crate::world::{ADMIN, Wishes, World};

fn ada() -> Value {
    json!({"email": "ada@example.org", "password": "correct horse", "full_name": "Ada", "company": "Analytical"})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_has_everything_at_once() {
    let world = World::new().await;
    let reply = world.post("/v1/auth/register").json(&ada()).reply().await;
    assert_eq!(reply.status, 201);
    let json = reply.json();
    assert_eq!(json["user"]["email"], "ada@example.org");
    assert_eq!(
        (&json["user"]["role"], &json["token_type"]),
        (&json!("user"), &json!("bearer"))
    );
    assert_eq!(json["expires_in"], 1_800);
    assert_eq!(json["account"]["status"], "active");
    let token = json["access_token"].as_str().unwrap();
    let balance = world.balance(token).await;
    assert_eq!(
        (&balance["total_usd"], &balance["account_id"]),
        (&json!("1.00"), &json["account"]["id"])
    );
    let wallet = &balance["wallets"][0];
    assert_eq!(wallet["credit_line"], "0.00");
    assert_eq!(
        wallet["caps"],
        json!({"daily": null, "weekly": null, "monthly": null, "total": null})
    );
    let moved = world
        .get("/v1/billing/transactions")
        .bearer(token)
        .reply()
        .await
        .json();
    assert_eq!(moved["data"][0]["kind"], "trial_grant");

    let again = world.post("/v1/auth/register").json(&ada()).reply().await;
    assert_eq!(again.refusal(), (409, Some("email_taken".to_owned())));
    assert!(!reply.text().contains("correct horse"));
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_tokens_are_good_once() {
    let world = World::new().await;
    let first = world
        .post("/v1/auth/register")
        .json(&ada())
        .reply()
        .await
        .json();
    let refresh = |token: &Value| {
        world
            .post("/v1/auth/refresh")
            .json(&json!({"refresh_token": token}))
    };
    let second = refresh(&first["refresh_token"]).reply().await;
    assert_eq!(second.status, 200);
    let second = second.json();
    let reused = refresh(&first["refresh_token"]).reply().await;
    assert_eq!(
        reused.refusal(),
        (401, Some("refresh_token_reused".to_owned()))
    );
    // The thief's and the owner's tokens are both worth nothing now.
    let reply = refresh(&second["refresh_token"]).reply().await;
    assert_eq!(
        reply.refusal(),
        (401, Some("invalid_refresh_token".to_owned()))
    );
    let access = second["access_token"].as_str().unwrap();
    let reply = world.get("/v1/me").bearer(access).reply().await;
    assert_eq!(reply.refusal(), (401, Some("session_ended".to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_out_ends_the_session() {
    let world = World::new().await;
    world.somebody("ada@example.org").await;
    let wrong = json!({"email": "ada@example.org", "password": "battery staple"});
    let unknown = json!({"email": "bob@example.org", "password": "battery staple"});
    for body in [wrong, unknown] {
        let reply = world.post("/v1/auth/login").json(&body).reply().await;
        assert_eq!(
            reply.refusal(),
            (401, Some("invalid_credentials".to_owned()))
        );
    }
    let right = json!({"email": " ADA@example.org", "password": "correct horse"});
    let reply = world.post("/v1/auth/login").json(&right).reply().await;
    assert_eq!(reply.status, 200);
    let json = reply.json();
    let token = json["access_token"].as_str().unwrap();
    let status = world
        .get("/v1/auth/status")
        .bearer(token)
        .reply()
        .await
        .json();
    assert_eq!(
        (&status["authenticated"], &status["user"]["email"]),
        (&json!(true), &json!("ada@example.org"))
    );
    let nobody = world.get("/v1/auth/status").reply().await;
    assert_eq!(
        (nobody.status, &nobody.json()["authenticated"]),
        (200, &json!(false))
    );

    assert_eq!(
        world
            .post("/v1/auth/logout")
            .bearer(token)
            .reply()
            .await
            .status,
        204
    );
    for path in ["/v1/me", "/v1/auth/status", "/v1/billing/balance"] {
        let reply = world.get(path).bearer(token).reply().await;
        assert_eq!(
            reply.refusal(),
            (401, Some("session_ended".to_owned())),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_can_be_changed_by_its_person_alone() {
    let world = World::new().await;
    let (token, account) = world.somebody("ada@example.org").await;
    let me = world.get("/v1/me").bearer(&token).reply().await.json();
    assert_eq!(
        (&me["email"], &me["account"]["id"]),
        (&json!("ada@example.org"), &json!(account))
    );
    let patch = world
        .ask("PATCH", "/v1/me")
        .json(&json!({"full_name": "Ada L."}));
    let changed = patch.clone().bearer(&token).reply().await;
    assert_eq!(
        (changed.status, &changed.json()["full_name"]),
        (200, &json!("Ada L."))
    );
    let (key, _) = world.key(&token, json!({})).await;
    let me = world.get("/v1/me").bearer(&key).reply().await.json();
    assert_eq!(
        (&me["email"], &me["account"]["id"]),
        (&Value::Null, &json!(account))
    );
    let gone = world
        .ask("PATCH", "/v1/me")
        .bearer(&token)
        .json(&json!({"full_name": null}));
    assert_eq!(gone.reply().await.json()["full_name"], Value::Null);
    for nobody in [key.as_str(), ADMIN] {
        let refused = (403, Some("session_required".to_owned()));
        assert_eq!(
            patch.clone().bearer(nobody).reply().await.refusal(),
            refused
        );
        let status = world.get("/v1/auth/status").bearer(nobody).reply().await;
        assert_eq!(status.refusal(), refused);
    }
    let keys = world.get("/v1/api-keys").bearer(ADMIN).reply().await;
    assert_eq!(keys.refusal(), (400, Some("missing_account".to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn access_tokens_end_with_their_time() {
    let world = World::new().await;
    let (token, _) = world.somebody("ada@example.org").await;
    world.clock.advance(std::time::Duration::from_secs(3_600));
    let reply = world.get("/v1/me").bearer(&token).reply().await;
    assert_eq!(reply.refusal(), (401, Some("token_expired".to_owned())));
    assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_counted_by_their_address() {
    let mut wishes = Wishes::default();
    wishes.policy.anonymous_per_minute = Some(2);
    wishes.settings.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let world = World::with(wishes).await;
    let body = json!({"email": "nobody@example.org", "password": "x"});
    let from = |address: &str| {
        world
            .post("/v1/auth/login")
            .header("x-forwarded-for", address)
            .json(&body)
    };
    for _ in 0..2 {
        assert_eq!(from("1.2.3.4").reply().await.status, 401);
    }
    let reply = from("1.2.3.4").reply().await;
    assert_eq!(
        reply.refusal(),
        (429, Some("rate_limit_exceeded".to_owned()))
    );
    assert!(reply.header("retry-after").is_some());
    assert_eq!(from("1.2.3.5").reply().await.status, 401);
    // Sign-up and refresh are counted with it.
    let reply = world
        .post("/v1/auth/register")
        .header("x-forwarded-for", "1.2.3.4")
        .json(&ada())
        .reply()
        .await;
    assert_eq!(reply.status, 429);
}
