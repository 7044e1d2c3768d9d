use super::*;

fn check(
    body: &str,
    change: impl for<'r, 'a> FnOnce(Rewrite<'r, 'a>) -> Rewrite<'r, 'a>,
    expected: &str,
) {
    let request = ChatRequest::parse(body.as_bytes()).unwrap();
    let built = String::from_utf8(change(Rewrite::new(&request)).build()).unwrap();
    assert_eq!(built, expected);
    let reread = serde_json::from_str::<serde_json::Value>(&built);
    assert!(reread.is_ok(), "{built}");
}

const M: &str = r#""messages":[{"role":"user","content":"x"}]"#;

fn with_usage<'r, 'a>(rewrite: Rewrite<'r, 'a>) -> Rewrite<'r, 'a> {
    rewrite.include_usage()
}

#[test]
fn without_changes_every_byte_stays() {
    let body = format!(" {{ \"model\" : \"m\" ,\n {M} , \"x\":[ 1 , {{}} ] }} \n");
    check(&body, |rewrite| rewrite, &body);
}

#[test]
fn the_model_is_replaced_in_place() {
    check(
        &format!(r#"{{{M}, "mod\u0065l": "a", "x":1}}"#),
        |rewrite| rewrite.model("b/\"c\""),
        &format!(r#"{{{M}, "mod\u0065l": "b/\"c\"", "x":1}}"#),
    );
}

#[test]
fn the_class_of_service_is_the_gateways_to_say() {
    let set = |word: &str| format!(r#"{{"model":"m","service_tier":"{word}",{M}}}"#);
    check(
        &set("auto"),
        |rewrite| rewrite.service_tier("default"),
        &set("default"),
    );
    check(
        &format!(r#"{{"model":"m",{M}}}"#),
        |rewrite| rewrite.service_tier("flex"),
        &format!(r#"{{"model":"m",{M},"service_tier":"flex"}}"#),
    );
    check(
        &set("priority"),
        |rewrite| rewrite.remove(&["service_tier"]),
        &format!(r#"{{"model":"m",{M}}}"#),
    );
    check(
        &set("priority"),
        |rewrite| rewrite.remove(&["service_tier"]).service_tier("default"),
        &set("default"),
    );
}

#[test]
fn the_limit_keeps_the_clients_field() {
    let set = |field: &str| format!(r#"{{"model":"m","{field}":9000,{M}}}"#);
    check(
        &set("max_tokens"),
        |rewrite| rewrite.output_limit(5),
        &set("max_tokens").replace("9000", "5"),
    );
    check(
        &set("max_completion_tokens"),
        |rewrite| rewrite.output_limit(5),
        &set("max_completion_tokens").replace("9000", "5"),
    );
    check(
        &format!(r#"{{"model":"m",{M}}}"#),
        |rewrite| rewrite.output_limit(5),
        &format!(r#"{{"model":"m",{M},"max_tokens":5}}"#),
    );
    check(
        &set("max_tokens"),
        |rewrite| rewrite.output_limit_as(LimitField::MaxCompletionTokens, 5),
        &format!(r#"{{"model":"m",{M},"max_completion_tokens":5}}"#),
    );
    check(
        &format!(r#"{{"model":"m",{M},"max_tokens":null}}"#),
        |rewrite| rewrite.output_limit(5),
        &format!(r#"{{"model":"m",{M},"max_tokens":5}}"#),
    );
}

#[test]
fn usage_is_asked_for_in_streams_only() {
    let with = |options: &str| format!(r#"{{"model":"m",{M},"stream":true{options}}}"#);
    let asked = |options: &str, expected: &str| check(&with(options), with_usage, &with(expected));
    let on = r#","stream_options":{"include_usage":true}"#;
    asked("", on);
    asked(r#","stream_options":null"#, on);
    asked(r#","stream_options":{}"#, on);
    asked(r#","stream_options":{"include_usage":false}"#, on);
    asked(on, on);
    asked(
        r#", "stream_options": {"include_obfuscation": false}"#,
        r#", "stream_options": {"include_obfuscation": false,"include_usage":true}"#,
    );
    asked(
        r#","stream_options":{"include_usage" : null , "x":[1]}"#,
        r#","stream_options":{"include_usage" : true , "x":[1]}"#,
    );
    let plain = format!(r#"{{"model":"m",{M},"stream":false}}"#);
    check(&plain, with_usage, &plain);
}

#[test]
fn fields_are_removed_wherever_they_stand() {
    let model = format!(r#""model":"m",{M}"#);
    let remove = |body: &str, expected: &str| {
        check(
            body,
            |rewrite| rewrite.remove(&["models", "metadata"]),
            expected,
        );
    };
    remove(
        &format!(r#"{{"models":[], {model}}}"#),
        &format!("{{{model}}}"),
    );
    remove(
        &format!(r#"{{{model} , "models":["a"] , "metadata":{{}} }}"#),
        &format!("{{{model} }}"),
    );
    remove(
        &format!(r#"{{"metadata":null,"models":[],{model},"x":1}}"#),
        &format!(r#"{{{model},"x":1}}"#),
    );
    remove(
        &format!(r#"{{{model},"metadata":{{}},"x":1}}"#),
        &format!(r#"{{{model},"x":1}}"#),
    );
}

#[test]
fn what_is_set_is_not_removed_and_wins() {
    check(
        &format!(r#"{{"model":"m",{M},"max_tokens":9,"metadata":{{}}}}"#),
        |rewrite| {
            rewrite
                .output_limit(5)
                .remove(&["max_tokens", "model", "metadata"])
                .model("z")
        },
        &format!(r#"{{"model":"z",{M},"max_tokens":5}}"#),
    );
    check(
        &format!(r#"{{"model":"m",{M}}}"#),
        |rewrite| {
            rewrite
                .output_limit(5)
                .set("max_tokens", "4")
                .set("max_tokens", "3")
        },
        &format!(r#"{{"model":"m",{M},"max_tokens":3}}"#),
    );
}

#[test]
fn fields_are_set_and_added() {
    check(
        &format!(r#"{{"model":"m",{M},"user":"tenant"}}"#),
        |rewrite| {
            rewrite
                .set("user", r#""hash""#)
                .set("provider", r#"{"sort":"price"}"#)
                .remove(&["user"])
        },
        &format!(r#"{{"model":"m",{M},"user":"hash","provider":{{"sort":"price"}}}}"#),
    );
}

#[test]
fn the_result_is_a_request_again() {
    let body = format!(r#"{{"models":["a"],"model":"m",{M},"stream":true,"max_tokens":7,"n":2}}"#);
    let request = ChatRequest::parse(body.as_bytes()).unwrap();
    let built = Rewrite::new(&request)
        .model("z")
        .output_limit_as(LimitField::MaxCompletionTokens, 6)
        .include_usage()
        .remove(&["models", "n"])
        .build();
    let again = ChatRequest::parse(&built).unwrap();
    assert_eq!(
        (again.model.as_ref(), again.max_output_tokens, again.n),
        ("z", Some(6), 1)
    );
    assert_eq!(again.limit_field, Some(LimitField::MaxCompletionTokens));
    assert!(again.include_usage && again.fallbacks.is_empty());
}
