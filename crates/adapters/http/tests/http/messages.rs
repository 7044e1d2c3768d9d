//! What Anthropic's clients read beside the answer, and say beside the question.

use std::time::Duration;

use serde_json::{Value, json};
use vuzo_domain::port::Clock as _;
use vuzo_domain::time::Timestamp;

use crate::client::Reply;
use crate::world::World;

fn message(stream: bool) -> Value {
    json!({
        "model": "sim/echo", "max_tokens": 20, "stream": stream,
        "messages": [{"role": "user", "content": "Say hi"}],
    })
}

/// Checks the headers against the limits of a minute. A refusal tells of the limit that
/// refused.
#[track_caller]
fn check_limits(world: &World, reply: &Reply, requests_left: &str) {
    let header = |name: &str| reply.header(name).unwrap_or_else(|| panic!("no {name}"));
    for (name, value) in [
        ("anthropic-ratelimit-requests-limit", "2"),
        ("anthropic-ratelimit-requests-remaining", requests_left),
        ("x-ratelimit-limit-requests", "2"),
        ("x-ratelimit-remaining-requests", requests_left),
    ] {
        assert_eq!(header(name), value, "{name}");
    }
    let names = if reply.status == 200 {
        assert_eq!(header("anthropic-ratelimit-tokens-limit"), "5000");
        let left = header("anthropic-ratelimit-tokens-remaining");
        assert_eq!(header("x-ratelimit-remaining-tokens"), left);
        &["requests", "tokens"][..]
    } else {
        &["requests"]
    };
    let now = world.clock.now();
    for name in names {
        let reset = header(&format!("anthropic-ratelimit-{name}-reset"));
        let reset = Timestamp::parse(reset).expect("RFC 3339");
        assert!(reset >= now && reset <= now.after(Duration::from_secs(62)));
    }
    assert_eq!(header("request-id"), header("x-request-id"));
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_told_in_anthropics_words_as_well() {
    let world = World::new().await;
    let (token, _) = world.somebody("ada@example.org").await;
    let limits = json!({"limits": {"requests_per_minute": 2, "tokens_per_minute": 5_000}});
    let (key, _) = world.key(&token, limits).await;
    let ask = |stream| {
        let request = world.post("/v1/messages").header("x-api-key", &key);
        request.json(&message(stream))
    };
    for (stream, left) in [(false, "1"), (true, "0")] {
        let reply = ask(stream).reply().await;
        assert_eq!(reply.status, 200, "{reply:?}");
        check_limits(&world, &reply, left);
    }
    let refused = ask(false).reply().await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.json()["error"]["type"], "rate_limit_error");
    check_limits(&world, &refused, "0");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=61).contains(&wait), "{wait}");

    world.clock.advance(Duration::from_secs(62));
    let other = world.chat(&key).json(&json!({
        "model": "sim/echo", "messages": [{"role": "user", "content": "hi"}],
    }));
    let other = other.reply().await;
    assert_eq!(other.header("x-ratelimit-limit-requests"), Some("2"));
    assert_eq!(other.header("anthropic-ratelimit-requests-limit"), None);
    assert_eq!(other.header("request-id"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn trials_reach_whoever_serves_the_call() {
    let world = World::new().await;
    let key = world.any_key().await;
    let ask = |path: &str, betas: &[&str]| {
        let request = world.post(path).bearer(&key).json(&message(false));
        betas.iter().fold(request, |request, betas| {
            request.header("anthropic-beta", betas)
        })
    };
    let told = || {
        let calls = world.provider.calls.lock().unwrap();
        calls.last().unwrap().envelope.betas.clone()
    };
    let reply = ask("/v1/messages", &["a-1, b-2", "c-3,a-1"]).reply().await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(told(), ["a-1", "b-2", "c-3"]);
    let reply = ask("/v1/chat/completions", &["a-1"]).reply().await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(told().is_empty(), "in other wires it means nothing");

    let refused = ask("/v1/messages", &["no name"]).reply().await;
    let said = refused.json();
    assert_eq!(refused.status, 400);
    assert_eq!(said["type"], "error");
    assert_eq!(said["error"]["type"], "invalid_request_error");
    assert_eq!(said["error"]["details"]["param"], "anthropic-beta");
}
