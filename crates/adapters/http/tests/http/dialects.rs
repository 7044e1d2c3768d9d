//! Calls in every dialect, from the socket to the ledger.

mod completions;

use bytes::Bytes;
use serde_json::{Value, json};
use vuzo_domain::chat::{
    Endpoint, FaultKind, ProviderFault, Reply as ProviderReply, ReplyChunk, ReplyStream,
    UsageReport, WholeReply,
};
use vuzo_domain::usage::Consumption;

use crate::client::Reply;
use crate::world::{World, content, report};

const COST: &str = "0.0000017";

/// Queues a whole answer of 9 tokens in and 2 out.
fn say(world: &World, body: &'static str) {
    let reply = WholeReply {
        body: Bytes::from_static(body.as_bytes()),
        report: report(),
    };
    queue(world, Ok(ProviderReply::Whole(reply)));
}

/// Queues a stream: one piece, and the end with its usage frame.
fn stream(world: &World, piece: &'static str, last: &'static str, usage: Option<&'static str>) {
    let pieces = [
        content(piece),
        ReplyChunk::End {
            frames: Bytes::from_static(last.as_bytes()),
            usage_frame: usage.map(|frame| Bytes::from_static(frame.as_bytes())),
            report: report(),
        },
    ];
    let pieces = futures_util::stream::iter(pieces.map(Ok));
    queue(world, Ok(ProviderReply::Stream(ReplyStream::new(pieces))));
}

/// Queues a stream that breaks off after its first piece.
fn break_off(world: &World, piece: &'static str) {
    let fault = ProviderFault::new(FaultKind::Failing, "it failed");
    let pieces = futures_util::stream::iter([Ok(content(piece)), Err(fault)]);
    queue(world, Ok(ProviderReply::Stream(ReplyStream::new(pieces))));
}

fn queue(world: &World, reply: Result<ProviderReply, ProviderFault>) {
    world.provider.next.lock().unwrap().push_back(reply);
}

/// What every charged answer has, whatever its dialect; answers the usage object.
#[track_caller]
fn check_whole(reply: &Reply, cost: &str, usage: &Value) {
    assert_eq!(reply.status, 200, "{reply:?}");
    let id = reply.header("x-vuzo-generation-id").unwrap();
    assert_eq!(reply.header("x-vuzo-cost"), Some(cost));
    assert!(reply.header("x-vuzo-balance").is_some());
    assert!(reply.header("x-vuzo-model").is_some());
    assert!(reply.header("x-vuzo-overhead-ms").is_some());
    assert!(reply.header("x-ratelimit-remaining-requests").is_some());
    assert_eq!(
        usage["cost_details"],
        json!({"amount": cost, "currency": "USD", "generation_id": id})
    );
    assert!(
        reply.text().contains(&format!("\"cost\":{cost},")),
        "{reply:?}"
    );
}

/// The events of a stream that names them: name and payload.
fn events(reply: &Reply) -> Vec<(String, Value)> {
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(
        reply.header("content-type"),
        Some("text/event-stream; charset=utf-8")
    );
    let text = reply.text();
    assert!(text.ends_with("\n\n"), "{text:?}");
    let frames = text.split("\n\n").filter(|frame| !frame.is_empty());
    frames
        .map(|frame| {
            let (name, data) = frame.split_once('\n').expect(frame);
            let name = name.strip_prefix("event: ").expect(frame);
            let data = data.strip_prefix("data: ").expect(frame);
            (name.to_owned(), serde_json::from_str(data).expect(frame))
        })
        .collect()
}

async fn charged(world: &World, key: &str, endpoint: &str, cost: &str) {
    let row = &world.read("/v1/usage/logs", key).await["data"][0];
    assert_eq!(
        (&row["endpoint"], &row["cost"]),
        (&json!(endpoint), &json!(cost))
    );
    let row = &world.read("/v1/billing/transactions", key).await["data"][0];
    assert_eq!(row["amount"], json!(format!("-{cost}")));
}

fn seen(world: &World) -> (Endpoint, Option<u64>, u64) {
    let calls = world.provider.calls.lock().unwrap();
    let envelope = &calls.last().unwrap().envelope;
    (
        envelope.endpoint,
        envelope.output_limit,
        envelope.prompt_bytes,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn responses() {
    let world = World::new().await;
    let key = world.any_key().await;
    let ask = world.post("/v1/responses").bearer(&key);
    say(
        &world,
        r#"{"id":"resp_1","object":"response","status":"completed","output":[],"usage":{"input_tokens":9,"output_tokens":2,"total_tokens":11}}"#,
    );
    let body = json!({"model": "sim/echo", "input": "Say hi", "max_output_tokens": 20});
    let reply = ask.clone().json(&body).reply().await;
    let answer = reply.json();
    check_whole(&reply, COST, &answer["usage"]);
    assert_eq!(answer["usage"]["input_tokens"], 9);
    assert_eq!(
        (seen(&world).0, seen(&world).1),
        (Endpoint::Responses, Some(20))
    );
    charged(&world, &key, "responses", COST).await;

    stream(
        &world,
        "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"Hi\"}\n\n",
        "event: response.output_text.done\ndata: {\"type\":\"response.output_text.done\"}\n\n",
        Some(
            "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"usage\":{\"output_tokens\":2}}}\n\n",
        ),
    );
    let mut body = body;
    body["stream"] = json!(true);
    let reply = ask.clone().json(&body).reply().await;
    let events_seen = events(&reply);
    let names: Vec<_> = events_seen.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "response.output_text.delta",
            "response.output_text.done",
            "response.completed"
        ]
    );
    let usage = &events_seen[2].1["response"]["usage"];
    assert_eq!(usage["cost_details"]["amount"], COST);
    assert_eq!(usage["output_tokens"], 2);

    break_off(
        &world,
        "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"Hi\"}\n\n",
    );
    let reply = ask.clone().json(&body).reply().await;
    let (name, data) = events(&reply).pop().unwrap();
    assert_eq!(
        (name.as_str(), &data["code"]),
        ("error", &json!("provider_error"))
    );
    let balance = world.read("/v1/billing/balance", &key).await;
    assert_eq!(balance["total_usd"], "0.9999966", "the broken one is free");
}

const MESSAGE: &str = r#"{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":2}}"#;
const DELTA: &str = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hi\"}}\n\n";
const STOP: &str =
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n";
const LAST: &str = "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":2}}\n\n";

fn message() -> Value {
    json!({"model": "sim/echo", "max_tokens": 20, "messages": [{"role": "user", "content": "Say hi"}]})
}

#[tokio::test(flavor = "multi_thread")]
async fn messages() {
    let world = World::new().await;
    let key = world.any_key().await;
    // As old and new clients of Anthropic send their key.
    for ask in [
        world.post("/v1/messages").header("x-api-key", &key),
        world.post("/v1/messages").bearer(&key),
        world
            .post("/v1/messages")
            .header("x-api-key", &key)
            .header("anthropic-version", "2023-06-01")
            .header("anthropic-beta", "some-beta"),
    ] {
        say(&world, MESSAGE);
        let reply = ask.json(&message()).reply().await;
        let answer = reply.json();
        check_whole(&reply, COST, &answer["usage"]);
        assert_eq!(answer["usage"]["input_tokens"], 9);
        assert_eq!(reply.header("request-id"), reply.header("x-request-id"));
        assert!(reply.header("request-id").is_some());
    }
    assert_eq!(
        (seen(&world).0, seen(&world).1),
        (Endpoint::Messages, Some(20))
    );
    charged(&world, &key, "messages", COST).await;

    let mut body = message();
    body["stream"] = json!(true);
    let ask = world
        .post("/v1/messages")
        .header("x-api-key", &key)
        .json(&body);
    stream(&world, DELTA, STOP, Some(LAST));
    let reply = ask.reply().await;
    let seen = events(&reply);
    let names: Vec<_> = seen.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop"
        ]
    );
    for (name, data) in &seen {
        assert_eq!(&data["type"], name, "the two always agree");
    }
    assert_eq!(seen[2].1["usage"]["cost_details"]["amount"], COST);
    assert_eq!(reply.header("request-id"), reply.header("x-request-id"));

    break_off(&world, DELTA);
    let (name, data) = events(&ask.reply().await).pop().unwrap();
    assert_eq!(
        (name.as_str(), &data["error"]["type"]),
        ("error", &json!("api_error"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_replayed_as_it_was() {
    let world = World::new().await;
    let key = world.any_key().await;
    let mut body = message();
    body["stream"] = json!(true);
    let ask = world
        .post("/v1/messages")
        .header("x-api-key", &key)
        .header("idempotency-key", "once")
        .json(&body);
    stream(&world, DELTA, STOP, Some(LAST));
    let first = ask.reply().await;
    let second = ask.reply().await;
    assert_eq!(second.header("idempotent-replayed"), Some("true"));
    assert_eq!((second.status, second.text()), (200, first.text()));
    assert_eq!(events(&second).len(), 4);
    assert_eq!(world.provider.calls.lock().unwrap().len(), 1);
    let mut other = body.clone();
    other["max_tokens"] = json!(21);
    let reply = ask.clone().json(&other).reply().await;
    assert_eq!(reply.status, 422);
    assert_eq!(reply.json()["error"]["type"], "invalid_request_error");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_counted_for_nothing() {
    let world = World::new().await;
    let key = world.any_key().await;
    let ask = world
        .post("/v1/messages/count_tokens")
        .header("x-api-key", &key);
    let text = "four".repeat(100);
    let body = json!({"model": "sim/echo", "messages": [{"role": "user", "content": text}]});
    let reply = ask.clone().json(&body).reply().await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let answer = reply.json();
    assert_eq!(answer.as_object().unwrap().len(), 1);
    let count = answer["input_tokens"].as_u64().unwrap();
    assert!((100..=120).contains(&count), "{count}");
    assert!(world.provider.calls.lock().unwrap().is_empty());
    let balance = world.read("/v1/billing/balance", &key).await;
    assert_eq!(balance["total_usd"], "1.00");
    let mut unknown = body.clone();
    unknown["model"] = json!("nope");
    let reply = ask.json(&unknown).reply().await;
    assert_eq!(reply.status, 404);
    assert_eq!(reply.json()["error"]["type"], "not_found_error");
}

#[tokio::test(flavor = "multi_thread")]
async fn embeddings_are_paid_by_the_prompt_alone() {
    let world = World::new().await;
    let key = world.any_key().await;
    let ask = world.post("/v1/embeddings").bearer(&key);
    let answer = || {
        let reply = WholeReply {
            body: Bytes::from_static(
                br#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":"AAAAPw=="}],"model":"m","usage":{"prompt_tokens":500,"total_tokens":500}}"#,
            ),
            report: UsageReport {
                consumption: Some(Consumption {
                    input: 500,
                    ..Consumption::default()
                }),
                ..UsageReport::default()
            },
        };
        queue(&world, Ok(ProviderReply::Whole(reply)));
    };
    answer();
    let body = json!({"model": "sim/embed", "input": "x".repeat(600), "encoding_format": "base64"});
    let reply = ask.clone().json(&body).reply().await;
    let json_seen = reply.json();
    // 500 tokens at $0.02 a million.
    check_whole(&reply, "0.00001", &json_seen["usage"]);
    assert_eq!(json_seen["data"][0]["embedding"], "AAAAPw==");
    assert_eq!(seen(&world), (Endpoint::Embeddings, Some(0), 608));
    charged(&world, &key, "embeddings", "0.00001").await;
    let id = reply.header("x-vuzo-generation-id").unwrap();
    let receipt = world.read(&format!("/v1/generations/{id}"), &key).await;
    let lines = receipt["lines"].as_array().unwrap();
    assert_eq!((lines.len(), &lines[0]["kind"]), (1, &json!("input")));
    // 608 bytes are at the most as many tokens; no completion is held for.
    assert_eq!(receipt["hold"], "0.00001216");

    // Tokens are held for one by one, beyond the context of a single text.
    answer();
    let tokens: Vec<Vec<u32>> = vec![vec![7; 5_000]; 4];
    let reply = ask
        .clone()
        .json(&json!({"model": "sim/embed", "input": tokens}))
        .reply()
        .await;
    let id = reply.header("x-vuzo-generation-id").unwrap();
    let receipt = world.read(&format!("/v1/generations/{id}"), &key).await;
    assert_eq!(receipt["hold"], "0.0004");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_only_for_what_it_can_do() {
    let world = World::new().await;
    let key = world.any_key().await;
    for (path, body, shape) in [
        (
            "/v1/chat/completions",
            json!({"model": "sim/embed", "messages": [{"role": "user", "content": "x"}]}),
            "openai",
        ),
        (
            "/v1/estimate",
            json!({"model": "sim/embed", "messages": [{"role": "user", "content": "x"}]}),
            "openai",
        ),
        (
            "/v1/completions",
            json!({"model": "sim/embed", "prompt": "x"}),
            "openai",
        ),
        (
            "/v1/responses",
            json!({"model": "sim/embed", "input": "x"}),
            "openai",
        ),
        (
            "/v1/embeddings",
            json!({"model": "sim/echo", "input": "x"}),
            "openai",
        ),
        (
            "/v1/messages",
            json!({"model": "sim/embed", "max_tokens": 5, "messages": [{"role": "user", "content": "x"}]}),
            "anthropic",
        ),
    ] {
        let reply = world.post(path).bearer(&key).json(&body).reply().await;
        let said = reply.json();
        assert_eq!(reply.status, 400, "{path} {said}");
        let code = if shape == "openai" {
            assert_eq!(said["error"]["param"], "model", "{path}");
            &said["error"]["code"]
        } else {
            &said["error"]["details"]["error_code"]
        };
        assert_eq!(code, "unsupported_model", "{path}");
        let message = said["error"]["message"].as_str().unwrap();
        let lacks = if path == "/v1/embeddings" {
            "\"embeddings\""
        } else {
            "\"chat\""
        };
        assert!(message.contains(lacks), "{message}");
    }
    assert!(world.provider.calls.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_origins_may_call_every_dialect() {
    let mut wishes = crate::world::Wishes::default();
    wishes.settings.cors_origins = vec!["https://app.example.org".to_owned()];
    let world = World::with(wishes).await;
    for path in [
        "/v1/completions",
        "/v1/responses",
        "/v1/messages",
        "/v1/messages/count_tokens",
        "/v1/embeddings",
        "/vuzo/v1/chat/completions",
    ] {
        let ask = |method| {
            world
                .ask(method, path)
                .header("origin", "https://app.example.org")
        };
        let reply = ask("OPTIONS")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "x-api-key")
            .reply()
            .await;
        assert_eq!(reply.status, 204, "{path}");
        assert_eq!(
            reply.header("access-control-allow-headers"),
            Some("x-api-key")
        );
        // A refusal can be read as well, in whatever shape it is.
        let reply = ask("POST").body("{}").reply().await;
        assert_eq!(reply.status, 401, "{path}");
        assert_eq!(
            reply.header("access-control-allow-origin"),
            Some("https://app.example.org"),
            "{path}"
        );
        // No body is read beyond its limit.
        let key = "vz-sk_x";
        let reply = ask("POST")
            .bearer(key)
            .body(vec![b' '; 200_000])
            .reply()
            .await;
        assert!([401, 413].contains(&reply.status), "{path} {reply:?}");
    }
}
