use super::*;

#[test]
fn the_form_of_the_answer() {
    let format = |schema| Format::JsonSchema {
        name: "n".to_owned(),
        description: None,
        schema,
        strict: Some(true),
    };
    let schema = || {
        Some(raw(
            r#"{"type":"object","properties":{"a":{"type":"integer"}}}"#,
        ))
    };
    let talk = Talk {
        format: format(schema()),
        effort: Some(Effort::Level("low".to_owned())),
        ..hi()
    };
    let body = written(&talk, NEW);
    assert_eq!(
        body["output_config"],
        json!({"effort":"low","format":{"type":"json_schema","schema":{"type":"object","properties":{"a":{"type":"integer"}}}}})
    );
    let talk = Talk {
        format: format(schema()),
        ..hi()
    };
    let body = written(&talk, BASIC);
    assert_eq!(body.get("output_config"), None);
    assert_eq!(body["tools"][0]["name"], "json_answer");
    assert_eq!(
        body["tools"][0]["input_schema"]["properties"],
        json!({"a":{"type":"integer"}})
    );
    assert_eq!(
        body["tool_choice"],
        json!({"type":"tool","name":"json_answer","disable_parallel_tool_use":true})
    );
    let with_others = Talk {
        format: format(schema()),
        ..with_tools(None, None)
    };
    assert_eq!(written(&with_others, BASIC)["tool_choice"]["type"], "any");
    let can = |word: &str| word == "no_forced_tools";
    let options = Options {
        model: "m",
        output_limit: None,
        most_output: 9,
        service_tier: "standard_only",
        can: &can,
    };
    assert_eq!(
        write(&talk, &options).unwrap_err().param.as_deref(),
        Some("response_format")
    );
    for form in [Format::JsonObject, format(None)] {
        let body = written(
            &Talk {
                format: form,
                ..hi()
            },
            OLD,
        );
        assert!(
            body["system"][0]["text"]
                .as_str()
                .unwrap()
                .contains("JSON object")
        );
    }
}
