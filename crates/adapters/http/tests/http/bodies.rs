//! Bodies that are too large, too slow, or not what they say.

use std::time::Duration;

use vuzo_http::BodyRules;

use crate::client::Wire;
use crate::world::{Wishes, World, end, hello};

fn head(key: &str, more: &str) -> Vec<u8> {
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {key}\r\n{more}\r\n"
    )
    .into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_the_limit_is_refused_at_once() {
    let world = World::new().await;
    let key = world.any_key().await;
    let mut wire = Wire::open(world.address).await;
    // The refusal comes before a byte of the body was sent.
    for length in ["100001", "99999999999", "99999999999999999999"] {
        let mut wire = Wire::open(world.address).await;
        wire.send(&head(&key, &format!("content-length: {length}\r\n")))
            .await;
        let reply = wire.reply(true).await;
        // What no integer holds is refused by the server's own reader of heads.
        let expected = if length.len() < 20 { 413 } else { 400 };
        assert_eq!(reply.status, expected, "{length}");
    }
    // Without an announced length it comes as soon as the limit is passed.
    wire.send(&head(&key, "transfer-encoding: chunked\r\n"))
        .await;
    for _ in 0..7 {
        wire.send(b"4000\r\n").await;
        wire.send(&[b' '; 0x4000]).await;
        wire.send(b"\r\n").await;
    }
    let reply = wire.reply(true).await;
    assert_eq!(reply.refusal(), (413, Some("request_too_large".to_owned())));
    // Other routes take less.
    let large = vec![b' '; 64 * 1024 + 1];
    let reply = world.post("/v1/auth/login").body(large).reply().await;
    assert_eq!(reply.refusal(), (413, Some("request_too_large".to_owned())));
    assert!(world.provider.calls.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_may_come_in_pieces() {
    let world = World::new().await;
    let key = world.any_key().await;
    let body = hello().to_string();
    let (first, second) = body.split_at(20);
    let mut wire = Wire::open(world.address).await;
    let length = format!("content-length: {}\r\n", body.len());
    wire.send(&head(&key, &length)).await;
    wire.send(first.as_bytes()).await;
    tokio::task::yield_now().await;
    wire.send(second.as_bytes()).await;
    assert_eq!(wire.reply(true).await.status, 200);
    wire.send(&head(&key, "transfer-encoding: chunked\r\n"))
        .await;
    for piece in [first, second] {
        wire.send(format!("{:x}\r\n{piece}\r\n", piece.len()).as_bytes())
            .await;
    }
    wire.send(b"0\r\n\r\n").await;
    assert_eq!(wire.reply(true).await.status, 200);
    // A client that waits for permission gets it.
    wire.send(&head(&key, &format!("{length}expect: 100-continue\r\n")))
        .await;
    assert!(wire.head().await.starts_with("HTTP/1.1 100"));
    wire.send(body.as_bytes()).await;
    assert_eq!(wire.reply(true).await.status, 200);
}

fn impatient() -> Wishes {
    let mut wishes = Wishes::default();
    wishes.settings.body = BodyRules {
        grace: Duration::from_millis(100),
        slowest: 1_000_000,
        longest: Duration::from_millis(400),
        ..wishes.settings.body
    };
    wishes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_come_is_not_awaited() {
    let world = World::with(impatient()).await;
    let key = world.any_key().await;
    for sent in ["", "{\"model\":"] {
        let mut wire = Wire::open(world.address).await;
        wire.send(&head(&key, "content-length: 500\r\n")).await;
        wire.send(sent.as_bytes()).await;
        let reply = wire.reply(true).await;
        assert_eq!(
            reply.refusal(),
            (408, Some("request_timeout".to_owned())),
            "{sent:?}"
        );
        assert!(wire.is_closed().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trickling_body_ends_in_time() {
    let world = World::with(impatient()).await;
    let key = world.any_key().await;
    let mut wire = Wire::open(world.address).await;
    wire.send(&head(&key, "content-length: 50000\r\n")).await;
    let mut tick = tokio::time::interval(Duration::from_millis(10));
    let began = std::time::Instant::now();
    let reply = loop {
        tokio::select! {
            reply = wire.head() => break reply,
            _ = tick.tick() => {}
        }
        wire.send(b" ").await;
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "the trickle was never ended"
        );
    };
    assert!(reply.starts_with("HTTP/1.1 408"), "{reply}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_does_not_come_is_not_awaited() {
    let mut wishes = Wishes::default();
    wishes.settings.head_timeout = Duration::from_millis(100);
    let world = World::with(wishes).await;
    let mut wire = Wire::open(world.address).await;
    wire.send(b"GET /healthz HT").await;
    let reply = wire.head().await;
    assert!(reply.starts_with("HTTP/1.1 408"), "{reply}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_plain_json_is_read() {
    let world = World::new().await;
    let key = world.any_key().await;
    let body = hello().to_string();
    for (name, value, status, code) in [
        (
            "content-encoding",
            "gzip",
            415,
            "unsupported_content_encoding",
        ),
        (
            "content-encoding",
            "br",
            415,
            "unsupported_content_encoding",
        ),
        (
            "content-encoding",
            "identity, gzip",
            415,
            "unsupported_content_encoding",
        ),
        ("content-type", "text/plain", 415, "unsupported_media_type"),
        (
            "content-type",
            "application/x-www-form-urlencoded",
            415,
            "unsupported_media_type",
        ),
        (
            "content-type",
            "multipart/form-data; boundary=x",
            415,
            "unsupported_media_type",
        ),
        (
            "content-type",
            "application/jsonp",
            415,
            "unsupported_media_type",
        ),
    ] {
        let reply = world
            .chat(&key)
            .header(name, value)
            .body(&body)
            .reply()
            .await;
        assert_eq!(
            reply.refusal(),
            (status, Some(code.to_owned())),
            "{name}: {value}"
        );
    }
    for (name, value) in [
        ("content-type", "application/json; charset=utf-8"),
        ("content-type", "Application/JSON"),
        ("content-type", "application/vnd.api+json"),
        ("content-type", ""),
        ("content-encoding", "identity"),
    ] {
        let reply = world
            .chat(&key)
            .header(name, value)
            .body(&body)
            .reply()
            .await;
        assert_eq!(reply.status, 200, "{name}: {value} {reply:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_in_the_middle_does_no_harm() {
    let world = World::new().await;
    let key = world.any_key().await;
    let mut wire = Wire::open(world.address).await;
    wire.send(&head(&key, "content-length: 500\r\n")).await;
    wire.send(b"{").await;
    drop(wire);
    assert_eq!(world.chat(&key).json(&hello()).reply().await.status, 200);
    assert_eq!(world.provider.calls.lock().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_bodies_share_their_room() {
    let mut wishes = impatient();
    wishes.settings.body.largest_chat = 1_000_000;
    wishes.settings.body.most_together = 1_000_000;
    wishes.settings.body.grace = Duration::from_millis(700);
    wishes.settings.body.longest = Duration::from_secs(5);
    let world = World::with(wishes).await;
    let key = world.any_key().await;
    let mut large = hello();
    large["padding"] = "x".repeat(600_000).into();
    let (held, receiver) = tokio::sync::mpsc::channel(1);
    world.provider.hold(receiver);
    large["stream"] = true.into();
    let mut first = Wire::open(world.address).await;
    first.send(&world.chat(&key).json(&large).bytes()).await;
    assert!(first.head().await.starts_with("HTTP/1.1 200"));
    // The first one's body is kept as long as its call runs.
    let second = world.chat(&key).json(&large).reply().await;
    let full = (503, Some("server_is_overloaded".to_owned()));
    assert_eq!(second.refusal(), full);
    assert!(second.header("retry-after").is_some());
    // Small ones pass all the same.
    assert_eq!(world.chat(&key).json(&hello()).reply().await.status, 200);
    held.send(Ok(end())).await.unwrap();
    while first.chunk().await.is_some() {}
    drop(held);
    // The stand-in remembers its calls with their bodies; a provider does not.
    world.provider.calls.lock().unwrap().clear();
    let mut status = 0;
    for _ in 0..50 {
        status = world.chat(&key).json(&large).reply().await.status;
        if status == 200 {
            break;
        }
    }
    assert_eq!(
        status, 200,
        "the room is given back when the call has ended"
    );
}
