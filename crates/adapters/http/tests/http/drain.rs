//! Going away without letting anybody down.

use std::time::Duration;

use serde_json::json;

use crate::client::Wire;
use crate::world::{World, content, end, hello};

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_gateway_sends_everybody_elsewhere() {
    let world = World::new().await;
    let key = world.any_key().await;
    let mut wire = Wire::open(world.address).await;
    world.application.close();
    wire.send(&world.chat(&key).json(&hello()).bytes()).await;
    let reply = wire.reply(true).await;
    assert_eq!(reply.refusal(), (503, Some("shutting_down".to_owned())));
    assert_eq!(reply.header("retry-after"), Some("1"));
    assert_eq!(reply.header("connection"), Some("close"));
    assert!(wire.is_closed().await);
    let ready = world.get("/health/readiness").reply().await;
    assert_eq!(
        (ready.status, ready.json()),
        (503, json!({"status": "draining"}))
    );
    assert_eq!(world.get("/health/liveness").reply().await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn running_streams_end_before_the_server_does() {
    let mut world = World::new().await;
    let key = world.any_key().await;
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    world.provider.hold(receiver);
    let mut body = hello();
    body["stream"] = json!(true);
    let mut wire = Wire::open(world.address).await;
    wire.send(&world.chat(&key).json(&body).bytes()).await;
    sender
        .send(Ok(content("data: {\"n\":1}\n\n")))
        .await
        .unwrap();
    assert!(wire.head().await.starts_with("HTTP/1.1 200"));
    world.stop.take().unwrap().send(()).unwrap();
    wire.chunk().await.unwrap();
    sender.send(Ok(end())).await.unwrap();
    assert_eq!(wire.chunk().await.unwrap(), b"data: [DONE]\n\n");
    assert_eq!(wire.chunk().await, None);
    let ended = tokio::time::timeout(Duration::from_secs(20), world.server).await;
    ended
        .expect("the server ends with its last stream")
        .unwrap()
        .unwrap();
    assert_eq!(world.application.drain(Duration::from_secs(5)).await, 0);
}
