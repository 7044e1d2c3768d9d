//! Requests of customers, and what is written of them for providers of this shape.

use serde_json::Value;

use crate::chat::{ChatRequest, LimitField};
use crate::talk::chat::{Style, read, write};
use crate::talk::{CacheLife, Media, Part, Role, Talk};

const EXTENDED: Style = Style {
    limit_field: LimitField::MaxTokens,
    extended: true,
    thinks: true,
    samples: true,
};
const PLAIN: Style = Style {
    limit_field: LimitField::MaxCompletionTokens,
    extended: false,
    thinks: true,
    samples: true,
};

macro_rules! requests {
    ($($name:literal),* $(,)?) => {
        &[$((
            $name,
            include_str!(concat!("../golden/requests/", $name, ".in.json")),
            include_str!(concat!("../golden/requests/", $name, ".extended.json")),
            include_str!(concat!("../golden/requests/", $name, ".plain.json")),
        )),*]
    };
}

const REQUESTS: &[(&str, &str, &str, &str)] =
    requests!["conversation", "legacy", "bare", "allowed"];

fn talk(body: &str) -> Talk {
    read(body.as_bytes()).expect(body).talk
}

fn same(name: &str, talk: &Talk, style: Style, expected: &str) {
    let body = write(talk, "upstream", style).expect(name);
    assert!(ChatRequest::parse(&body).is_ok(), "{name} is no request");
    let body: Value = serde_json::from_slice(&body).expect(name);
    let expected: Value = serde_json::from_str(expected).expect(name);
    assert_eq!(body, expected, "{name} is now {body:#}");
}

#[test]
fn requests_are_read_and_written() {
    for (name, sent, extended, plain) in REQUESTS {
        let mut talk = talk(sent);
        same(name, &talk, EXTENDED, extended);
        assert_eq!(
            write(&talk, "upstream", PLAIN).is_err(),
            talk.sampling.top_k.is_some(),
            "{name}"
        );
        talk.sampling.top_k = None;
        same(name, &talk, PLAIN, plain);
    }
}

#[test]
fn what_is_written_is_read_as_the_same() {
    for (name, _, extended, _) in REQUESTS {
        same(name, &talk(extended), EXTENDED, extended);
    }
}

#[test]
fn the_envelope_is_kept() {
    let request = read(REQUESTS[0].1.as_bytes()).expect("a request");
    assert_eq!(request.model, "fast");
    assert_eq!(request.fallbacks, ["slow"]);
    assert_eq!(request.metadata.as_deref(), Some(r#"{"a":"b"}"#));
    assert!(request.wants_usage && request.talk.stream);
    let talk = request.talk;
    assert_eq!((talk.answers, talk.output_limit), (2, Some(100)));
    assert_eq!(talk.logprobs, Some(3));
    // Numbers stay as they were sent.
    assert_eq!(talk.sampling.temperature.as_deref(), Some("0.70"));
    assert_eq!(talk.sampling.top_p.as_deref(), Some("1e-1"));
    assert_eq!(talk.sampling.frequency_penalty, None);
    // Schemas too, in their order.
    let crate::talk::Format::JsonSchema { schema, .. } = &talk.format else {
        panic!("{:?}", talk.format);
    };
    assert_eq!(
        schema.as_ref().map(|schema| schema.get()),
        Some(r#"{"type":"object","properties":{"z":{},"a":{}}}"#)
    );
}

#[test]
fn turns_are_as_they_were_said() {
    let talk = talk(REQUESTS[0].1);
    assert_eq!(talk.system.len(), 3);
    let roles: Vec<Role> = talk.turns.iter().map(|turn| turn.role).collect();
    assert_eq!(
        roles,
        [
            Role::User,
            Role::Assistant,
            Role::User,
            Role::User,
            Role::System,
            Role::Assistant,
            Role::User
        ]
    );
    assert_eq!(
        talk.turns[2].parts.len(),
        2,
        "consecutive results are one turn"
    );
    let Part::Image { media, detail, .. } = &talk.turns[0].parts[1] else {
        panic!("{:?}", talk.turns[0]);
    };
    let inline = Media::Inline {
        kind: "image/png".to_owned(),
        data: "iVBO".to_owned(),
    };
    assert_eq!((media, detail.as_deref()), (&inline, Some("low")));
    let Part::Thought { text, signature } = &talk.turns[1].parts[0] else {
        panic!("{:?}", talk.turns[1]);
    };
    assert_eq!(
        (text.as_str(), signature.as_deref()),
        ("Hm", Some("vz:openrouter:sig"))
    );
    assert!(matches!(
        talk.turns[0].parts[0],
        Part::Text {
            cache: Some(CacheLife::Long),
            ..
        }
    ));
    assert!(matches!(
        talk.turns[6].parts[0],
        Part::Text {
            cache: Some(CacheLife::Short),
            ..
        }
    ));
    assert!(talk.weight().long_cache);
}

/// What comes of the thoughts that a client gives back.
fn thoughts(members: &str) -> Vec<String> {
    let body =
        format!(r#"{{"model":"m","messages":[{{"role":"assistant","content":"x",{members}}}]}}"#);
    let talk = talk(&body);
    let parts = talk.turns[0].parts.iter().filter_map(|part| match part {
        Part::Thought { text, signature } => {
            Some(format!("{text}/{}", signature.as_deref().unwrap_or("-")))
        }
        Part::SealedThought { data } => Some(format!("sealed {data}")),
        _ => None,
    });
    parts.collect()
}

#[test]
fn thoughts_survive_however_clients_keep_them() {
    for (members, expected) in [
        (r#""reasoning_content":"a""#, vec!["a/-"]),
        (r#""reasoning":"a","reasoning_content":null"#, vec!["a/-"]),
        (r#""reasoning_content":"""#, vec![]),
        (
            r#""reasoning_details":[{"type":"reasoning.text","text":"a","signature":"s"}]"#,
            vec!["a/vz:openrouter:s"],
        ),
        // The signature apart from the text.
        (
            r#""reasoning_content":"a","reasoning_details":[{"type":"reasoning.text","signature":"s","index":0}]"#,
            vec!["a/vz:openrouter:s"],
        ),
        // Two thoughts, in pieces.
        (
            r#""reasoning_details":[{"type":"reasoning.text","text":"a","index":0},{"type":"reasoning.text","signature":"s","index":0},{"type":"reasoning.text","text":"b","index":1},{"type":"reasoning.text","text":"c","index":1}]"#,
            vec!["a/vz:openrouter:s", "bc/-"],
        ),
        (
            r#""reasoning_details":[{"type":"reasoning.summary","summary":"a"},{"type":"reasoning.encrypted","data":"d"}]"#,
            vec!["a/-", "sealed vz:openrouter:d"],
        ),
        // One that says whose it is stays that one's.
        (
            r#""reasoning_details":[{"type":"reasoning.text","text":"a","signature":"vz:anthropic:s"},{"type":"reasoning.encrypted","data":"vz:anthropic:d"}]"#,
            vec!["a/vz:anthropic:s", "sealed vz:anthropic:d"],
        ),
        // Nobody's contract: what cannot be understood is left out.
        (r#""reasoning":{"a":1},"reasoning_details":"x""#, vec![]),
        (
            r#""reasoning_details":[{"type":"new","text":null}]"#,
            vec![],
        ),
    ] {
        assert_eq!(thoughts(members), expected, "{members}");
    }
}

#[test]
fn what_only_openai_can_do_is_refused_by_its_name() {
    let user = r#"{"role":"user","content":"x"}"#;
    let part = |part: &str| format!(r#""messages":[{{"role":"user","content":[{part}]}}]"#);
    for (members, param, code) in [
        (format!(r#""messages":[{user}],"modalities":["text","audio"],"audio":{{"format":"wav","voice":"v"}}"#), "modalities", "unsupported_parameter"),
        (format!(r#""messages":[{user}],"web_search_options":{{}}"#), "web_search_options", "unsupported_parameter"),
        (format!(r#""messages":[{user}],"logit_bias":{{"1":5}}"#), "logit_bias", "unsupported_parameter"),
        (format!(r#""messages":[{user}],"tools":[{{"type":"custom","custom":{{"name":"c"}}}}]"#), "tools[0].type", "unsupported_parameter"),
        (format!(r#""messages":[{user}],"tool_choice":{{"type":"custom","custom":{{"name":"c"}}}}"#), "tool_choice.type", "unsupported_parameter"),
        (format!(r#""messages":[{user}],"tool_choice":{{"type":"allowed_tools","allowed_tools":{{"mode":"auto","tools":[]}}}}"#), "tool_choice.allowed_tools.tools", "invalid_value"),
        (format!(r#""messages":[{user}],"reasoning":"high""#), "reasoning", "invalid_value"),
        (format!(r#""messages":[{user}],"reasoning":{{"effort":"huge"}}"#), "reasoning.effort", "invalid_value"),
        (format!(r#""messages":[{user}],"reasoning":{{"effort":"low","max_tokens":5}}"#), "reasoning", "invalid_value"),
        (part(r#"{"type":"file","file":{"file_id":"file-1"}}"#), "messages[0].content[0].file.file_id", "unsupported_parameter"),
        (part(r#"{"type":"image_url","image_url":{"url":"data:image/png,abc"}}"#), "messages[0].content[0].image_url.url", "invalid_value"),
        (r#""messages":[{"role":"assistant","audio":{"id":"audio_1"}}]"#.to_owned(), "messages[0].audio", "unsupported_parameter"),
        (r#""messages":[{"role":"assistant","tool_calls":[{"id":"a","type":"custom","custom":{"name":"c","input":"i"}}]}]"#.to_owned(), "messages[0].tool_calls[0].type", "unsupported_parameter"),
        (r#""messages":[{"role":"function","name":"f","content":"1"}]"#.to_owned(), "messages[0].name", "invalid_value"),
        // What a chat refuses at all is refused here as well.
        (format!(r#""messages":[{user}],"n":0"#), "n", "integer_below_min_value"),
        (format!(r#""messages":[{user}],"stop":7"#), "stop", "invalid_type"),
    ] {
        let body = format!(r#"{{"model":"m",{members}}}"#);
        let fault = read(body.as_bytes()).expect_err(&body);
        assert_eq!((fault.param.as_deref(), fault.code), (Some(param), Some(code)), "{body}");
    }
    for harmless in [
        r#""modalities":["text"]"#,
        r#""logit_bias":{}"#,
        r#""audio":null"#,
        r#""prediction":{"type":"content","content":"x"}"#,
    ] {
        let body = format!(r#"{{"model":"m","messages":[{user}],{harmless}}}"#);
        assert!(read(body.as_bytes()).is_ok(), "{harmless}");
    }
}

#[test]
fn results_with_media_and_parts_without_a_place() {
    let image = Part::Image {
        media: Media::Url("https://example.com/a.png".to_owned()),
        detail: None,
        cache: None,
    };
    let text = |text: &str| Part::Text {
        text: text.to_owned(),
        cache: None,
    };
    let turn = |role, parts| Talk {
        turns: vec![crate::talk::Turn { role, parts }],
        answers: 1,
        ..Talk::default()
    };
    // A result is text; what the tool showed is shown by the user after all results.
    let result = |id: &str, parts| Part::Result {
        id: id.to_owned(),
        parts,
        is_error: false,
        cache: None,
    };
    let shown = turn(
        Role::User,
        vec![
            text("and?"),
            result("a", vec![text("see"), image.clone()]),
            result("b", vec![]),
        ],
    );
    let body = write(&shown, "m", PLAIN).expect("a body");
    assert_eq!(
        String::from_utf8(body).expect("text"),
        r#"{"model":"m","messages":[{"role":"tool","tool_call_id":"a","content":"see"},{"role":"tool","tool_call_id":"b","content":""},{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/a.png"}},{"type":"text","text":"and?"}]}]}"#
    );
    let document = Part::Document {
        media: Media::Url("https://example.com/a.pdf".to_owned()),
        name: None,
        cache: None,
    };
    for (role, part, param) in [
        (Role::User, document, "document"),
        (Role::System, image.clone(), "image"),
        (Role::Assistant, image, "image"),
        (Role::Assistant, result("a", vec![]), "tool_result"),
    ] {
        let fault = write(&turn(role, vec![part]), "m", PLAIN).expect_err(param);
        assert_eq!(fault.param.as_deref(), Some(param));
    }
}

#[test]
fn a_model_that_draws_as_it_likes_is_not_told() {
    let style = Style {
        samples: false,
        ..PLAIN
    };
    let body = write(&talk(REQUESTS[0].1), "m", style).expect("a body");
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    for name in [
        "temperature",
        "top_p",
        "top_k",
        "frequency_penalty",
        "presence_penalty",
    ] {
        assert_eq!(body.get(name), None, "{name}");
    }
    assert_eq!(body["seed"], 7);
}

#[test]
fn efforts_become_words_where_counts_are_unknown() {
    use crate::talk::Effort;
    let written = |effort: Effort, style: Style| {
        let talk = Talk {
            effort: Some(effort),
            answers: 1,
            ..Talk::default()
        };
        let body = write(&talk, "m", style).expect("a body");
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        format!("{} {}", body["reasoning_effort"], body["reasoning"])
    };
    let mute = Style {
        thinks: false,
        ..PLAIN
    };
    let level = || Effort::Level("xhigh".to_owned());
    for (effort, plain, extended) in [
        (level(), r#""xhigh" null"#, r#""xhigh" null"#),
        (Effort::Off, r#""none" null"#, r#"null {"enabled":false}"#),
        (Effort::Adaptive, "null null", r#"null {"enabled":true}"#),
        (
            Effort::Budget(0),
            r#""none" null"#,
            r#"null {"max_tokens":0}"#,
        ),
        (
            Effort::Budget(1024),
            r#""low" null"#,
            r#"null {"max_tokens":1024}"#,
        ),
        (
            Effort::Budget(8192),
            r#""medium" null"#,
            r#"null {"max_tokens":8192}"#,
        ),
        (
            Effort::Budget(24_576),
            r#""high" null"#,
            r#"null {"max_tokens":24576}"#,
        ),
    ] {
        assert_eq!(written(effort.clone(), PLAIN), plain);
        assert_eq!(written(effort.clone(), EXTENDED), extended);
        assert_eq!(written(effort, mute), "null null");
    }
}

#[test]
fn rubbish_does_no_harm() {
    for (_, sent, _, _) in REQUESTS {
        let bytes = sent.trim_ascii_end().as_bytes();
        for at in 0..bytes.len() {
            assert!(read(&bytes[..at]).is_err());
            for byte in *b"\"}[0n" {
                let mut changed = bytes.to_vec();
                changed[at] = byte;
                if let Ok(request) = read(&changed) {
                    let _written = write(&request.talk, "m", EXTENDED);
                }
            }
        }
    }
}
