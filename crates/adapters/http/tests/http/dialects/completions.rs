use super::*;

fn answers_asked(world: &World) -> u32 {
    let calls = world.provider.calls.lock().unwrap();
    calls.last().unwrap().envelope.answers
}

#[tokio::test(flavor = "multi_thread")]
async fn completions() {
    let world = World::new().await;
    let key = world.any_key().await;
    let ask = world.post("/v1/completions").bearer(&key);
    say(
        &world,
        r#"{"id":"cmpl-1","object":"text_completion","created":1,"model":"m","choices":[{"index":0,"text":"Hi","logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}"#,
    );
    let body = json!({"model": "sim/echo", "prompt": "Say hi", "max_tokens": 20});
    let reply = ask.clone().json(&body).reply().await;
    let answer = reply.json();
    check_whole(&reply, COST, &answer["usage"]);
    assert_eq!(answer["id"].as_str(), reply.header("x-vuzo-generation-id"));
    assert_eq!(answer["choices"][0]["text"], "Hi");
    assert_eq!(seen(&world).0, Endpoint::Completions);
    assert_eq!(seen(&world).1, Some(20));
    charged(&world, &key, "completions", COST).await;

    stream(
        &world,
        "data: {\"id\":\"g\",\"choices\":[{\"index\":0,\"text\":\"Hi\"}]}\n\n",
        "",
        Some("data: {\"id\":\"g\",\"choices\":[],\"usage\":{\"total_tokens\":11}}\n\n"),
    );
    let mut body = body;
    body["stream"] = json!(true);
    body["stream_options"] = json!({"include_usage": true});
    let reply = ask.clone().json(&body).reply().await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let text = reply.text();
    assert!(text.contains("\"cost\":0.0000017,"), "{text}");
    assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn completions_of_several_prompts_are_one_call() {
    let world = World::new().await;
    let key = world.any_key().await;
    let ask = world.post("/v1/completions").bearer(&key);
    for (body, limit, bytes, answers) in [
        (json!({"prompt": ["a", "bc"], "n": 3}), 16, 51, 6),
        (json!({"prompt": [[1, 2], [3]], "best_of": 2}), 16, 51, 4),
        (
            json!({"prompt": "four", "echo": true, "max_tokens": 0}),
            0,
            20,
            1,
        ),
    ] {
        say(
            &world,
            r#"{"id":"cmpl-1","object":"text_completion","created":1,"model":"m","choices":[{"index":0,"text":"Hi","logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}"#,
        );
        let mut body = body;
        body["model"] = json!("sim/echo");
        let reply = ask.clone().json(&body).reply().await;
        check_whole(&reply, COST, &reply.json()["usage"]);
        assert_eq!(seen(&world), (Endpoint::Completions, Some(limit), bytes));
        assert_eq!(answers_asked(&world), answers);
        charged(&world, &key, "completions", COST).await;
    }
}
