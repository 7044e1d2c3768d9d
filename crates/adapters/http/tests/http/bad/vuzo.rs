use super::*;

/// Checks a refusal that is one sentence.
#[track_caller]
fn check(bench: &mut Bench, what: &str, reply: &Reply, status: u16, words: &str) {
    bench.sent += 1;
    let said = reply.json();
    assert_eq!(reply.status, status, "{what}: {said}");
    assert_eq!(
        said.as_object().map(serde_json::Map::len),
        Some(1),
        "{what}: {said}"
    );
    let detail = said["detail"].as_str().unwrap_or_default();
    assert!(
        detail.contains(words) && !detail.is_empty(),
        "{what}: {said}"
    );
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert!(reply.header("x-request-id").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn vuzo_requests() {
    let mut bench = Bench::new().await;
    let chat = bench
        .world
        .post("/vuzo/v1/chat/completions")
        .bearer(&bench.key);
    for (body, words) in [
        ("", "empty"),
        ("[]", "must be a JSON object"),
        ("{", "not valid JSON"),
        ("{}", "'model'"),
        (r#"{"model":"sim/echo"}"#, "'messages'"),
        (r#"{"model":"sim/echo","messages":[]}"#, "'messages'"),
        (
            r#"{"model":"sim/echo","messages":[{"role":"user"}]}"#,
            "'messages[0].content'",
        ),
        (
            r#"{"model":"sim/echo","messages":[{"role":"user","content":"x"}],"temperature":9}"#,
            "'temperature'",
        ),
        (
            r#"{"model":"sim/echo","messages":[{"role":"user","content":"x"}],"stream":1}"#,
            "'stream'",
        ),
        (
            r#"{"model":"sim/embed","messages":[{"role":"user","content":"x"}]}"#,
            "capability",
        ),
    ] {
        let reply = chat.clone().body(body).reply().await;
        check(&mut bench, body, &reply, 400, words);
    }
    let unknown = r#"{"model":"nope","messages":[{"role":"user","content":"x"}]}"#;
    let reply = chat.clone().body(unknown).reply().await;
    check(&mut bench, "model", &reply, 404, "nope");
    bench.finish(11).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vuzo_queries_and_small_bodies() {
    let mut bench = Bench::new().await;
    for (path, words) in [
        ("/vuzo/v1/usage?limit=0", "'limit'"),
        ("/vuzo/v1/usage?limit=many", "'limit'"),
        ("/vuzo/v1/usage?offset=-1", "'offset'"),
        ("/vuzo/v1/usage?start_date=yesterday", "'start_date'"),
        ("/vuzo/v1/usage/summary?end_date=2026-13-01", "'end_date'"),
        (
            "/vuzo/v1/usage/daily?start_date=2026-02-01&end_date=2026-01-01",
            "'start_date'",
        ),
        ("/vuzo/v1/billing/transactions?limit=1.5", "'limit'"),
    ] {
        let reply = bench.world.get(path).bearer(&bench.key).reply().await;
        check(&mut bench, path, &reply, 400, words);
    }
    let post = |path: &str| bench.world.post(path).bearer(&bench.key);
    let (top_up, keys) = (post("/vuzo/v1/billing/topup"), post("/vuzo/v1/api-keys"));
    for (body, status, words) in [
        ("", 400, "empty"),
        ("{}", 400, "'amount'"),
        (r#"{"amount":true}"#, 400, "'amount'"),
        (r#"{"amount":-5}"#, 400, "'amount'"),
        (r#"{"amount":0}"#, 400, "'amount'"),
        (r#"{"amount":10.0}"#, 403, "/v1/billing/checkout"),
    ] {
        let reply = top_up.clone().body(body).reply().await;
        check(&mut bench, body, &reply, status, words);
    }
    for (body, words) in [
        ("{}", "'name'"),
        (r#"{"name":5}"#, "'name'"),
        (r#"{"name":""}"#, ""),
    ] {
        let reply = keys.clone().body(body).reply().await;
        check(&mut bench, body, &reply, 400, words);
    }
    for (method, path, status, words) in [
        ("GET", "/vuzo/v1/nothing", 404, "/vuzo/v1/nothing"),
        ("GET", "/vuzo", 404, "/vuzo"),
        ("POST", "/vuzo/v1/models", 405, "POST"),
        ("GET", "/vuzo/v1/chat/completions", 405, "GET"),
        ("DELETE", "/vuzo/v1/api-keys/key_1", 404, "api key"),
    ] {
        let ask = bench.world.ask(method, path).bearer(&bench.key);
        let reply = ask.reply().await;
        check(&mut bench, path, &reply, status, words);
    }
    for path in [
        "/vuzo/v1/models",
        "/vuzo/v1/usage",
        "/vuzo/v1/usage/daily",
        "/vuzo/v1/billing/balance",
        "/vuzo/v1/api-keys",
    ] {
        let reply = bench.world.get(path).reply().await;
        check(&mut bench, path, &reply, 401, "API key");
        let reply = bench.world.get(path).bearer("vz-sk_x").reply().await;
        check(&mut bench, path, &reply, 401, "");
    }
    bench.finish(30).await;
}
