mod format;
mod journey;
mod thinking;

use serde_json::{Value, json};

use super::super::super::*;
use super::*;

const OLD: &[&str] = &["chat", "tools", "json_schema", "reasoning"];
const NEW: &[&str] = &[
    "chat",
    "tools",
    "json_schema",
    "reasoning",
    "no_sampling_params",
    "adaptive_thinking",
];
const STERN: &[&str] = &[
    "chat",
    "tools",
    "json_schema",
    "reasoning",
    "no_sampling_params",
    "adaptive_thinking",
    "always_thinks",
    "no_forced_tools",
];
const BASIC: &[&str] = &["chat", "tools", "json_schema", "json_schema_by_tool"];

fn try_write(talk: &Talk, words: &[&str]) -> Result<Value, RequestFault> {
    let can = |word: &str| words.contains(&word);
    let options = Options {
        model: "claude-x",
        output_limit: None,
        most_output: 64_000,
        service_tier: "standard_only",
        can: &can,
    };
    let body = write(talk, &options)?;
    Ok(serde_json::from_slice(&body)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&body))))
}

fn written(talk: &Talk, words: &[&str]) -> Value {
    try_write(talk, words).unwrap()
}

fn text(text: &str) -> Part {
    Part::Text {
        text: text.to_owned(),
        cache: None,
    }
}

fn turn(role: Role, parts: Vec<Part>) -> Turn {
    Turn { role, parts }
}

fn hi() -> Talk {
    Talk {
        turns: vec![turn(Role::User, vec![text("Hi")])],
        answers: 1,
        ..Talk::default()
    }
}

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}

#[test]
fn the_least_request_has_a_limit() {
    assert_eq!(
        written(&hi(), OLD),
        json!({"model":"claude-x","max_tokens":64_000,"messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}],"service_tier":"standard_only"})
    );
    // The provider refuses a limit beyond what the model gives.
    let talk = Talk {
        output_limit: Some(70_000),
        ..hi()
    };
    assert_eq!(written(&talk, OLD)["max_tokens"], 64_000);
    let talk = Talk {
        output_limit: Some(100),
        stream: true,
        ..hi()
    };
    let body = written(&talk, OLD);
    assert_eq!(
        (&body["max_tokens"], &body["stream"]),
        (&json!(100), &json!(true))
    );
    let options = Options {
        model: "m",
        output_limit: Some(7),
        most_output: 64_000,
        service_tier: "standard_only",
        can: &|_| true,
    };
    let body: Value = serde_json::from_slice(&write(&talk, &options).unwrap()).unwrap();
    assert_eq!(body["max_tokens"], 7);
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn turns_are_merged_and_results_come_first() {
    let call = |id: &str, arguments: &str| Part::Call {
        id: id.to_owned(),
        name: "f".to_owned(),
        arguments: arguments.to_owned(),
        seal: None,
        cache: None,
    };
    let result = |id: &str| Part::Result {
        id: id.to_owned(),
        parts: vec![text("42")],
        is_error: false,
        cache: None,
    };
    let talk = Talk {
        system: vec![
            Part::Text {
                text: "Be brief.".to_owned(),
                cache: Some(CacheLife::Long),
            },
            text(""),
            text("Be kind."),
        ],
        turns: vec![
            turn(Role::User, vec![text("Hi")]),
            turn(Role::User, vec![text("there")]),
            turn(
                Role::Assistant,
                vec![Part::Thought {
                    text: "lost".to_owned(),
                    signature: None,
                }],
            ),
            turn(
                Role::Assistant,
                vec![
                    Part::Thought {
                        text: "Hmm".to_owned(),
                        signature: Some("vz:anthropic:s".to_owned()),
                    },
                    Part::Thought {
                        text: "of another".to_owned(),
                        signature: Some("vz:google:s".to_owned()),
                    },
                    Part::SealedThought {
                        data: "vz:anthropic:d".to_owned(),
                    },
                    Part::SealedThought {
                        data: "vz:openrouter:d".to_owned(),
                    },
                    text(""),
                    call("call|1", ""),
                    call("call_2", " {\"a\": 1} "),
                ],
            ),
            turn(Role::User, vec![result("call|1")]),
            turn(Role::System, vec![text("In French.")]),
            turn(
                Role::User,
                vec![
                    Part::Result {
                        id: "call_2".to_owned(),
                        parts: vec![],
                        is_error: true,
                        cache: Some(CacheLife::Short),
                    },
                    text("So?"),
                ],
            ),
            turn(Role::Assistant, vec![text("Well, \n")]),
        ],
        answers: 1,
        ..Talk::default()
    };
    let body = written(&talk, OLD);
    assert_eq!(
        body["system"],
        json!([{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral","ttl":"1h"}},{"type":"text","text":"Be kind."}])
    );
    assert_eq!(
        body["messages"],
        json!([
            {"role":"user","content":[{"type":"text","text":"Hi"},{"type":"text","text":"there"}]},
            {"role":"assistant","content":[
                {"type":"thinking","thinking":"Hmm","signature":"s"},
                {"type":"redacted_thinking","data":"d"},
                {"type":"tool_use","id":"call_1","name":"f","input":{}},
                {"type":"tool_use","id":"call_2","name":"f","input":{"a":1}}]},
            {"role":"user","content":[
                {"type":"tool_result","tool_use_id":"call_1","content":[{"type":"text","text":"42"}]},
                {"type":"tool_result","tool_use_id":"call_2","is_error":true,"cache_control":{"type":"ephemeral"}},
                {"type":"text","text":"In French."},
                {"type":"text","text":"So?"}]},
            {"role":"assistant","content":[{"type":"text","text":"Well,"}]}
        ])
    );
}

#[test]
fn media_go_where_the_wire_has_them() {
    let inline = |kind: &str| Media::Inline {
        kind: kind.to_owned(),
        data: "aGk=".to_owned(),
    };
    let image = |media| Part::Image {
        media,
        detail: Some("high".to_owned()),
        cache: None,
    };
    let document = |media| Part::Document {
        media,
        name: Some("a.pdf".to_owned()),
        cache: None,
    };
    let saying = |part| Talk {
        turns: vec![turn(Role::User, vec![part])],
        answers: 1,
        ..Talk::default()
    };
    for (part, expected) in [
        (
            image(inline("image/jpg")),
            json!({"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"aGk="}}),
        ),
        (
            image(Media::Url("https://x".to_owned())),
            json!({"type":"image","source":{"type":"url","url":"https://x"}}),
        ),
        (
            document(inline("application/pdf")),
            json!({"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"aGk="},"title":"a.pdf"}),
        ),
        (
            document(Media::Url("https://x".to_owned())),
            json!({"type":"document","source":{"type":"url","url":"https://x"},"title":"a.pdf"}),
        ),
        (
            document(Media::Text("t".to_owned())),
            json!({"type":"document","source":{"type":"text","media_type":"text/plain","data":"t"},"title":"a.pdf"}),
        ),
    ] {
        assert_eq!(
            written(&saying(part), OLD)["messages"][0]["content"][0],
            expected
        );
    }
    for part in [
        image(inline("image/bmp")),
        document(inline("text/html")),
        Part::Audio {
            format: "wav".to_owned(),
            data: "x".to_owned(),
        },
        Part::Call {
            id: "a".to_owned(),
            name: "f".to_owned(),
            arguments: "[1".to_owned(),
            seal: None,
            cache: None,
        },
    ] {
        let fault = try_write(&saying(part), OLD).unwrap_err();
        assert_eq!(fault.param.as_deref(), Some("messages"), "{fault}");
    }
}

#[test]
fn a_conversation_begins_with_the_user() {
    let mut talk = hi();
    talk.turns
        .insert(0, turn(Role::Assistant, vec![text("Hello!")]));
    let body = written(&talk, OLD);
    assert_eq!(body["messages"][0], json!({"role":"user","content":"."}));
    assert_eq!(body["messages"][1]["role"], "assistant");
    for turns in [
        vec![],
        vec![turn(Role::User, vec![text("")])],
        vec![turn(Role::Assistant, vec![text("x")])],
    ] {
        let talk = Talk {
            system: vec![text("s")],
            turns,
            answers: 1,
            ..Talk::default()
        };
        assert_eq!(
            try_write(&talk, OLD).unwrap_err().param.as_deref(),
            Some("messages")
        );
    }
}

fn with_tools(choice: Option<ToolChoice>, parallel: Option<bool>) -> Talk {
    let tool = |parameters| Tool {
        name: "f".to_owned(),
        description: Some("d".to_owned()),
        parameters,
        strict: Some(true),
        cache: Some(CacheLife::Short),
    };
    Talk {
        tools: vec![
            tool(None),
            tool(Some(raw("{}"))),
            tool(Some(raw(r#"{ "properties":{} }"#))),
            tool(Some(raw(r#"{"type":"object","x":1}"#))),
        ],
        tool_choice: choice,
        parallel_calls: parallel,
        ..hi()
    }
}

#[test]
fn tools_and_the_choice_among_them() {
    let body = written(&with_tools(None, None), OLD);
    let schemas: Vec<&Value> = body["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| &tool["input_schema"])
        .collect();
    assert_eq!(
        json!(schemas),
        json!([{"type":"object","properties":{}},{"type":"object"},{"type":"object","properties":{}},{"type":"object","x":1}])
    );
    assert_eq!(body["tools"][0]["strict"], true);
    assert_eq!(
        body["tools"][0]["cache_control"],
        json!({"type":"ephemeral"})
    );
    assert_eq!(body.get("tool_choice"), None);
    for (choice, parallel, expected) in [
        (Some(ToolChoice::Auto), None, json!({"type":"auto"})),
        (Some(ToolChoice::Required), None, json!({"type":"any"})),
        (Some(ToolChoice::None), Some(false), json!({"type":"none"})),
        (
            Some(ToolChoice::Named("f".to_owned())),
            Some(true),
            json!({"type":"tool","name":"f"}),
        ),
        (
            None,
            Some(false),
            json!({"type":"auto","disable_parallel_tool_use":true}),
        ),
        (
            Some(ToolChoice::Required),
            Some(false),
            json!({"type":"any","disable_parallel_tool_use":true}),
        ),
    ] {
        assert_eq!(
            written(&with_tools(choice, parallel), OLD)["tool_choice"],
            expected
        );
    }
    let forced = with_tools(Some(ToolChoice::Required), None);
    assert_eq!(
        try_write(&forced, STERN).unwrap_err().param.as_deref(),
        Some("tool_choice")
    );
    assert_eq!(
        written(&with_tools(Some(ToolChoice::Auto), None), STERN)["tool_choice"],
        json!({"type":"auto"})
    );
}

#[test]
fn sampling_stays_within_what_the_model_takes() {
    let sampling = |temperature: Option<&str>, top_p: Option<&str>| Talk {
        sampling: Sampling {
            temperature: temperature.map(str::to_owned),
            top_p: top_p.map(str::to_owned),
            top_k: Some("5".to_owned()),
            seed: Some("1".to_owned()),
            frequency_penalty: Some("0".to_owned()),
            ..Sampling::default()
        },
        ..hi()
    };
    let body = written(&sampling(Some("0.30"), Some("0.9")), OLD);
    assert_eq!(
        (&body["temperature"], body.get("top_p"), &body["top_k"]),
        (&json!(0.30), None, &json!(5))
    );
    assert_eq!(written(&sampling(Some("1.7"), None), OLD)["temperature"], 1);
    assert_eq!(
        written(&sampling(None, Some("0.9")), OLD)["top_p"],
        json!(0.9)
    );
    let body = written(&sampling(Some("1"), Some("1")), NEW);
    assert!(
        ["temperature", "top_p", "top_k"]
            .iter()
            .all(|name| body.get(*name).is_none())
    );
    let thinking = Talk {
        effort: Some(Effort::Budget(2_000)),
        ..sampling(Some("1"), None)
    };
    assert_eq!(written(&thinking, OLD).get("temperature"), None);
}

#[test]
fn what_the_wire_lacks_is_refused_by_name() {
    for (talk, param) in [
        (Talk { answers: 2, ..hi() }, "n"),
        (
            Talk {
                logprobs: Some(0),
                ..hi()
            },
            "logprobs",
        ),
        (
            Talk {
                sampling: Sampling {
                    frequency_penalty: Some("0.5".to_owned()),
                    ..Sampling::default()
                },
                ..hi()
            },
            "frequency_penalty",
        ),
        (
            Talk {
                sampling: Sampling {
                    presence_penalty: Some("-1".to_owned()),
                    ..Sampling::default()
                },
                ..hi()
            },
            "presence_penalty",
        ),
    ] {
        assert_eq!(
            try_write(&talk, OLD).unwrap_err().param.as_deref(),
            Some(param)
        );
    }
    let talk = Talk {
        effort: Some(Effort::Level("low".to_owned())),
        ..hi()
    };
    assert_eq!(
        try_write(&talk, BASIC).unwrap_err().param.as_deref(),
        Some("reasoning_effort")
    );
}

#[test]
fn stops_and_users_that_the_wire_does_not_take_are_left_out() {
    let talk = Talk {
        stop: vec!["END".to_owned(), " \n".to_owned(), String::new()],
        ..hi()
    };
    assert_eq!(written(&talk, OLD)["stop_sequences"], json!(["END"]));
    let talk = Talk {
        stop: vec![" ".to_owned()],
        ..hi()
    };
    assert_eq!(written(&talk, OLD).get("stop_sequences"), None);
    for (user, expected) in [
        ("u-1", json!({"user_id":"u-1"})),
        ("a\"b", json!({"user_id":"a\"b"})),
        ("me@example.org", Value::Null),
        ("+49 170 1234567", Value::Null),
        ("", Value::Null),
        ("123456", json!({"user_id":"123456"})),
    ] {
        let talk = Talk {
            user: Some(user.to_owned()),
            ..hi()
        };
        assert_eq!(written(&talk, OLD)["metadata"], expected, "{user}");
    }
}
