use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn credentials_and_headers() {
    let mut bench = Bench::new().await;
    let body = hello().to_string();
    let post = |world: &World| world.post("/v1/chat/completions").body(&body);
    let key = bench.key.clone();
    let wrong_end = format!("{}A", &key[..key.len() - 1]);
    for value in [
        "",
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        "Token x",
        "Bearer nonsense",
        "Bearer vz-sk_",
        "Bearer vz-sk_0000000000000000000000000000000000000000",
        "Bearer two words",
        "Bearer sk-proj-0123456789",
        &key,
        &format!("Bearer {wrong_end}"),
        &format!("Bearer {}", key.to_uppercase()),
        &format!("Bearer {key}x"),
    ] {
        let reply = post(&bench.world)
            .header("authorization", value)
            .reply()
            .await;
        bench.check(value, &reply, 401, "invalid_api_key", "");
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"), "{value}");
    }
    let reply = post(&bench.world).reply().await;
    bench.check("no credential", &reply, 401, "invalid_api_key", "");
    for value in [
        "Bearer a.b.c".to_owned(),
        // alg none, and a token of somebody else's making.
        "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c3JfMSJ9.".to_owned(),
        "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c3JfMSJ9.c2lnbmF0dXJl".to_owned(),
        format!("Bearer {}x", bench.token),
    ] {
        let reply = post(&bench.world)
            .header("authorization", &value)
            .reply()
            .await;
        bench.check(&value, &reply, 401, "invalid_token", "");
    }
    let long = "k".repeat(256);
    for value in ["", "two words", "k\u{e4}se", "tab\there", &long] {
        let reply = post(&bench.world)
            .bearer(&bench.key)
            .header("idempotency-key", value)
            .reply()
            .await;
        bench.check(value, &reply, 400, "invalid_idempotency_key", "");
    }
    let twice = post(&bench.world)
        .bearer(&bench.key)
        .header("idempotency-key", "a")
        .header("idempotency-key", "b")
        .reply()
        .await;
    bench.check("two keys", &twice, 400, "invalid_idempotency_key", "");
    bench.finish(25).await;
}
