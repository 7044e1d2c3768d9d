use super::*;

const FINISH: Finish<'_> = Finish {
    generation_id: "gen_1",
    amount: "0.000140",
    currency: "USD",
    model: None,
    completion_tokens: None,
    counts: None,
};
const COST: &str = r#""cost":0.000140,"cost_details":{"amount":"0.000140","currency":"USD","generation_id":"gen_1"}"#;

fn finished(body: &str, finish: &Finish<'_>) -> String {
    let whole = finish_completion(body.as_bytes(), finish);
    let mut chunk = b"data: ".to_vec();
    finish_usage_chunk(body.as_bytes(), finish, &mut chunk);
    assert_eq!(chunk.strip_prefix(b"data: "), Some(whole.as_slice()));
    String::from_utf8(whole).unwrap()
}

#[test]
fn a_completion_gets_our_id_and_price() {
    for (body, expected) in [
        (
            r#"{"id":"chatcmpl-A1", "choices":[{"id":"x"}],"usage":{"prompt_tokens":9} ,"z":1}"#,
            format!(
                r#"{{"id":"gen_1", "choices":[{{"id":"x"}}],"usage":{{"prompt_tokens":9,{COST}}} ,"z":1}}"#
            ),
        ),
        (
            r#"{"choices":[]}"#,
            format!(r#"{{"choices":[],"id":"gen_1","usage":{{{COST}}}}}"#),
        ),
        ("{}", format!(r#"{{"id":"gen_1","usage":{{{COST}}}}}"#)),
        (
            r#"{"usage":{},"id":"a"}"#,
            format!(r#"{{"usage":{{{COST}}},"id":"gen_1"}}"#),
        ),
        (
            r#"{"usage":null,"id":"a"}"#,
            format!(r#"{{"id":"gen_1","usage":{{{COST}}}}}"#),
        ),
        (
            r#"{"id":"a","usage":{"cost":0.00007,"prompt_tokens":1,"is_byok":false,"cost_in_usd_ticks":7,"cost_details":{"upstream_inference_cost":1}}}"#,
            format!(r#"{{"id":"gen_1","usage":{{"prompt_tokens":1,{COST}}}}}"#),
        ),
    ] {
        let out = finished(body, &FINISH);
        assert_eq!(out, expected);
        assert!(serde_json::from_str::<serde_json::Value>(&out).is_ok());
    }
}

#[test]
fn model_and_reasoning_can_be_put_right() {
    let finish = Finish {
        model: Some("fast"),
        completion_tokens: Some(253),
        ..FINISH
    };
    let body = r#"{"id":"a","model":"grok","usage":{"completion_tokens":26,"total_tokens":560}}"#;
    let expected = format!(
        r#"{{"id":"gen_1","model":"fast","usage":{{"completion_tokens":253,"total_tokens":560,{COST}}}}}"#
    );
    assert_eq!(finished(body, &finish), expected);
}

#[test]
fn bodies_that_are_no_objects_come_back_unchanged() {
    for body in ["", "[]", "<html>", r#"{"id":"a""#, r#"{"usage":{"a":}}"#] {
        assert_eq!(finished(body, &FINISH), body);
    }
    let out = finished(
        "{}",
        &Finish {
            amount: "n/a",
            ..FINISH
        },
    );
    assert!(out.contains(r#""cost":"n/a""#), "{out}");
}

#[test]
fn a_providers_answer_is_summed_up() {
    let body = br#"{"id":"chatcmpl-A1","object":"chat.completion","created":1,"model":"gpt-4o-2024","choices":[
        {"index":0,"message":{"role":"assistant","content":"Hi","refusal":null},"finish_reason":"stop"},
        {"index":1,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":""}],
        "usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11},"service_tier":"default"}"#;
    let summary = read_completion(body).unwrap();
    assert_eq!(
        (summary.id.as_deref(), summary.model.as_deref()),
        (Some("chatcmpl-A1"), Some("gpt-4o-2024"))
    );
    assert_eq!(summary.finish_reasons, ["stop", ""]);
    assert_eq!((summary.output_bytes, summary.error), (4, None));
    let usage = summary.usage.unwrap();
    assert_eq!(
        (usage.prompt_tokens, usage.completion_tokens),
        (Some(9), Some(2))
    );
    assert_eq!(usage.service_tier.as_deref(), Some("default"));
}

#[test]
fn errors_with_a_success_status_are_seen() {
    for (body, message, code) in [
        (
            r#"{"code":"unavailable","error":"The service is currently unavailable"}"#,
            "The service is currently unavailable",
            Some("unavailable"),
        ),
        (
            r#"{"choices":[{"index":0,"message":{},"finish_reason":"stop","error":{"code":502,"message":"inner"}}]}"#,
            "inner",
            Some("502"),
        ),
        (
            r#"{"choices":[{"index":0,"message":{},"finish_reason":"error"}]}"#,
            "The provider ended its answer with an error.",
            None,
        ),
        (r#"{"error":{"message":"m","code":null}}"#, "m", None),
        (
            r#"{"object":"error","message":"vllm","code":400}"#,
            "vllm",
            Some("400"),
        ),
    ] {
        let error = read_completion(body.as_bytes()).unwrap().error.expect(body);
        assert_eq!(
            (error.message.as_str(), error.code.as_deref()),
            (message, code),
            "{body}"
        );
    }
}

#[test]
fn other_answers_are_refused() {
    for (body, reason) in [
        ("", "it ends inside a value at byte 0"),
        ("<html>502</html>", "unexpected `<` at byte 0"),
        (r#"{"choices":["#, "it ends inside a value at byte 12"),
        ("{}", "it has no choices"),
        ("[]", "it has no choices"),
        (r#"{"error":null}"#, "it has no choices"),
    ] {
        let refused = read_completion(body.as_bytes()).unwrap_err().to_string();
        assert_eq!(
            refused,
            format!("the provider's answer is not a completion: {reason}")
        );
    }
}

fn usage() -> UsageOut<'static> {
    UsageOut {
        prompt_tokens: 9,
        completion_tokens: 2,
        total_tokens: 11,
        cost: Cost::new("0.000140"),
        cost_details: Some(CostDetails {
            amount: "0.000140".into(),
            currency: "USD".into(),
            generation_id: "gen_1".into(),
        }),
        ..UsageOut::default()
    }
}

const USAGE: &str = r#"{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0},"cost":0.000140,"cost_details":{"amount":"0.000140","currency":"USD","generation_id":"gen_1"}}"#;

#[test]
fn our_own_answers_have_every_required_key() {
    let completion = ChatCompletion {
        id: "gen_1".into(),
        object: CompletionTag::Completion,
        created: 1,
        model: "m".into(),
        choices: vec![Choice {
            index: 0,
            message: Message {
                content: Some("Hi".into()),
                ..Message::default()
            },
            logprobs: None,
            finish_reason: "stop",
        }],
        usage: Some(usage()),
        service_tier: Some("flex"),
    };
    assert_eq!(
        String::from_utf8(completion.to_json()).unwrap(),
        format!(
            r#"{{"id":"gen_1","object":"chat.completion","created":1,"model":"m","choices":[{{"index":0,"message":{{"role":"assistant","content":"Hi","refusal":null}},"logprobs":null,"finish_reason":"stop"}}],"usage":{USAGE},"service_tier":"flex"}}"#
        )
    );
    let call = ToolCall {
        id: "call_1".into(),
        kind: FunctionTag::Function,
        function: FunctionCall {
            name: Some("f".into()),
            arguments: "{}".into(),
        },
    };
    let message = Message {
        tool_calls: vec![call],
        ..Message::default()
    };
    assert_eq!(
        serde_json::to_string(&message).unwrap(),
        r#"{"role":"assistant","content":null,"refusal":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}}]}"#
    );
}

#[test]
fn our_own_chunks_are_frames() {
    let frame = |delta: Delta<'_>, finish_reason, usage| {
        let chunk = ChatChunk {
            id: "gen_1".into(),
            object: ChunkTag::Chunk,
            created: 1,
            model: "m".into(),
            choices: vec![ChunkChoice {
                index: 0,
                delta,
                logprobs: None,
                finish_reason,
            }],
            usage,
            service_tier: None,
        };
        let mut out = Vec::new();
        chunk.write_sse(&mut out);
        String::from_utf8(out).unwrap()
    };
    let around = |choice: &str, usage: &str| {
        format!(
            "data: {{\"id\":\"gen_1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{{\"index\":0,{choice}}}]{usage}}}\n\n"
        )
    };
    let first = Delta {
        role: Some(Role::Assistant),
        content: Some("".into()),
        ..Delta::default()
    };
    assert_eq!(
        frame(first, None, None),
        around(
            r#""delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null"#,
            ""
        )
    );
    assert_eq!(
        frame(Delta::default(), Some("stop"), Some(None)),
        around(
            r#""delta":{},"logprobs":null,"finish_reason":"stop""#,
            r#","usage":null"#
        )
    );
    let call = ToolCallDelta {
        index: 0,
        id: None,
        kind: None,
        function: FunctionCall {
            name: None,
            arguments: "{\"a".into(),
        },
    };
    assert_eq!(
        frame(
            Delta {
                tool_calls: vec![call],
                ..Delta::default()
            },
            None,
            None
        ),
        around(
            r#""delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a"}}]},"logprobs":null,"finish_reason":null"#,
            ""
        )
    );
    assert!(
        frame(Delta::default(), None, Some(Some(usage()))).contains(&format!(r#""usage":{USAGE}"#))
    );
}

#[test]
fn costs_are_numbers_or_nothing() {
    assert_eq!(Cost::new("1.50").unwrap().as_str(), "1.50");
    for text in ["", "1,5", "USD 1", "NaN", "1}", "01", "\"1\""] {
        assert_eq!(Cost::new(text), None, "{text}");
    }
}
