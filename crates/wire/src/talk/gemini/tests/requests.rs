//! Conversations, and the bodies that they become.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::talk::gemini::{Options, Thinking, write};
use crate::talk::{Effort, Format, Media, Part, Role, Sampling, Talk, Tool, ToolChoice, Turn};

fn text(text: &str) -> Part {
    Part::Text {
        text: text.to_owned(),
        cache: None,
    }
}

fn call(id: &str, name: &str, arguments: &str, seal: Option<&str>) -> Part {
    Part::Call {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_owned(),
        seal: seal.map(str::to_owned),
        cache: None,
    }
}

fn result(id: &str, parts: Vec<Part>, is_error: bool) -> Part {
    Part::Result {
        id: id.to_owned(),
        parts,
        is_error,
        cache: None,
    }
}

fn image(media: Media) -> Part {
    Part::Image {
        media,
        detail: None,
        cache: None,
    }
}

fn inline(kind: &str) -> Media {
    Media::Inline {
        kind: kind.to_owned(),
        data: "QUJD".to_owned(),
    }
}

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).expect("JSON")
}

fn tool(name: &str) -> Tool {
    Tool {
        name: name.to_owned(),
        description: Some("does".to_owned()),
        parameters: Some(raw(r#"{"type":"object","$defs":{}}"#)),
        strict: Some(true),
        cache: None,
    }
}

fn talk(turns: Vec<(Role, Vec<Part>)>) -> Talk {
    let turns = turns.into_iter();
    Talk {
        turns: turns.map(|(role, parts)| Turn { role, parts }).collect(),
        answers: 1,
        ..Talk::default()
    }
}

fn hi() -> Talk {
    talk(vec![(Role::User, vec![text("Hi")])])
}

#[track_caller]
fn check(talk: &Talk, options: Options, expected: &str) {
    let body = write(talk, &options).expect("a body");
    assert_eq!(String::from_utf8(body).expect("text"), expected);
    assert!(serde_json::from_str::<Value>(expected).is_ok());
}

/// The members of `generationConfig`.
#[track_caller]
fn check_config(talk: &Talk, options: Options, expected: &str) {
    let config = if expected.is_empty() {
        String::new()
    } else {
        format!(r#","generationConfig":{expected}"#)
    };
    let body = format!(r#"{{"contents":[{{"role":"user","parts":[{{"text":"Hi"}}]}}]{config}}}"#);
    check(talk, options, &body);
}

#[track_caller]
fn check_refusal(talk: &Talk, options: Options, param: &str) {
    let fault = write(talk, &options).expect_err("a refusal");
    assert_eq!(fault.param.as_deref(), Some(param), "{}", fault.message);
    assert!(!fault.message.is_empty());
}

#[test]
fn roles_and_instructions() {
    let mut asked = talk(vec![
        (Role::User, vec![text("Hi")]),
        (Role::User, vec![text(""), text("there")]),
        (Role::Assistant, vec![text("Hello")]),
        (Role::System, vec![text("Now rhyme")]),
        (
            Role::Assistant,
            vec![Part::Refusal {
                text: "No".to_owned(),
            }],
        ),
        (Role::Assistant, vec![text("")]),
        (Role::User, vec![text("Go")]),
    ]);
    asked.system = vec![text("Be brief"), text(""), text("Be kind")];
    check(
        &asked,
        Options::default(),
        r#"{"systemInstruction":{"parts":[{"text":"Be brief"},{"text":"Be kind"},{"text":"Now rhyme"}]},"contents":[{"role":"user","parts":[{"text":"Hi"},{"text":"there"}]},{"role":"model","parts":[{"text":"Hello"},{"text":"No"}]},{"role":"user","parts":[{"text":"Go"}]}]}"#,
    );
    let mut alone = talk(vec![]);
    alone.system = vec![text("Say hi")];
    check(
        &alone,
        Options::default(),
        r#"{"contents":[{"role":"user","parts":[{"text":"Say hi"}]}]}"#,
    );
    check_refusal(&talk(vec![]), Options::default(), "messages");
    let mut pictured = hi();
    pictured.system = vec![image(inline("image/png"))];
    check_refusal(&pictured, Options::default(), "messages");
}

#[test]
fn images_sound_and_documents() {
    let document = |media| Part::Document {
        media,
        name: Some("a.pdf".to_owned()),
        cache: None,
    };
    let kept = "https://generativelanguage.googleapis.com/v1beta/files/abc";
    let asked = talk(vec![(
        Role::User,
        vec![
            text("See"),
            image(inline("image/png")),
            image(Media::Url(kept.to_owned())),
            Part::Audio {
                format: "wav".to_owned(),
                data: "UklG".to_owned(),
            },
            document(inline("application/pdf")),
            document(Media::Text("plain".to_owned())),
        ],
    )]);
    check(
        &asked,
        Options::default(),
        r#"{"contents":[{"role":"user","parts":[{"text":"See"},{"inlineData":{"mimeType":"image/png","data":"QUJD"}},{"fileData":{"fileUri":"https://generativelanguage.googleapis.com/v1beta/files/abc"}},{"inlineData":{"mimeType":"audio/wav","data":"UklG"}},{"inlineData":{"mimeType":"application/pdf","data":"QUJD"}},{"text":"plain"}]}]}"#,
    );
    for url in [
        "https://example.test/a.png",
        "http://169.254.169.254/latest",
        "https://generativelanguage.googleapis.com.evil.test/a",
        "gs://bucket/a.png",
    ] {
        let asked = talk(vec![(Role::User, vec![image(Media::Url(url.to_owned()))])]);
        check_refusal(&asked, Options::default(), "messages.content.image_url.url");
        let asked = talk(vec![(
            Role::User,
            vec![document(Media::Url(url.to_owned()))],
        )]);
        check_refusal(&asked, Options::default(), "messages.content.file");
    }
}

#[test]
fn calls_and_results_find_each_other() {
    let asked = talk(vec![
        (Role::User, vec![text("Weather?")]),
        (
            Role::Assistant,
            vec![
                Part::Thought {
                    text: "hm".to_owned(),
                    signature: Some("of another".to_owned()),
                },
                call(
                    "call_1",
                    "weather",
                    r#"{"city":"Köln", "days":1.50}"#,
                    Some("vz:google:sig"),
                ),
                call("call_2", "weather", "", Some("vz:openrouter:sig")),
                call("call_3", "clock", "[1]", None),
            ],
        ),
        (
            Role::User,
            vec![result("call_3", vec![text("12:00")], false)],
        ),
        (
            Role::User,
            vec![
                result("call_2", vec![text("a"), image(inline("image/png"))], true),
                text("And?"),
            ],
        ),
        (
            Role::User,
            vec![result("call_1", vec![text(r#"{"sun":true}"#)], false)],
        ),
    ]);
    let expected = r#"{"contents":[{"role":"user","parts":[{"text":"Weather?"}]},{"role":"model","parts":[{"functionCall":{"name":"weather","args":{"city":"Köln", "days":1.50}},"thoughtSignature":"sig"},{"functionCall":{"name":"weather","args":{}}},{"functionCall":{"name":"clock","args":{"arguments":"[1]"}}}]},{"role":"user","parts":[{"functionResponse":{"name":"weather","response":{"sun":true}}},{"functionResponse":{"name":"weather","response":{"error":"a"}}},{"functionResponse":{"name":"clock","response":{"output":"12:00"}}}]},{"role":"user","parts":[{"inlineData":{"mimeType":"image/png","data":"QUJD"}},{"text":"And?"}]}]}"#;
    check(&asked, Options::default(), expected);
    let signed = Options {
        wants_signatures: true,
        ..Options::default()
    };
    check(&asked, signed, expected);
    let unknown = talk(vec![(Role::User, vec![result("x", vec![], false)])]);
    check_refusal(&unknown, Options::default(), "messages.tool_call_id");
}

#[test]
fn a_lost_signature_has_its_stand_in() {
    let asked = talk(vec![
        (Role::User, vec![text("Hi")]),
        (
            Role::Assistant,
            vec![
                text("Let me see."),
                call("a", "f", "{}", None),
                call("b", "g", "{}", None),
            ],
        ),
        (
            Role::User,
            vec![
                result("a", vec![], false),
                result("b", vec![text("1"), text("2")], false),
            ],
        ),
    ]);
    let options = Options {
        wants_signatures: true,
        ..Options::default()
    };
    check(
        &asked,
        options,
        r#"{"contents":[{"role":"user","parts":[{"text":"Hi"}]},{"role":"model","parts":[{"text":"Let me see."},{"functionCall":{"name":"f","args":{}},"thoughtSignature":"skip_thought_signature_validator"},{"functionCall":{"name":"g","args":{}}}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"output":""}}},{"functionResponse":{"name":"g","response":{"output":"1\n2"}}}]}]}"#,
    );
}

#[test]
fn tools_and_their_choice() {
    for (choice, config) in [
        (None, ""),
        (
            Some(ToolChoice::Auto),
            r#","toolConfig":{"functionCallingConfig":{"mode":"AUTO"}}"#,
        ),
        (
            Some(ToolChoice::None),
            r#","toolConfig":{"functionCallingConfig":{"mode":"NONE"}}"#,
        ),
        (
            Some(ToolChoice::Required),
            r#","toolConfig":{"functionCallingConfig":{"mode":"ANY"}}"#,
        ),
        (
            Some(ToolChoice::Named("f".to_owned())),
            r#","toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}}"#,
        ),
    ] {
        let mut asked = hi();
        asked.tools = vec![
            tool("f"),
            Tool {
                description: None,
                parameters: None,
                ..tool("g.h-1")
            },
        ];
        asked.tool_choice = choice;
        asked.parallel_calls = Some(false);
        let expected = format!(
            r#"{{"contents":[{{"role":"user","parts":[{{"text":"Hi"}}]}}],"tools":[{{"functionDeclarations":[{{"name":"f","description":"does","parametersJsonSchema":{{"type":"object","$defs":{{}}}}}},{{"name":"g.h-1"}}]}}]{config}}}"#
        );
        check(&asked, Options::default(), &expected);
    }
    for name in ["", "1f", "a b", "ü", &"a".repeat(65)] {
        let mut asked = hi();
        asked.tools = vec![tool("f"), tool(name)];
        check_refusal(&asked, Options::default(), "tools[1].function.name");
    }
}

#[test]
fn the_answer_is_made_as_asked() {
    let mut asked = hi();
    asked.sampling = Sampling {
        temperature: Some("1.0".to_owned()),
        top_p: Some("0.95".to_owned()),
        top_k: Some("40".to_owned()),
        frequency_penalty: Some("0.5".to_owned()),
        presence_penalty: Some("-0.5".to_owned()),
        seed: Some("7".to_owned()),
    };
    asked.stop = vec!["X".to_owned()];
    asked.answers = 2;
    asked.logprobs = Some(5);
    asked.output_limit = Some(900);
    check_config(
        &asked,
        Options::default(),
        r#"{"temperature":1.0,"topP":0.95,"topK":40,"candidateCount":2,"maxOutputTokens":900,"stopSequences":["X"],"presencePenalty":-0.5,"frequencyPenalty":0.5,"seed":7,"responseLogprobs":true,"logprobs":5}"#,
    );
    let bare = Options {
        refuses_sampling: true,
        output_limit: Some(5),
        ..Options::default()
    };
    asked.logprobs = Some(0);
    check_config(
        &asked,
        bare,
        r#"{"candidateCount":2,"maxOutputTokens":5,"stopSequences":["X"],"seed":7,"responseLogprobs":true}"#,
    );
    asked.sampling.seed = Some("4294967296".to_owned());
    check_refusal(&asked, bare, "seed");
    asked.sampling.seed = None;
    asked.stop = vec!["X".to_owned(); 6];
    check_refusal(&asked, bare, "stop");
}

#[test]
fn json_answers() {
    let options = Options {
        refuses_json_with_tools: true,
        ..Options::default()
    };
    let mut asked = hi();
    asked.format = Format::JsonObject;
    check_config(
        &asked,
        options,
        r#"{"responseMimeType":"application/json"}"#,
    );
    asked.format = Format::JsonSchema {
        name: "n".to_owned(),
        description: None,
        schema: Some(raw(r#"{"type":"object","additionalProperties":false}"#)),
        strict: Some(true),
    };
    check_config(
        &asked,
        options,
        r#"{"responseMimeType":"application/json","responseJsonSchema":{"type":"object","additionalProperties":false}}"#,
    );
    asked.tools = vec![tool("f")];
    check_refusal(&asked, options, "response_format");
    assert!(write(&asked, &Options::default()).is_ok());
}

fn budget(may_be_off: bool) -> Thinking {
    Thinking::Budget { may_be_off }
}

fn level(minimal: bool, extra_high: bool) -> Thinking {
    Thinking::Level {
        minimal,
        extra_high,
    }
}

fn word(word: &str) -> Effort {
    Effort::Level(word.to_owned())
}

fn shown(way: &str) -> String {
    format!(r#"{{"thinkingConfig":{{"includeThoughts":true{way}}}}}"#)
}

fn hidden(way: &str) -> String {
    format!(r#"{{"thinkingConfig":{{{way}}}}}"#)
}

#[track_caller]
fn check_thinking<const N: usize>(cases: [(Thinking, Effort, String); N]) {
    for (way, effort, expected) in cases {
        let mut asked = hi();
        asked.effort = Some(effort);
        let options = Options {
            thinking: way,
            ..Options::default()
        };
        check_config(&asked, options, &expected);
    }
}

#[test]
fn thinking_is_told_as_a_budget() {
    let off = r#""thinkingBudget":0"#;
    check_thinking([
        (Thinking::Untold, word("high"), String::new()),
        (budget(true), Effort::Off, hidden(off)),
        (budget(true), word("none"), hidden(off)),
        (budget(true), Effort::Budget(0), hidden(off)),
        (
            budget(false),
            Effort::Off,
            hidden(r#""thinkingBudget":128"#),
        ),
        (
            budget(true),
            word("low"),
            shown(r#","thinkingBudget":1024"#),
        ),
        (
            budget(true),
            word("medium"),
            shown(r#","thinkingBudget":8192"#),
        ),
        (
            budget(true),
            word("high"),
            shown(r#","thinkingBudget":24576"#),
        ),
        (
            budget(true),
            word("max"),
            shown(r#","thinkingBudget":24576"#),
        ),
        (
            budget(true),
            Effort::Budget(2_000),
            shown(r#","thinkingBudget":2000"#),
        ),
        (
            budget(true),
            Effort::Budget(u64::MAX),
            shown(r#","thinkingBudget":24576"#),
        ),
        (
            budget(true),
            Effort::Adaptive,
            shown(r#","thinkingBudget":-1"#),
        ),
    ]);
}

#[test]
fn thinking_is_told_as_a_level() {
    let to = |level: &str| format!(r#""thinkingLevel":"{level}""#);
    let shown_to = |level: &str| shown(&format!(r#","thinkingLevel":"{level}""#));
    check_thinking([
        (level(true, false), Effort::Off, hidden(&to("MINIMAL"))),
        (level(false, false), Effort::Off, hidden(&to("LOW"))),
        (level(false, false), word("minimal"), shown_to("LOW")),
        (level(true, false), word("minimal"), shown_to("MINIMAL")),
        (level(true, false), word("medium"), shown_to("MEDIUM")),
        (level(true, false), word("xhigh"), shown_to("HIGH")),
        (level(true, true), word("max"), shown_to("XHIGH")),
        (level(true, true), Effort::Budget(1_024), shown_to("LOW")),
        (level(true, true), Effort::Budget(8_192), shown_to("MEDIUM")),
        (level(true, true), Effort::Budget(32_000), shown_to("HIGH")),
        (level(true, true), Effort::Adaptive, shown("")),
    ]);
    let options = Options {
        thinking: level(true, true),
        ..Options::default()
    };
    check_config(&hi(), options, "");
}
