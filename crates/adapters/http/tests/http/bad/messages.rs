use super::*;

/// Fields beside a model, a limit and a conversation: each is at fault.
const FIELDS: &[&str] = &[
    r#""system":5"#,
    r#""system":[{"type":"smell"}]"#,
    r#""stream":"yes""#,
    r#""stop_sequences":"x""#,
    r#""stop_sequences":[5]"#,
    r#""temperature":"0""#,
    r#""temperature":7"#,
    r#""top_k":"5""#,
    r#""tools":{}"#,
    r#""tools":[{}]"#,
    r#""tools":[{"name":"f","input_schema":5}]"#,
    r#""tool_choice":"auto""#,
    r#""tool_choice":{"type":"sometimes"}"#,
    r#""thinking":true"#,
    r#""thinking":{"type":"enabled"}"#,
    r#""metadata":[]"#,
    r#""max_tokens":6"#,
    r#""model":"other""#,
];

const BODIES: &[&str] = &[
    "",
    "null",
    "[]",
    "{",
    r#"{"model":"sim/echo","max_tokens":5,"messages":[{"role":"user","content":"x"}]}}"#,
    "{}",
    r#"{"max_tokens":5,"messages":[{"role":"user","content":"x"}]}"#,
    r#"{"model":"sim/echo","messages":[{"role":"user","content":"x"}]}"#,
    r#"{"model":"sim/echo","max_tokens":0,"messages":[{"role":"user","content":"x"}]}"#,
    r#"{"model":"sim/echo","max_tokens":"5","messages":[{"role":"user","content":"x"}]}"#,
    r#"{"model":"sim/echo","max_tokens":5}"#,
    r#"{"model":"sim/echo","max_tokens":5,"messages":[]}"#,
    r#"{"model":"sim/echo","max_tokens":5,"messages":{}}"#,
    r#"{"model":"sim/echo","max_tokens":5,"messages":["x"]}"#,
    r#"{"model":"sim/echo","max_tokens":5,"messages":[{"role":"boss","content":"x"}]}"#,
    r#"{"model":"sim/echo","max_tokens":5,"messages":[{"role":"user"}]}"#,
    r#"{"model":"sim/echo","max_tokens":5,"messages":[{"role":"user","content":5}]}"#,
    r#"{"model":"sim/echo","max_tokens":5,"messages":[{"role":"user","content":[{"type":"smell"}]}]}"#,
];

/// Checks a refusal in Anthropic's shape.
#[track_caller]
fn check(bench: &mut Bench, what: &str, reply: &Reply, status: u16, kind: &str) {
    bench.sent += 1;
    let said = reply.json();
    assert_eq!(reply.status, status, "{what}: {said}");
    assert_eq!(said["type"], "error", "{what}: {said}");
    assert_eq!(said["error"]["type"], kind, "{what}: {said}");
    assert!(
        said["error"]["message"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
    );
    let id = said["request_id"].as_str();
    assert!(id.is_some(), "{what}: {said}");
    assert_eq!(reply.header("request-id"), id, "{what}");
    assert_eq!(reply.header("x-request-id"), id, "{what}");
    assert_eq!(reply.header("content-type"), Some("application/json"));
    let length = reply.body.len().to_string();
    assert_eq!(reply.header("content-length"), Some(length.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_requests() {
    const BAD: &str = "invalid_request_error";
    let mut bench = Bench::new().await;
    let ask = bench
        .world
        .post("/v1/messages")
        .header("x-api-key", &bench.key);
    for body in BODIES {
        let reply = ask.clone().body(body).reply().await;
        check(&mut bench, body, &reply, 400, BAD);
    }
    for fields in FIELDS {
        let body = format!(
            r#"{{"model":"sim/echo","max_tokens":5,"messages":[{{"role":"user","content":"x"}}],{fields}}}"#
        );
        let reply = ask.clone().body(&body).reply().await;
        check(&mut bench, &body, &reply, 400, BAD);
    }
    bench.finish(36).await;
}

const GOOD: &str =
    r#"{"model":"sim/echo","max_tokens":5,"messages":[{"role":"user","content":"x"}]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_around_a_message() {
    const BAD: &str = "invalid_request_error";
    let mut bench = Bench::new().await;
    let ask = bench
        .world
        .post("/v1/messages")
        .header("x-api-key", &bench.key);
    let good = GOOD;
    let unknown = good.replace("sim/echo", "nope");
    let reply = ask.clone().body(&unknown).reply().await;
    check(&mut bench, "model", &reply, 404, "not_found_error");
    let reply = ask
        .clone()
        .header("content-type", "text/plain")
        .body(good)
        .reply()
        .await;
    check(&mut bench, "type", &reply, 415, BAD);
    let reply = ask.clone().body(" ".repeat(200_000)).reply().await;
    check(&mut bench, "size", &reply, 413, "request_too_large");
    for key in ["", "two words", "vz-sk_nonsense", "Bearer x"] {
        let reply = bench
            .world
            .post("/v1/messages")
            .header("x-api-key", key)
            .body(good)
            .reply()
            .await;
        check(&mut bench, key, &reply, 401, "authentication_error");
    }
    let none = bench.world.post("/v1/messages").body(good).reply().await;
    check(&mut bench, "no key", &none, 401, "authentication_error");
    // Elsewhere that header opens nothing.
    let other = bench.world.post("/v1/chat/completions");
    let other = other.header("x-api-key", &bench.key).body("{}");
    let reply = other.reply().await;
    bench.check("chat", &reply, 401, "invalid_api_key", "");
    let reply = bench.world.get("/v1/messages").reply().await;
    check(&mut bench, "GET", &reply, 405, BAD);
    assert_eq!(reply.header("allow"), Some("POST, OPTIONS"));
    for path in ["/v1/messages/", "/v1/messages/batches", "/v1/messages/x/y"] {
        let reply = bench.world.post(path).body(good).reply().await;
        check(&mut bench, path, &reply, 404, "not_found_error");
    }
    bench.finish(12).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_may_not_send_messages() {
    const BAD: &str = "invalid_request_error";
    let mut bench = Bench::new().await;
    let good = GOOD;
    let scopes = json!({"scopes": ["read"]});
    let (readers, _) = bench.world.key(&bench.token, scopes).await;
    let reply = bench
        .world
        .post("/v1/messages")
        .header("x-api-key", &readers)
        .body(good)
        .reply()
        .await;
    check(&mut bench, "scope", &reply, 403, "permission_error");
    let limits = json!({"limits": {"max_tokens_per_request": 4}});
    let (small, _) = bench.world.key(&bench.token, limits).await;
    let reply = bench
        .world
        .post("/v1/messages")
        .bearer(&small)
        .body(good)
        .reply()
        .await;
    check(&mut bench, "limit", &reply, 400, BAD);
    let dear = good
        .replace(":5,", ":16000,")
        .replace("\"x\"", &format!("\"{}\"", "x".repeat(90_000)));
    let capped = json!({"spend_cap": {"amount": "0.000001", "currency": "USD", "window": "daily"}});
    let (capped, _) = bench.world.key(&bench.token, capped).await;
    let reply = bench
        .world
        .post("/v1/messages")
        .bearer(&capped)
        .body(&dear)
        .reply()
        .await;
    check(&mut bench, "cap", &reply, 429, "rate_limit_error");
    assert_eq!(reply.header("x-should-retry"), Some("false"));
    bench.finish(3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn count_tokens_requests() {
    const BAD: &str = "invalid_request_error";
    let mut bench = Bench::new().await;
    let ask = bench
        .world
        .post("/v1/messages/count_tokens")
        .header("x-api-key", &bench.key);
    for body in [
        "",
        "[]",
        "{",
        "{}",
        r#"{"model":"sim/echo"}"#,
        r#"{"model":"sim/echo","messages":[]}"#,
        r#"{"model":"sim/echo","messages":[{"role":"user","content":5}]}"#,
        r#"{"model":7,"messages":[{"role":"user","content":"x"}]}"#,
        r#"{"model":"sim/echo","messages":[{"role":"user","content":"x"}],"tools":5}"#,
        r#"{"model":"sim/embed","messages":[{"role":"user","content":"x"}]}"#,
    ] {
        let reply = ask.clone().body(body).reply().await;
        check(&mut bench, body, &reply, 400, BAD);
    }
    let reply = bench.world.get("/v1/messages/count_tokens").reply().await;
    check(&mut bench, "GET", &reply, 405, BAD);
    bench.finish(11).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_wallet_is_told_in_anthropics_words() {
    let mut bench = Bench::new().await;
    let path = format!("/v1/admin/accounts/{}/credits", bench.account);
    let reply = bench
        .world
        .post(&path)
        .bearer(ADMIN)
        .json(&json!({"amount": "-1", "currency": "USD", "reason": "test"}))
        .reply()
        .await;
    assert!(reply.status < 300, "{reply:?}");
    let reply = bench
        .world
        .post("/v1/messages")
        .bearer(&bench.key)
        .body(r#"{"model":"sim/echo","max_tokens":5,"messages":[{"role":"user","content":"x"}]}"#)
        .reply()
        .await;
    check(&mut bench, "empty", &reply, 402, "billing_error");
    let details = &reply.json()["error"]["details"];
    assert_eq!(details["error_code"], "insufficient_credits");
    assert_eq!(details["available"], "0.00");
    assert!(reply.header("x-vuzo-generation-id").is_some());
}
