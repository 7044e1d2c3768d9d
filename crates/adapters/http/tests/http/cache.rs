//! Answers that are given again, from the socket to the receipt.

use std::time::Duration;

use serde_json::{Value, json};

use crate::client::Reply;
use crate::world::{World, hello};

async fn ask(world: &World, key: &str, path: &str, body: &Value, control: &str) -> Reply {
    let ask = world.post(path).bearer(key).header("x-vuzo-cache", "60");
    let reply = ask
        .header("cache-control", control)
        .json(body)
        .reply()
        .await;
    // What is kept is kept when the call is over, which is after its answer.
    let is_over = async {
        while world.application.calls.tally().running > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(30), is_over).await;
    in_time.expect("the call ends");
    reply
}

fn streamed() -> Value {
    let mut body = hello();
    body["stream"] = json!(true);
    body["stream_options"] = json!({"include_usage": true});
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_a_time_is_refused() {
    let world = World::new().await;
    let key = world.any_key().await;
    for value in ["0", "86401", "-1", "1.5", "on", "60s"] {
        let ask = world.chat(&key).header("x-vuzo-cache", value);
        let reply = ask.json(&hello()).reply().await;
        assert_eq!(
            reply.refusal(),
            (400, Some("invalid_value".to_owned())),
            "{value}"
        );
        assert_eq!(reply.json()["error"]["param"], "x-vuzo-cache", "{value}");
    }
    assert!(world.provider.calls.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_that_calls_a_model_may_give_an_answer_again() {
    let world = World::new().await;
    let key = world.any_key().await;
    let mut prompt = hello();
    prompt.as_object_mut().unwrap().remove("messages");
    let mut responses = prompt.clone();
    responses.as_object_mut().unwrap().remove("max_tokens");
    prompt["prompt"] = json!("Hi");
    responses["input"] = json!("Hi");
    for (asked, (path, body)) in [
        ("/v1/chat/completions", hello()),
        ("/v1/chat/completions", streamed()),
        ("/v1/completions", prompt),
        ("/v1/responses", responses),
        ("/v1/messages", hello()),
        (
            "/v1/embeddings",
            json!({"model": "sim/embed", "input": "Hi"}),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let mut ids = Vec::new();
        for (control, expected) in [
            ("no-store", "bypass"),
            ("max-age=0", "miss"),
            ("max-age=0", "hit"),
            ("no-cache", "bypass"),
            ("max-age=0", "hit"),
        ] {
            let reply = ask(&world, &key, path, &body, control).await;
            assert_eq!(reply.status, 200, "{path} {reply:?}");
            assert_eq!(
                reply.header("x-vuzo-cache"),
                Some(expected),
                "{path} {body} {control}"
            );
            ids.push(reply.header("x-vuzo-generation-id").unwrap().to_owned());
        }
        let calls = world.provider.calls.lock().unwrap().len();
        assert_eq!(calls, (asked + 1) * 3, "{path}");
        for (id, from) in [(&ids[2], &ids[1]), (&ids[4], &ids[3])] {
            let receipt = world.read(&format!("/v1/generations/{id}"), &key).await;
            assert_eq!(receipt["cached"], true, "{path} {receipt}");
            assert_eq!(receipt["cached_from"], json!(from), "{path}");
            assert_eq!(receipt["cost"], "0.00", "{path}");
            assert_eq!(receipt["lines"], json!([]), "{path}");
            assert_eq!(receipt["attempts"], json!([]), "{path}");
            assert_eq!(receipt["total_tokens"], 0, "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_is_the_same_but_for_its_id_and_cost() {
    let world = World::new().await;
    let (token, _) = world.somebody("ada@example.org").await;
    let (key, _) = world.key(&token, json!({})).await;
    for body in [hello(), streamed()] {
        let first = ask(&world, &key, "/v1/chat/completions", &body, "").await;
        let balance = world.balance(&token).await;
        let second = ask(&world, &key, "/v1/chat/completions", &body, "").await;
        assert_eq!(world.balance(&token).await, balance);
        let id = |reply: &Reply| reply.header("x-vuzo-generation-id").unwrap().to_owned();
        let expected = first
            .text()
            .replace(&id(&first), &id(&second))
            .replace(r#""cost":0.0000017"#, r#""cost":0.00"#)
            .replace(r#""amount":"0.0000017""#, r#""amount":"0.00""#);
        assert_eq!(second.text(), expected);
        assert!(second.text().contains(&id(&second)));
    }
    let rows = world.read("/v1/usage/logs", &key).await["data"].clone();
    let marks: Vec<_> = rows.as_array().unwrap().iter().collect();
    assert_eq!(marks.len(), 4);
    for pair in marks.chunks(2) {
        // The newest comes first.
        assert_eq!(pair[0]["cached_from"], pair[1]["id"]);
        assert_eq!(pair[0]["cached"], true);
        assert_eq!(pair[1].get("cached"), None);
        assert_eq!(pair[1].get("cached_from"), None);
    }
}
