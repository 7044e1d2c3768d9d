//! Bodies that must be refused, and what the refusal names.

mod fields;
mod messages;

use crate::chat::ChatRequest;
use fields::FIELDS;
use messages::MESSAGES;

const TYPE: &str = "invalid_type";
const VALUE: &str = "invalid_value";
const MISSING: &str = "missing_required_parameter";
const EMPTY: &str = "empty_array";
const LONG_ARRAY: &str = "array_above_max_length";
const LONG_STRING: &str = "string_above_max_length";
const DUPLICATE: &str = "duplicate_key";
const INT_LOW: &str = "integer_below_min_value";
const INT_HIGH: &str = "integer_above_max_value";
const DEC_LOW: &str = "decimal_below_min_value";
const DEC_HIGH: &str = "decimal_above_max_value";

/// Bodies that are broken as a whole: no field is to blame.
#[test]
fn broken_bodies_are_refused() {
    for body in [
        &b""[..],
        b" \r\n\t",
        b"null",
        b"true",
        b"17",
        b"\"text\"",
        b"[]",
        b"[{\"model\":\"m\"}]",
        b"{",
        b"}",
        b"{]",
        b"{\"model\"",
        b"{\"model\":",
        b"{\"model\":\"m\"",
        b"{\"model\":\"m\",}",
        b"{\"model\" \"m\"}",
        b"{model:\"m\"}",
        b"{'model':'m'}",
        b"{\"model\":\"m\"}{}",
        b"{\"model\":\"m\"} x",
        b"{\"model\":\"m\"}\0",
        b"\0{\"model\":\"m\"}",
        b"{\0\"model\":\"m\"}",
        b"{\"model\":\"m\0\"}",
        b"{\"model\":\"a\nb\"}",
        b"{\"model\":\"\\x\"}",
        b"{\"model\":\"\\u12g4\"}",
        b"{\"mod\xffel\":\"m\"}",
        b"{\"model\":\"\xc3\x28\"}",
        b"{\"model\":\"\xed\xa0\x80\"}",
        b"\xef\xbb\xbf{\"model\":\"m\"}",
        b"{\"\\ud800\":1}",
        b"{\"x\":NaN}",
        b"{\"x\":Infinity}",
        b"{\"x\":01}",
        b"{\"x\":+1}",
        b"{\"x\":1.}",
        b"{\"x\":tru}",
        b"{\"x\":[1,]}",
        b"{\"x\":[1}",
        b"<html></html>",
        b"model=m&messages=",
    ] {
        let shown = String::from_utf8_lossy(body);
        let fault = ChatRequest::parse(body).expect_err(&shown);
        assert_eq!(
            (fault.param.as_deref(), fault.code),
            (None, None),
            "{shown}: {fault}"
        );
        assert!(fault.message.ends_with('.'), "{shown}: {fault}");
    }
}

fn check(body: &str, param: &str, code: &str) {
    let shown = body.get(..200).unwrap_or(body);
    let fault = ChatRequest::parse(body.as_bytes()).expect_err(shown);
    assert_eq!(
        (fault.param.as_deref(), fault.code),
        (Some(param), Some(code)),
        "{shown}: {fault}"
    );
    assert!(fault.message.contains(param), "{shown}: {fault}");
}

/// Fields beside a valid model and conversation.
#[test]
fn bad_fields_are_named() {
    for (fields, param, code) in FIELDS {
        check(
            &format!(r#"{{"model":"m","messages":[{{"role":"user","content":"x"}}],{fields}}}"#),
            param,
            code,
        );
    }
}

/// One message in an otherwise valid request.
#[test]
fn bad_messages_are_named() {
    for (message, param, code) in MESSAGES {
        check(
            &format!(r#"{{"model":"m","messages":[{message}]}}"#),
            param,
            code,
        );
    }
}

/// The two required fields themselves.
#[test]
fn model_and_messages_are_required() {
    let messages = r#""messages":[{"role":"user","content":"x"}]"#;
    let model = |json: &str| format!(r#"{{"model":{json},{messages}}}"#);
    check("{}", "model", MISSING);
    check(&format!("{{{messages}}}"), "model", MISSING);
    check(&model("null"), "model", MISSING);
    check(&model("\"\""), "model", VALUE);
    check(&model("\"  \""), "model", VALUE);
    check(&model("7"), "model", TYPE);
    check(&model("[\"m\"]"), "model", TYPE);
    check(&model("\"a\\u0000b\""), "model", VALUE);
    check(&model("\"a\\nb\""), "model", VALUE);
    check(&model("\"\\ud800\""), "model", VALUE);
    check(
        &model(&format!("\"{}\"", "m".repeat(257))),
        "model",
        LONG_STRING,
    );
    check(r#"{"model":"m"}"#, "messages", MISSING);
    check(r#"{"model":"m","messages":null}"#, "messages", MISSING);
    check(r#"{"model":"m","messages":"hi"}"#, "messages", TYPE);
    check(r#"{"model":"m","messages":{}}"#, "messages", TYPE);
}

/// Bodies that are large in one direction.
#[test]
fn excess_is_refused() {
    let base = r#""model":"m","messages":[{"role":"user","content":"x"}]"#;
    let tools = vec![r#"{"type":"function","function":{"name":"a"}}"#; 10_000].join(",");
    check(
        &format!(r#"{{{base},"tools":[{tools}]}}"#),
        "tools",
        LONG_ARRAY,
    );
    let many = vec![r#"{"role":"user","content":"x"}"#; 10_001].join(",");
    check(
        &format!(r#"{{"model":"m","messages":[{many}]}}"#),
        "messages",
        LONG_ARRAY,
    );
    let pairs: Vec<_> = (0..17).map(|n| format!(r#""k{n}":"v""#)).collect();
    let pairs = pairs.join(",");
    check(
        &format!(r#"{{{base},"metadata":{{{pairs}}}}}"#),
        "metadata",
        "object_above_max_properties",
    );
    let key = "k".repeat(65);
    check(
        &format!(r#"{{{base},"metadata":{{"{key}":"v"}}}}"#),
        "metadata",
        LONG_STRING,
    );
    let value = "v".repeat(513);
    check(
        &format!(r#"{{{base},"metadata":{{"k":"{value}"}}}}"#),
        "metadata.k",
        LONG_STRING,
    );
    let id = "u".repeat(129);
    check(
        &format!(r#"{{{base},"safety_identifier":"{id}"}}"#),
        "safety_identifier",
        LONG_STRING,
    );
    let name = "f".repeat(65);
    let tool = format!(r#"{{"type":"function","function":{{"name":"{name}"}}}}"#);
    check(
        &format!(r#"{{{base},"tools":[{tool}]}}"#),
        "tools[0].function.name",
        VALUE,
    );
}

#[test]
fn deep_nesting_is_refused_wherever_it_is() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        for levels in [64, 100, 100_000] {
            let deep = format!("{}1{}", open.repeat(levels), close.repeat(levels));
            for body in [
                format!(r#"{{"model":"m","x":{deep}}}"#),
                format!(
                    r#"{{"model":"m","messages":[{{"role":"user","content":"x","x":{deep}}}]}}"#
                ),
            ] {
                let fault = ChatRequest::parse(body.as_bytes()).unwrap_err();
                assert_eq!(fault.code, Some("nesting_too_deep"), "{levels} {fault}");
            }
        }
    }
    let open = "[".repeat(1_000_000);
    assert!(ChatRequest::parse(format!(r#"{{"x":{open}"#).as_bytes()).is_err());
}

#[test]
fn too_many_fields_are_refused() {
    let fields: Vec<_> = (0..300).map(|n| format!(r#""f{n}":1"#)).collect();
    let fault = ChatRequest::parse(format!("{{{}}}", fields.join(",")).as_bytes()).unwrap_err();
    assert_eq!(fault.message, "The request has more than 256 fields.");
}

#[test]
fn messages_say_what_to_do() {
    let message = |fields: &str| {
        let body =
            format!(r#"{{"model":"m","messages":[{{"role":"user","content":"x"}}],{fields}}}"#);
        ChatRequest::parse(body.as_bytes()).unwrap_err().message
    };
    assert_eq!(
        message(r#""max_tokens":1.5"#),
        "Invalid type for 'max_tokens': expected an integer, but got a decimal."
    );
    assert_eq!(
        message(r#""temperature":3"#),
        "Invalid 'temperature': the decimal is too large, send 2 or less."
    );
    assert_eq!(
        message(r#""verbosity":"x""#),
        "Invalid value for 'verbosity': expected one of 'low', 'medium', 'high'."
    );
    assert_eq!(
        message(r#""n":1,"n":1"#),
        "'n' is given twice: send it once."
    );
    assert_eq!(
        ChatRequest::parse(b"{\"model\":tru}").unwrap_err().message,
        "The request body is not valid JSON: unexpected `}` at byte 12."
    );
}

/// No prefix and no single changed byte of a valid body may bring the parser down.
#[test]
fn damaged_bodies_never_panic() {
    let body = br#"{"model":"m\u00e9","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]},{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}],"n":2,"stream":true,"stop":["a"],"tools":[{"type":"function","function":{"name":"f","parameters":{}}}]}"#;
    assert!(ChatRequest::parse(body).is_ok());
    for end in 0..body.len() {
        assert!(ChatRequest::parse(&body[..end]).is_err(), "{end}");
        for byte in [
            0, b'"', b'\\', b'{', b'}', b'[', b']', b',', b':', b'1', b'n', 0xff,
        ] {
            let mut damaged = body.to_vec();
            damaged[end] = byte;
            if let Ok(request) = ChatRequest::parse(&damaged) {
                let valid = serde_json::from_slice::<serde_json::Value>(&damaged);
                assert!(
                    valid.is_ok(),
                    "{} {request:?}",
                    String::from_utf8_lossy(&damaged)
                );
            }
        }
    }
}
