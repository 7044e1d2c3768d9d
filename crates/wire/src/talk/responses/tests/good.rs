//! Bodies that are read, and into what.

use crate::talk::{
    CacheLife, Effort, Format, Media, Part, Request, Role, Talk, ToolChoice,
    responses::{admit, read},
};

fn request(body: &str) -> Request {
    read(body.as_bytes()).unwrap_or_else(|fault| panic!("{body}: {fault}"))
}

/// The conversation that these fields make beside a model.
fn talk(fields: &str) -> Talk {
    request(&format!(r#"{{"model":"m",{fields}}}"#)).talk
}

fn input(items: &str) -> Talk {
    talk(&format!(r#""input":[{items}]"#))
}

fn shown(talk: &Talk) -> Vec<String> {
    let turn = |turn: &crate::talk::Turn| format!("{:?} {:?}", turn.role, turn.parts);
    talk.turns.iter().map(turn).collect()
}

#[test]
fn a_text_is_a_users_turn() {
    let request = request(
        r#"{"model":"m","input":"Hi","models":["a","b"],"metadata":{"k":"v\n"},"sim":{"n":1}}"#,
    );
    assert_eq!(request.model, "m");
    assert_eq!(request.fallbacks, ["a", "b"]);
    assert_eq!(request.metadata.as_deref(), Some(r#"{"k":"v\n"}"#));
    assert!(request.wants_usage);
    let talk = request.talk;
    assert_eq!((talk.answers, talk.stream, talk.logprobs), (1, false, None));
    assert_eq!(shown(&talk), [r#"User [Text { text: "Hi", cache: None }]"#]);
    assert!(talk.system.is_empty() && talk.tools.is_empty());
}

#[test]
fn everything_that_steers_has_its_place() {
    let talk = talk(
        r#""input":"x","instructions":"Be brief.","stream":true,"stream_options":{"include_obfuscation":false},
        "max_output_tokens":900,"max_tool_calls":2,"parallel_tool_calls":false,"temperature":0.70,"top_p":1e-1,
        "top_logprobs":3,"reasoning":{"effort":"xhigh","summary":"auto","mode":"standard"},
        "text":{"verbosity":"low","format":{"type":"json_schema","name":"n","schema":{"a":[1.0]},"strict":true}},
        "tools":[{"type":"function","name":"look","description":"d","parameters":{"type":"object"},"strict":null}],
        "tool_choice":{"type":"function","name":"look"},"user":"u","safety_identifier":"s","store":true,
        "include":["web_search_call.results"],"truncation":"auto","service_tier":"default","background":false,
        "previous_response_id":null,"conversation":null,"prompt":null,"prompt_cache_key":"k","later":{"x":[]}"#,
    );
    assert!(talk.stream);
    assert_eq!(talk.output_limit, Some(900));
    assert_eq!(talk.parallel_calls, Some(false));
    assert_eq!(talk.sampling.temperature.as_deref(), Some("0.70"));
    assert_eq!(talk.sampling.top_p.as_deref(), Some("1e-1"));
    assert_eq!(talk.logprobs, Some(3));
    assert_eq!(talk.effort, Some(Effort::Level("xhigh".to_owned())));
    assert_eq!(talk.verbosity.as_deref(), Some("low"));
    let Format::JsonSchema {
        name,
        schema: Some(schema),
        strict,
        ..
    } = &talk.format
    else {
        panic!("{:?}", talk.format)
    };
    assert_eq!(
        (&**name, schema.get(), *strict),
        ("n", r#"{"a":[1.0]}"#, Some(true))
    );
    let [tool] = &talk.tools[..] else {
        panic!("{:?}", talk.tools)
    };
    assert_eq!((&*tool.name, tool.strict), ("look", None));
    assert_eq!(
        tool.parameters.as_ref().unwrap().get(),
        r#"{"type":"object"}"#
    );
    assert_eq!(talk.tool_choice, Some(ToolChoice::Named("look".to_owned())));
    assert_eq!(talk.user.as_deref(), Some("u"));
    assert!(matches!(&talk.system[..], [Part::Text { text, .. }] if text == "Be brief."));
}

#[test]
fn smaller_words() {
    let off = talk(r#""input":"x","reasoning":{"effort":"none"},"safety_identifier":"s""#);
    assert_eq!(
        (off.effort, off.user.as_deref()),
        (Some(Effort::Off), Some("s"))
    );
    let plain = talk(r#""input":"x","text":{"format":{"type":"text"}},"reasoning":{}"#);
    assert!(matches!(plain.format, Format::Text) && plain.effort.is_none());
    let object = talk(r#""input":"x","text":{"format":{"type":"json_object"}},"top_logprobs":0"#);
    assert!(matches!(object.format, Format::JsonObject) && object.logprobs.is_none());
    let asked = talk(r#""input":"x","include":["message.output_text.logprobs"]"#);
    assert_eq!(asked.logprobs, Some(0));
    for (word, choice) in [
        ("auto", ToolChoice::Auto),
        ("none", ToolChoice::None),
        ("required", ToolChoice::Required),
    ] {
        let talk = talk(&format!(r#""input":"x","tool_choice":"{word}""#));
        assert_eq!(talk.tool_choice, Some(choice));
    }
}

#[test]
fn allowed_tools_leave_the_others_out() {
    let talk = talk(
        r#""input":"x","tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"b"}]},
        "tools":[{"type":"function","name":"a"},{"type":"function","name":"b"}]"#,
    );
    let names: Vec<&str> = talk.tools.iter().map(|tool| &*tool.name).collect();
    assert_eq!(
        (names, talk.tool_choice),
        (vec!["b"], Some(ToolChoice::Required))
    );
}

#[test]
fn items_become_turns() {
    let talk = input(
        r#"{"role":"developer","content":"One."},{"role":"system","content":[{"type":"input_text","text":"Two."}]},
        {"role":"user","content":"Look."},
        {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"A"},{"type":"summary_text","text":"B"}],"encrypted_content":"gAAAA"},
        {"type":"message","role":"assistant","id":"msg_1","status":"completed","content":[{"type":"output_text","text":"I look.","annotations":[]},{"type":"refusal","refusal":"No."}]},
        {"type":"function_call","id":"fc_1","call_id":"c1","name":"look","arguments":"{}","status":"completed"},
        {"type":"function_call","call_id":"c2","name":"look","arguments":""},
        {"type":"function_call_output","call_id":"c1","output":"one"},
        {"call_id":"c2","type":"function_call_output","output":[{"type":"input_text","text":"two"},{"type":"input_image","image_url":"https://x/y.png"}]},
        {"role":"system","content":"Hurry."},
        {"role":"user","content":[]}"#,
    );
    let said: Vec<&str> = talk
        .system
        .iter()
        .map(|part| match part {
            Part::Text { text, .. } => &**text,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(said, ["One.", "Two."]);
    let roles: Vec<Role> = talk.turns.iter().map(|turn| turn.role).collect();
    let (user, system) = (Role::User, Role::System);
    assert_eq!(roles, [user, Role::Assistant, user, system, user]);
    assert_eq!(
        shown(&talk)[1],
        r#"Assistant [Thought { text: "A\n\nB", signature: None }, Text { text: "I look.", cache: None }, Refusal { text: "No." }, Call { id: "c1", name: "look", arguments: "{}", seal: None, cache: None }, Call { id: "c2", name: "look", arguments: "", seal: None, cache: None }]"#
    );
    let [
        Part::Result { id: first, .. },
        Part::Result { id, parts, .. },
    ] = &talk.turns[2].parts[..]
    else {
        panic!("{:?}", talk.turns[2])
    };
    assert_eq!((&**first, &**id, parts.len()), ("c1", "c2", 2));
}

#[test]
fn media_are_told_apart() {
    let talk = input(
        r#"{"role":"user","content":[
        {"type":"input_image","image_url":"data:image/png;base64,QUJD","detail":"low"},
        {"type":"input_file","file_data":"data:application/pdf;base64,QUJD","filename":"a.pdf"},
        {"type":"input_file","file_data":"QUJD","filename":"a.TXT"},
        {"type":"input_file","file_url":"https://x/a.pdf"},
        {"type":"input_audio","input_audio":{"data":"QUJD","format":"wav"}},
        {"type":"input_text","text":"x","prompt_cache_breakpoint":{"mode":"explicit","ttl":"12h"}},
        {"type":"input_text","text":"y","cache_control":{"type":"ephemeral"}}]}"#,
    );
    let parts = &talk.turns[0].parts;
    let inline = |kind: &str| Media::Inline {
        kind: kind.to_owned(),
        data: "QUJD".to_owned(),
    };
    let media = |index: usize| match &parts[index] {
        Part::Image { media, .. } | Part::Document { media, .. } => media.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(media(0), inline("image/png"));
    assert_eq!(media(1), inline("application/pdf"));
    assert_eq!(media(2), inline("text/plain"));
    assert_eq!(media(3), Media::Url("https://x/a.pdf".to_owned()));
    assert!(matches!(&parts[4], Part::Audio { format, .. } if format == "wav"));
    let life = |index: usize| match &parts[index] {
        Part::Text { cache, .. } => *cache,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        (life(5), life(6)),
        (Some(CacheLife::Long), Some(CacheLife::Short))
    );
    assert!(talk.weight().long_cache);
}

#[test]
fn reasoning_of_nobody_known_is_left_out() {
    let talk = input(
        r#"{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAAA"},
        {"type":"reasoning","id":"rs_2","summary":[],"content":[{"type":"reasoning_text","text":"C"}]},
        {"type":"reasoning","id":"rs_3","summary":[{"type":"summary_text","text":"A"}],"encrypted_content":"vz1:signature:vz:google:s"},
        {"type":"reasoning","id":"rs_4","summary":[],"encrypted_content":"vz1:call:2:c9lost"}"#,
    );
    assert_eq!(
        shown(&talk),
        [
            r#"Assistant [Thought { text: "C", signature: None }, Thought { text: "A", signature: Some("vz:google:s") }]"#
        ]
    );
}

#[test]
fn what_only_the_provider_understands_is_let_in_and_told() {
    for (fields, param) in [
        (
            r#""tools":[{"type":"custom","name":"c","format":{"type":"text"}}],"input":"x""#,
            "tools[0]",
        ),
        (
            r#""tool_choice":{"type":"custom","name":"c"},"input":"x""#,
            "tool_choice",
        ),
        (
            r#""input":[{"type":"custom_tool_call","call_id":"c","name":"n","input":"i"}]"#,
            "input[0]",
        ),
        (
            r#""input":[{"type":"custom_tool_call_output","call_id":"c","output":"o"}]"#,
            "input[0]",
        ),
        (
            r#""input":[{"type":"compaction","encrypted_content":"x"}]"#,
            "input[0]",
        ),
    ] {
        let body = format!(r#"{{"model":"m",{fields}}}"#);
        let admitted = admit(body.as_bytes()).unwrap();
        assert!(admitted.extra_bytes > 15, "{body}");
        let told = admitted.native_only.unwrap();
        assert_eq!(told.param.as_deref(), Some(param));
        assert_eq!(read(body.as_bytes()).unwrap_err(), told);
    }
    let body =
        br#"{"model":"m","input":"x","prompt_cache_options":{"ttl":"12h"},"new":"0123456789"}"#;
    let admitted = admit(body).unwrap();
    assert_eq!((admitted.extra_bytes, admitted.long_cache), (12, true));
    assert!(admitted.native_only.is_none());
}
