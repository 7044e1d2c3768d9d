//! Calls, from the socket to the ledger.

use std::time::Duration;

use serde_json::{Value, json};
use vuzo_domain::chat::{FaultKind, ProviderFault, Reply as ProviderReply, ReplyStream};

use crate::client::Wire;
use crate::world::{ADMIN, World, content, end, hello};

fn streamed(more: Value) -> Value {
    let mut body = hello();
    body["stream"] = json!(true);
    body["stream_options"] = more;
    body
}

/// The payloads of a stream's events.
fn events(text: &str) -> Vec<String> {
    assert!(text.ends_with("\n\n"), "{text:?}");
    let frames = text.split("\n\n").filter(|frame| !frame.is_empty());
    frames
        .map(|frame| frame.strip_prefix("data: ").expect(frame).to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_answer_tells_its_cost_everywhere_alike() {
    let world = World::new().await;
    let (token, _) = world.somebody("ada@example.org").await;
    let limits = json!({"limits": {"requests_per_minute": 60}});
    let (key, _) = world.key(&token, limits).await;
    let reply = world.chat(&key).json(&hello()).reply().await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let answer = reply.json();
    let id = answer["id"].as_str().unwrap();
    assert!(id.starts_with("gen_"));
    // 9 tokens at $0.10 and 2 at $0.40 a million.
    let cost = "0.0000017";
    assert_eq!(answer["usage"]["cost"].to_string(), "1.7e-6");
    assert!(reply.text().contains(r#""cost":0.0000017,"#));
    assert_eq!(
        answer["usage"]["cost_details"],
        json!({"amount": cost, "currency": "USD", "generation_id": id})
    );
    for (name, value) in [
        ("x-vuzo-generation-id", id),
        ("x-vuzo-cost", cost),
        ("x-vuzo-balance", "0.9999983"),
        ("x-vuzo-model", "sim/echo"),
        ("x-ratelimit-limit-requests", "60"),
        ("x-ratelimit-remaining-requests", "59"),
        (
            "ratelimit-policy",
            "\"requests\";q=60;w=60, \"tokens\";q=2000000;w=60",
        ),
        ("content-type", "application/json"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{name}");
    }
    assert!(
        reply
            .header("x-ratelimit-reset-requests")
            .unwrap()
            .ends_with('s')
    );
    assert!(reply.header("x-vuzo-overhead-ms").unwrap().contains('.'));
    assert_eq!(reply.header("x-vuzo-max-tokens-clamped"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_found_in_all_books_alike() {
    let world = World::new().await;
    let (token, _) = world.somebody("ada@example.org").await;
    let (key, key_id) = world.key(&token, json!({})).await;
    let mut body = hello();
    body["metadata"] = json!({"ticket": "7"});
    let id = world.chat(&key).json(&body).reply().await.json()["id"].clone();
    let cost = json!("0.0000017");
    let wallet = &world.balance(&token).await["wallets"][0];
    assert_eq!(
        (&wallet["posted"], &wallet["held"]),
        (&json!("0.9999983"), &json!("0.00"))
    );
    let row = &world.read("/v1/billing/transactions", &key).await["data"][0];
    assert_eq!(
        (&row["kind"], &row["amount"]),
        (&json!("usage"), &json!("-0.0000017"))
    );
    assert_eq!(row["generation_id"], id);
    let row = &world.read("/v1/usage/logs", &key).await["data"][0];
    assert_eq!(
        (&row["id"], &row["cost"], &row["status"]),
        (&id, &cost, &json!("ok"))
    );
    assert_eq!(
        (&row["metadata"], &row["api_key_id"]),
        (&body["metadata"], &json!(key_id))
    );
    let path = format!("/v1/generations/{}", id.as_str().unwrap());
    let receipt = world.read(&path, &key).await;
    let line = &receipt["lines"][0];
    assert_eq!(
        (&line["kind"], &line["multiplier"]),
        (&json!("input"), &json!("1"))
    );
    // What the provider takes is the operator's to know.
    assert_eq!(receipt["attempts"][0].get("provider_cost"), None);
    let operators = world.read(&path, ADMIN).await;
    assert_eq!(operators["attempts"][0]["provider_cost"], cost);
    let days = world.read("/v1/usage/daily", &key).await["data"].clone();
    assert_eq!(
        (days.as_array().unwrap().len(), &days[29]["cost"]),
        (30, &cost)
    );
    let summary = world.read("/v1/usage/summary", &key).await;
    assert_eq!((&summary["requests"], &summary["cost"]), (&json!(1), &cost));
    assert_eq!(summary["by_key"][0]["api_key_id"], json!(key_id));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_framed_as_every_client_reads_it() {
    let world = World::new().await;
    let key = world.any_key().await;
    let reply = world
        .chat(&key)
        .json(&streamed(json!({"include_usage": true})))
        .reply()
        .await;
    for (name, value) in [
        ("content-type", "text/event-stream; charset=utf-8"),
        ("cache-control", "no-cache"),
        ("x-accel-buffering", "no"),
        ("transfer-encoding", "chunked"),
        ("x-vuzo-model", "sim/echo"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{name}");
    }
    let id = reply.header("x-vuzo-generation-id").unwrap();
    let events = events(&reply.text());
    assert_eq!(events.len(), 4, "{events:?}");
    assert_eq!(events[3], "[DONE]");
    let usage: Value = serde_json::from_str(&events[2]).unwrap();
    assert_eq!((&usage["id"], &usage["choices"]), (&json!(id), &json!([])));
    assert_eq!(usage["usage"]["cost_details"]["amount"], "0.0000017");

    let plain = world.chat(&key).json(&streamed(json!(null))).reply().await;
    let text = plain.text();
    assert!(
        !text.contains("usage") && text.ends_with("data: [DONE]\n\n"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pieces_leave_when_they_are_there() {
    let world = World::new().await;
    let key = world.any_key().await;
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    world.provider.hold(receiver);
    let mut wire = Wire::open(world.address).await;
    wire.send(&world.chat(&key).json(&streamed(json!(null))).bytes())
        .await;
    for frames in ["data: {\"n\":1}\n\n", "data: {\"n\":2}\n\n"] {
        sender.send(Ok(content(frames))).await.unwrap();
        if frames.contains('1') {
            assert!(wire.head().await.starts_with("HTTP/1.1 200"));
        }
        // Nothing but this frame can be read before the next is sent.
        assert_eq!(wire.chunk().await.unwrap(), frames.as_bytes());
    }
    sender.send(Ok(end())).await.unwrap();
    assert_eq!(wire.chunk().await.unwrap(), b"data: [DONE]\n\n");
    assert_eq!(wire.chunk().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_off_ends_in_an_error_event() {
    let world = World::new().await;
    let (token, _) = world.somebody("ada@example.org").await;
    let (key, _) = world.key(&token, json!({})).await;
    let broken = ProviderFault::new(FaultKind::Garbled, "the provider's answer broke off");
    let pieces = futures_util::stream::iter([Ok(content("data: {\"n\":1}\n\n")), Err(broken)]);
    let stream = ProviderReply::Stream(ReplyStream::new(pieces));
    world.provider.next.lock().unwrap().push_back(Ok(stream));
    let reply = world.chat(&key).json(&streamed(json!(null))).reply().await;
    assert_eq!(reply.status, 200);
    let events = events(&reply.text());
    let last: Value = serde_json::from_str(events.last().unwrap()).unwrap();
    assert_eq!(last["error"]["code"], "provider_invalid_response");
    assert!(!reply.text().contains("[DONE]"));
    assert_eq!(world.balance(&token).await["total_usd"], "1.00");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_key_replays_the_answer() {
    let world = World::new().await;
    let key = world.any_key().await;
    for body in [hello(), streamed(json!({"include_usage": true}))] {
        let token = format!("once-{}", body["stream"]);
        let ask = world
            .chat(&key)
            .header("idempotency-key", &token)
            .json(&body);
        let first = ask.reply().await;
        assert_eq!(
            (first.status, first.header("idempotent-replayed")),
            (200, None)
        );
        let before = world.provider.calls.lock().unwrap().len();
        let second = ask.reply().await;
        assert_eq!(
            (second.status, second.header("idempotent-replayed")),
            (200, Some("true"))
        );
        assert_eq!(second.text(), first.text());
        for name in ["content-type", "x-vuzo-generation-id", "cache-control"] {
            assert_eq!(second.header(name), first.header(name), "{name}");
        }
        assert_eq!(world.provider.calls.lock().unwrap().len(), before);
        let mut other = body.clone();
        other["max_tokens"] = json!(51);
        let reply = world
            .chat(&key)
            .header("idempotency-key", &token)
            .json(&other)
            .reply()
            .await;
        assert_eq!(
            reply.refusal(),
            (422, Some("idempotency_key_mismatch".to_owned()))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_key_answers_409() {
    let world = World::new().await;
    let key = world.any_key().await;
    let (_held, receiver) = tokio::sync::mpsc::channel(1);
    world.provider.hold(receiver);
    let ask = world
        .chat(&key)
        .header("idempotency-key", "k")
        .json(&streamed(json!(null)));
    let mut first = Wire::open(world.address).await;
    first.send(&ask.bytes()).await;
    assert!(first.head().await.starts_with("HTTP/1.1 200"));
    let second = ask.reply().await;
    assert_eq!(
        second.refusal(),
        (409, Some("idempotency_key_in_use".to_owned()))
    );
    assert_eq!(second.header("retry-after"), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_wallet_refuses_before_the_provider() {
    let world = World::new().await;
    let (token, account) = world.somebody("ada@example.org").await;
    let (key, _) = world.key(&token, json!({})).await;
    let path = format!("/v1/admin/accounts/{account}/credits");
    let debit = json!({"amount": "-1", "currency": "USD", "reason": "test"});
    assert_eq!(
        world
            .post(&path)
            .bearer(ADMIN)
            .json(&debit)
            .reply()
            .await
            .status,
        201
    );
    let reply = world.chat(&key).json(&hello()).reply().await;
    assert_eq!(
        reply.refusal(),
        (402, Some("insufficient_credits".to_owned()))
    );
    let error = &reply.json()["error"];
    assert_eq!(error["type"], "insufficient_quota");
    assert_eq!(error["currency"], "USD");
    assert!(
        error["required"].is_string() && error["available"].is_string(),
        "{error}"
    );
    assert!(
        error
            .as_object()
            .unwrap()
            .contains_key("max_tokens_affordable")
    );
    assert!(reply.header("x-vuzo-generation-id").is_some());
    assert!(world.provider.calls.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_wallet_lowers_the_output_limit() {
    let world = World::new().await;
    let (token, account) = world.somebody("ada@example.org").await;
    let (key, _) = world.key(&token, json!({})).await;
    let path = format!("/v1/admin/accounts/{account}/credits");
    let debit = json!({"amount": "-0.99", "currency": "USD", "reason": "test"});
    assert_eq!(
        world
            .post(&path)
            .bearer(ADMIN)
            .json(&debit)
            .reply()
            .await
            .status,
        201
    );
    let mut body = hello();
    (body["max_tokens"], body["n"]) = (json!(16_000), json!(10));
    let reply = world.chat(&key).json(&body).reply().await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let limit: u64 = reply
        .header("x-vuzo-max-tokens-clamped")
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..16_000).contains(&limit), "{limit}");
    let sent = world.provider.calls.lock().unwrap()[0].output_limit;
    assert_eq!(sent, Some(limit));
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_and_caps_say_when_to_try_again() {
    let world = World::new().await;
    let (token, _) = world.somebody("ada@example.org").await;
    let (key, _) = world
        .key(&token, json!({"limits": {"requests_per_minute": 1}}))
        .await;
    assert_eq!(world.chat(&key).json(&hello()).reply().await.status, 200);
    let reply = world.chat(&key).json(&hello()).reply().await;
    assert_eq!(
        reply.refusal(),
        (429, Some("rate_limit_exceeded".to_owned()))
    );
    let wait: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=61).contains(&wait), "{wait}");
    for (name, value) in [
        ("x-ratelimit-limit-requests", "1"),
        ("x-ratelimit-remaining-requests", "0"),
        ("ratelimit-policy", "\"requests\";q=1;w=60"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{name}");
    }
    assert!(
        reply.text().contains("Please try again in"),
        "{}",
        reply.text()
    );
    world.clock.advance(Duration::from_secs(62));
    assert_eq!(world.chat(&key).json(&hello()).reply().await.status, 200);

    let cap = json!({"spend_cap": {"amount": "0.000001", "currency": "USD", "window": "total"}});
    let (capped, _) = world.key(&token, cap).await;
    let reply = world.chat(&capped).json(&hello()).reply().await;
    assert_eq!(
        reply.refusal(),
        (429, Some("spending_cap_reached".to_owned()))
    );
    assert_eq!(reply.header("x-should-retry"), Some("false"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_providers_faults_are_not_the_customers() {
    let world = World::new().await;
    let (token, _) = world.somebody("ada@example.org").await;
    let (key, _) = world.key(&token, json!({})).await;
    let bad = |status| FaultKind::BadRequest {
        status,
        param: Some("temperature".to_owned()),
        code: Some("unsupported_value".to_owned()),
    };
    for (kind, status, code) in [
        (FaultKind::OurAccount, 502, "provider_unavailable"),
        (FaultKind::Garbled, 502, "provider_invalid_response"),
        (bad(400), 400, "unsupported_value"),
        (bad(402), 400, "unsupported_value"),
        (bad(401), 400, "unsupported_value"),
        (bad(422), 422, "unsupported_value"),
    ] {
        let fault = ProviderFault::new(kind.clone(), "it went wrong").with_detail("secret detail");
        world.provider.next.lock().unwrap().push_back(Err(fault));
        let reply = world.chat(&key).json(&hello()).reply().await;
        assert_eq!(reply.refusal(), (status, Some(code.to_owned())), "{kind:?}");
        assert!(!reply.text().contains("secret detail"));
    }
    assert_eq!(world.balance(&token).await["total_usd"], "1.00");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_estimate_costs_nothing() {
    let world = World::new().await;
    let key = world.any_key().await;
    let reply = world
        .post("/v1/estimate")
        .bearer(&key)
        .json(&hello())
        .reply()
        .await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let estimate = reply.json();
    assert_eq!(estimate["model"], "sim/echo");
    assert_eq!(estimate["max_completion_tokens"], 50);
    assert_eq!(
        (&estimate["currency"], &estimate["affordable"]),
        (&json!("USD"), &json!(true))
    );
    assert!(estimate["worst_case_cost"].is_string() && estimate["expected_cost"].is_string());
    assert_eq!(
        estimate["wallet"],
        json!({"currency": "USD", "available": "1.00"})
    );
    assert!(world.provider.calls.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_call_as_keys_do() {
    let world = World::new().await;
    let (token, _) = world.somebody("ada@example.org").await;
    assert_eq!(world.chat(&token).json(&hello()).reply().await.status, 200);
    let reply = world.chat(ADMIN).json(&hello()).reply().await;
    assert_eq!(reply.status, 401, "the admin key has no account to charge");
}
