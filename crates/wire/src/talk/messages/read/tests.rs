use super::*;
use crate::talk::{Media, Role, ToolChoice};

mod bad;

fn good(body: &str) -> Request {
    read(body.as_bytes()).unwrap_or_else(|fault| panic!("{body}: {fault}"))
}

const EVERYTHING: &str = r#"{
 "model":"claude-x","max_tokens":2048,"stream":true,
 "system":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral","ttl":"1h"}}],
 "temperature":0.70,"top_p":1,"top_k":40,"stop_sequences":["END"],
 "tools":[{"name":"f","description":"d","input_schema":{"type":"object","properties":{}},"strict":true,"cache_control":{"type":"ephemeral"}},{"type":"custom","name":"g","input_schema":{"type":"object"}}],
 "tool_choice":{"type":"tool","name":"f","disable_parallel_tool_use":true},
 "thinking":{"type":"enabled","budget_tokens":1024},
 "output_config":{"effort":"high","format":{"type":"json_schema","schema":{"type":"object"}}},
 "metadata":{"user_id":"u-1"},"service_tier":"auto","speed":"standard","container":null,
 "models":["a"],"fallbacks":["b"],"sim":{},"cache_control":{"type":"ephemeral"},
 "messages":[
  {"role":"user","content":"Hi"},
  {"role":"assistant","content":[{"type":"thinking","thinking":"Hmm","signature":"s"},{"type":"redacted_thinking","data":"d"},{"type":"text","text":"Wait"},{"type":"tool_use","id":"toolu_1","name":"f","input":{"a":[1, 2]},"cache_control":{"type":"ephemeral","ttl":"1h"}}]},
  {"role":"user","content":[
    {"type":"tool_result","tool_use_id":"toolu_1","is_error":true,"content":[{"type":"text","text":"no"},{"source":{"data":"aGk=","media_type":"image/png","type":"base64"},"type":"image"}]},
    {"type":"tool_result","tool_use_id":"toolu_2"},
    {"type":"document","title":"t","source":{"type":"base64","media_type":"application/pdf","data":"aGk="}},
    {"type":"document","source":{"type":"text","media_type":"text/plain","data":"plain"}},
    {"type":"document","source":{"type":"content","content":[{"type":"text","text":"inside"}]}},
    {"type":"image","source":{"type":"url","url":"https://x/y.png"}},
    {"type":"text","text":"So \u00e9?"}]},
  {"role":"system","content":"Now in French."}
 ]}"#;

#[test]
fn everything_that_the_wire_has_is_read() {
    let request = good(EVERYTHING);
    assert_eq!(request.model, "claude-x");
    assert_eq!(request.fallbacks, ["a", "b"]);
    assert!(request.wants_usage && request.talk.stream);
    assert_eq!(request.metadata.as_deref(), Some(r#"{"user_id":"u-1"}"#));
    let talk = &request.talk;
    assert_eq!(talk.output_limit, Some(2048));
    assert_eq!(talk.answers, 1);
    assert_eq!(talk.sampling.temperature.as_deref(), Some("0.70"));
    assert_eq!(talk.sampling.top_p.as_deref(), Some("1"));
    assert_eq!(talk.sampling.top_k.as_deref(), Some("40"));
    assert_eq!(talk.stop, ["END"]);
    assert_eq!(talk.user.as_deref(), Some("u-1"));
    assert_eq!(talk.effort, Some(Effort::Budget(1024)));
    assert_eq!(talk.tool_choice, Some(ToolChoice::Named("f".to_owned())));
    assert_eq!(talk.parallel_calls, Some(false));
    assert_eq!(talk.tools.len(), 2);
    assert_eq!(talk.tools[0].strict, Some(true));
    assert_eq!(talk.tools[0].cache, Some(CacheLife::Short));
    assert!(
        matches!(&talk.format, Format::JsonSchema { schema: Some(schema), .. } if schema.get() == r#"{"type":"object"}"#)
    );
    assert!(matches!(
        &talk.system[0],
        Part::Text {
            cache: Some(CacheLife::Long),
            ..
        }
    ));
    let roles: Vec<Role> = talk.turns.iter().map(|turn| turn.role).collect();
    assert_eq!(
        roles,
        [Role::User, Role::Assistant, Role::User, Role::System]
    );
    let said = &talk.turns[1].parts;
    assert!(
        matches!(&said[0], Part::Thought { text, signature: Some(s) } if text == "Hmm" && s == "vz:anthropic:s")
    );
    assert!(matches!(&said[1], Part::SealedThought { data } if data == "vz:anthropic:d"));
    assert!(
        matches!(&said[3], Part::Call { id, arguments, cache: Some(CacheLife::Long), .. } if id == "toolu_1" && arguments == r#"{"a":[1, 2]}"#)
    );
    let answered = &talk.turns[2].parts;
    assert!(
        matches!(&answered[0], Part::Result { id, is_error: true, parts, .. } if id == "toolu_1" && parts.len() == 2)
    );
    assert!(matches!(&answered[1], Part::Result { parts, .. } if parts.is_empty()));
    assert!(matches!(&answered[2], Part::Document { name: Some(name), .. } if name == "t"));
    assert!(
        matches!(&answered[3], Part::Document { media: Media::Text(text), .. } if text == "plain")
    );
    assert!(matches!(&answered[4], Part::Text { text, .. } if text == "inside"));
    assert!(
        matches!(&answered[5], Part::Image { media: Media::Url(url), .. } if url == "https://x/y.png")
    );
    assert!(matches!(&answered[6], Part::Text { text, .. } if text == "So é?"));
    // The automatic breakpoint is at the very end.
    assert!(matches!(
        &talk.turns[3].parts[0],
        Part::Text {
            cache: Some(CacheLife::Short),
            ..
        }
    ));
    let weight = talk.weight();
    assert!(weight.long_cache);
    assert_eq!(weight.images, 2);
}

#[test]
fn effort_and_thinking_come_to_one_thing() {
    for (fields, expected) in [
        (
            r#""thinking":{"type":"disabled"},"output_config":{"effort":"low"}"#,
            Some(Effort::Off),
        ),
        (
            r#""thinking":{"type":"adaptive","display":"omitted"},"output_config":{"effort":"max"}"#,
            Some(Effort::Level("max".to_owned())),
        ),
        (r#""thinking":{"type":"adaptive"}"#, Some(Effort::Adaptive)),
        (
            r#""thinking":{"type":"between_tools"}"#,
            Some(Effort::Adaptive),
        ),
        (
            r#""output_config":{"effort":"medium"}"#,
            Some(Effort::Level("medium".to_owned())),
        ),
        (r#""thinking":null,"output_config":null"#, None),
    ] {
        let body = format!(
            r#"{{"model":"m","max_tokens":9,"messages":[{{"role":"user","content":"Hi"}}],{fields}}}"#
        );
        assert_eq!(good(&body).talk.effort, expected, "{fields}");
    }
}

#[test]
fn an_empty_signature_is_none() {
    let body = r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"thinking","thinking":"x","signature":""}]}]}"#;
    let talk = good(body).talk;
    assert!(matches!(
        &talk.turns[1].parts[0],
        Part::Thought {
            signature: None,
            ..
        }
    ));
}

#[test]
fn counting_needs_no_limit() {
    let body = br#"{"model":"m","messages":[{"role":"user","content":"Hi"}],"tools":[]}"#;
    assert_eq!(read_count(body).unwrap().model, "m");
    let fault = read(body).unwrap_err();
    assert_eq!(fault.param.as_deref(), Some("max_tokens"));
    assert!(read_count(br#"{"model":"m"}"#).is_err());
}

#[test]
fn prefixes_and_mutations_never_panic() {
    let body = EVERYTHING.as_bytes();
    for cut in 0..body.len() {
        assert!(read(&body[..cut]).is_err(), "cut at {cut}");
    }
    let mut seed: u64 = 3;
    for _ in 0..6_000 {
        let mut bytes = body.to_vec();
        for _ in 0..2 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = usize::try_from(seed >> 33).unwrap() % bytes.len();
            bytes[at] = b"{}[]\",:0nt\\\n\xff\x00"[usize::try_from(seed >> 20).unwrap() % 14];
        }
        let _outcome = read(&bytes);
    }
}
