//! What every answer has, whoever wrote it.

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::Wire;
use crate::world::{Wishes, World, content, end, hello};

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_a_request_id() {
    let world = World::new().await;
    for (method, path, status) in [
        ("GET", "/healthz", 200),
        ("GET", "/nowhere", 404),
        ("PUT", "/v1/models", 405),
        ("OPTIONS", "/v1/models", 204),
        ("GET", "/v1/usage/logs", 401),
        ("POST", "/v1/chat/completions", 401),
        ("HEAD", "/v1/models", 200),
    ] {
        let own = world.ask(method, path).reply().await;
        assert_eq!(own.status, status, "{method} {path}");
        let id = own.header("x-request-id").unwrap();
        assert!(id.starts_with("req_"), "{method} {path} {id}");
        let named = world
            .ask(method, path)
            .header("x-request-id", "mine-7")
            .reply()
            .await;
        assert_eq!(
            named.header("x-request-id"),
            Some("mine-7"),
            "{method} {path}"
        );
    }
    let reply = world
        .get("/healthz")
        .header("x-request-id", "not mine")
        .reply()
        .await;
    assert!(reply.header("x-request-id").unwrap().starts_with("req_"));
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_routes_and_methods_are_refused_in_json() {
    let world = World::new().await;
    for path in [
        "/",
        "/v1",
        "/v1/chat",
        "/v1/chat/completions/",
        "/v1/images/generations",
        "/%00",
        "/v1/api-keys/",
    ] {
        let reply = world.get(path).reply().await;
        assert_eq!(
            reply.refusal(),
            (404, Some("route_not_found".to_owned())),
            "{path}"
        );
    }
    for (method, path, allow) in [
        ("GET", "/v1/chat/completions", "POST, OPTIONS"),
        ("DELETE", "/v1/models", "GET, HEAD, OPTIONS"),
        (
            "PUT",
            "/v1/api-keys/key_1",
            "GET, HEAD, PATCH, DELETE, OPTIONS",
        ),
        ("POST", "/healthz", "GET, HEAD, OPTIONS"),
    ] {
        let reply = world.ask(method, path).reply().await;
        assert_eq!(
            reply.refusal(),
            (405, Some("method_not_allowed".to_owned()))
        );
        assert_eq!(reply.header("allow"), Some(allow));
        let options = world.ask("OPTIONS", path).reply().await;
        assert_eq!(
            (options.status, options.header("allow")),
            (204, Some(allow))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_has_the_head_of_its_get() {
    let world = World::new().await;
    let get = world.get("/v1/models").reply().await;
    let head = world.ask("HEAD", "/v1/models").reply().await;
    assert_eq!(head.status, 200);
    assert_eq!(head.header("content-length"), get.header("content-length"));
    assert_eq!(head.header("content-type"), Some("application/json"));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_known_pages_may_read_answers() {
    let mut wishes = Wishes::default();
    wishes.settings.cors_origins = vec!["https://app.example.org/".to_owned()];
    let world = World::with(wishes).await;
    let from = |origin: &str| world.get("/v1/models").header("origin", origin);
    let known = from("https://app.example.org").reply().await;
    let allowed = |reply: &crate::client::Reply| {
        reply
            .header("access-control-allow-origin")
            .map(ToOwned::to_owned)
    };
    assert_eq!(allowed(&known).as_deref(), Some("https://app.example.org"));
    assert_eq!(known.header("vary"), Some("origin"));
    assert!(
        known
            .header("access-control-expose-headers")
            .unwrap()
            .contains("x-vuzo-cost")
    );
    for origin in [
        "https://evil.org",
        "https://app.example.org.evil.org",
        "null",
    ] {
        assert_eq!(allowed(&from(origin).reply().await), None, "{origin}");
    }
    let preflight = world
        .ask("OPTIONS", "/v1/chat/completions")
        .header("origin", "https://app.example.org")
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "authorization, x-stainless-os",
        )
        .reply()
        .await;
    assert_eq!(preflight.status, 204);
    let headers = preflight.header("access-control-allow-headers");
    assert_eq!(headers, Some("authorization, x-stainless-os"));
    assert!(
        preflight
            .header("access-control-allow-methods")
            .unwrap()
            .contains("PATCH")
    );
    // Refusals can be read as well, or the page would never learn why.
    let refusal = world
        .get("/v1/usage/logs")
        .header("origin", "https://app.example.org")
        .reply()
        .await;
    assert_eq!((refusal.status, allowed(&refusal).is_some()), (401, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn models_are_found_by_every_spelling() {
    let world = World::new().await;
    let list = world.get("/v1/models").reply().await.json();
    assert_eq!(list["object"], "list");
    let rows = list["data"].as_array().unwrap();
    let echo = rows.iter().find(|row| row["id"] == "sim/echo").unwrap();
    assert_eq!(echo["object"], "model");
    assert_eq!(echo["owned_by"], "sim");
    assert!(echo["created"].is_u64() && echo["context_length"].is_u64());
    assert_eq!(
        echo["pricing"],
        json!({"input": "0.10", "output": "0.40", "unit": "1M tokens", "currency": "USD"})
    );
    for path in [
        "/v1/models/sim/echo",
        "/v1/models/sim%2Fecho",
        "/v1/models/sim%2fecho",
    ] {
        assert_eq!(&world.get(path).reply().await.json(), echo, "{path}");
    }
    for path in ["/v1/models/gpt-9", "/v1/models/", "/v1/models/sim%00"] {
        let reply = world.get(path).reply().await;
        assert_eq!(
            reply.refusal(),
            (404, Some("model_not_found".to_owned())),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn health_tells_how_things_are() {
    let world = World::new().await;
    for (path, status) in [
        ("/healthz", "ok"),
        ("/healthz/db", "ok"),
        ("/healthz/redis", "not_configured"),
        ("/healthz/vault", "ok"),
        ("/health/liveness", "ok"),
        ("/health/readiness", "ok"),
    ] {
        let reply = world.get(path).reply().await;
        assert_eq!(
            (reply.status, reply.json()),
            (200, json!({"status": status})),
            "{path}"
        );
    }
    let info = world.get("/info").reply().await.json();
    assert_eq!(
        (&info["name"], &info["environment"]),
        (&json!("vuzo"), &json!("local"))
    );
    assert_eq!(world.get("/metrics").reply().await.text(), "vuzo_up 1\n");

    let sick = Wishes {
        database: Err("no route to host 10.1.2.3".to_owned()),
        ..Wishes::default()
    };
    let world = World::with(sick).await;
    for path in ["/healthz/db", "/health/readiness"] {
        let reply = world.get(path).reply().await;
        let unwell = json!({"status": "unavailable"});
        assert_eq!((reply.status, reply.json()), (503, unwell), "{path}");
    }
    assert_eq!(world.get("/health/liveness").reply().await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_can_have_a_listener_of_their_own() {
    let mut wishes = Wishes::default();
    wishes.settings.metrics_bind = Some(([127, 0, 0, 1], 0).into());
    let world = World::with(wishes).await;
    assert_eq!(world.get("/metrics").reply().await.status, 404);
    let inside = world.metrics_address.unwrap();
    for (path, status) in [
        ("/metrics", 200),
        ("/health/readiness", 200),
        ("/v1/models", 404),
    ] {
        let reply = crate::client::Ask::new(inside, "GET", path).reply().await;
        assert_eq!(reply.status, status, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_serves_many_requests() {
    let world = World::new().await;
    let mut wire = Wire::open(world.address).await;
    for _ in 0..3 {
        wire.send(b"GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n")
            .await;
        let reply = wire.reply(true).await;
        assert_eq!((reply.status, reply.header("connection")), (200, None));
    }
    // Pipelined requests are answered in order.
    wire.send(b"GET /info HTTP/1.1\r\nhost: a\r\n\r\nGET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")
        .await;
    assert!(wire.reply(true).await.text().contains("vuzo"));
    assert!(wire.reply(true).await.text().contains("ok"));
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_heads_are_refused() {
    let world = World::new().await;
    for head in [
        &b"nonsense\r\n\r\n"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\ncontent-length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n",
    ] {
        let mut wire = Wire::open(world.address).await;
        wire.send(head).await;
        let reply = wire.head().await;
        assert!(reply.starts_with("HTTP/1.1 4"), "{head:?} {reply}");
    }
    let mut wire = Wire::open(world.address).await;
    let many = "x: y\r\n".repeat(30_000);
    wire.send(format!("GET / HTTP/1.1\r\n{many}\r\n").as_bytes())
        .await;
    let reply = wire.head().await;
    assert!(reply.starts_with("HTTP/1.1 4"), "{reply}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_knows_no_chunks_reads_a_stream_to_the_end_of_the_connection() {
    let world = World::new().await;
    let key = world.any_key().await;
    let (sender, receiver) = tokio::sync::mpsc::channel(2);
    world.provider.hold(receiver);
    let piece = content("data: {\"n\":1}\n\n");
    sender.send(Ok(piece)).await.unwrap();
    sender.send(Ok(end())).await.unwrap();
    let mut body = hello();
    body["stream"] = json!(true);
    let request = String::from_utf8(world.chat(&key).json(&body).bytes()).unwrap();
    let request = request.replacen("HTTP/1.1", "HTTP/1.0", 1);
    let mut wire = TcpStream::connect(world.address).await.unwrap();
    wire.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    wire.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.0 200"), "{head}");
    assert!(!head.to_lowercase().contains("transfer-encoding"), "{head}");
    assert!(body.starts_with("data: {"), "{body}");
    assert!(body.ends_with("data: [DONE]\n\n"), "{body}");
}
