use super::*;

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn thinking_is_said_as_the_model_takes_it() {
    let level = |level: &str| Some(Effort::Level(level.to_owned()));
    let adaptive = json!({"type":"adaptive","display":"summarized"});
    let cases: Vec<(Option<Effort>, &[&str], Value, Value)> = vec![
        (None, OLD, Value::Null, Value::Null),
        (Some(Effort::Off), OLD, Value::Null, Value::Null),
        (level("none"), NEW, json!({"type":"disabled"}), Value::Null),
        (Some(Effort::Off), STERN, Value::Null, Value::Null),
        (Some(Effort::Off), BASIC, Value::Null, Value::Null),
        (
            level("low"),
            OLD,
            json!({"type":"enabled","budget_tokens":1024}),
            Value::Null,
        ),
        (
            level("medium"),
            OLD,
            json!({"type":"enabled","budget_tokens":2048}),
            Value::Null,
        ),
        (
            level("high"),
            OLD,
            json!({"type":"enabled","budget_tokens":4096}),
            Value::Null,
        ),
        (
            level("max"),
            OLD,
            json!({"type":"enabled","budget_tokens":16384}),
            Value::Null,
        ),
        (
            Some(Effort::Adaptive),
            OLD,
            json!({"type":"enabled","budget_tokens":2048}),
            Value::Null,
        ),
        (
            Some(Effort::Budget(90_000)),
            OLD,
            json!({"type":"enabled","budget_tokens":48_000}),
            Value::Null,
        ),
        (
            level("minimal"),
            NEW,
            adaptive.clone(),
            json!({"effort":"low"}),
        ),
        (
            level("xhigh"),
            NEW,
            adaptive.clone(),
            json!({"effort":"xhigh"}),
        ),
        (
            Some(Effort::Budget(4_096)),
            STERN,
            adaptive.clone(),
            json!({"effort":"medium"}),
        ),
        (Some(Effort::Adaptive), STERN, adaptive, Value::Null),
    ];
    for (effort, words, thinking, config) in cases {
        let talk = Talk {
            effort: effort.clone(),
            ..hi()
        };
        let body = written(&talk, words);
        assert_eq!(body["thinking"], thinking, "{effort:?} {words:?}");
        assert_eq!(body["output_config"], config, "{effort:?} {words:?}");
    }
    // Money is held for the limit, so thoughts must fit into it.
    for (limit, budget) in [
        (1_000, Value::Null),
        (1_364, Value::Null),
        (1_400, json!(1_050)),
        (100_000, json!(4_096)),
    ] {
        let talk = Talk {
            effort: level("high"),
            output_limit: Some(limit),
            ..hi()
        };
        assert_eq!(
            written(&talk, OLD)["thinking"]["budget_tokens"],
            budget,
            "{limit}"
        );
    }
    let forced = Talk {
        effort: level("high"),
        ..with_tools(Some(ToolChoice::Required), None)
    };
    assert_eq!(written(&forced, OLD).get("thinking"), None);
    assert_eq!(written(&forced, NEW)["thinking"]["type"], "adaptive");
}

#[test]
fn thoughts_that_are_lost_end_thinking_in_the_middle_of_calls() {
    let call = Part::Call {
        id: "a".to_owned(),
        name: "f".to_owned(),
        arguments: String::new(),
        seal: None,
        cache: None,
    };
    let result = Part::Result {
        id: "a".to_owned(),
        parts: vec![text("1")],
        is_error: false,
        cache: None,
    };
    let mut talk = Talk {
        effort: Some(Effort::Budget(2_000)),
        ..hi()
    };
    talk.turns.push(turn(Role::Assistant, vec![call]));
    talk.turns.push(turn(Role::User, vec![result]));
    assert_eq!(written(&talk, OLD).get("thinking"), None);
    talk.turns[1].parts.insert(
        0,
        Part::Thought {
            text: String::new(),
            signature: Some("vz:anthropic:s".to_owned()),
        },
    );
    assert_eq!(written(&talk, OLD)["thinking"]["type"], "enabled");
}
