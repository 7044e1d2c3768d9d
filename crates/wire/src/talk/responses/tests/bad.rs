//! Bodies that are refused, and what the refusal names.

mod inputs;

use crate::talk::responses::{Echo, admit, read};
use inputs::INPUTS;

const TYPE: &str = "invalid_type";
const VALUE: &str = "invalid_value";
const MISSING: &str = "missing_required_parameter";
const DUPLICATE: &str = "duplicate_key";
const STATE: &str = "unsupported_parameter";
const UNSUPPORTED: &str = "unsupported_value";
const LONG: &str = "string_above_max_length";

/// Bodies that are broken as a whole: no field is to blame.
#[test]
fn broken_bodies_are_refused() {
    let deep = format!(
        r#"{{"model":"m","input":"x","z":{}{}}}"#,
        "[".repeat(64),
        "]".repeat(64)
    );
    for body in [
        &b""[..],
        b" \n",
        b"null",
        b"[]",
        b"\"x\"",
        b"{",
        b"{\"model\":\"m\"",
        b"{\"model\":\"m\",\"input\":\"x\",}",
        b"{\"model\":\"m\",\"input\":\"x\"}{}",
        b"{\"model\":\"m\",\"input\":\"x\"}\0",
        b"{\"model\":\"m\",\"input\":\"\0\"}",
        b"{\"model\":\"m\",\"input\":\"\xff\"}",
        b"{\"\\ud800\":1}",
        b"{\"model\":7,\"input\":tru}",
        deep.as_bytes(),
    ] {
        let fault = admit(body).unwrap_err();
        assert_eq!(fault.param, None, "{}", String::from_utf8_lossy(body));
        assert!(!fault.message.is_empty());
    }
    let many: Vec<String> = (0..300).map(|n| format!(",\"f{n}\":1")).collect();
    let many = many.concat();
    let body = format!(r#"{{"model":"m","input":"x"{many}}}"#);
    assert!(admit(body.as_bytes()).is_err());
}

/// Fields beside a model and an input, and what is wrong with them.
const FIELDS: &[(&str, &str, &str)] = &[
    (r#""model":"m""#, "model", DUPLICATE),
    (r#""mod\u0065l":"m""#, "model", DUPLICATE),
    (r#""extra":1,"extra":2"#, "extra", DUPLICATE),
    (r#""instructions":7"#, "instructions", TYPE),
    (r#""instructions":"\ud800""#, "instructions", VALUE),
    (r#""models":"a""#, "models", TYPE),
    (r#""models":["a",""]"#, "models[1]", VALUE),
    (r#""fallbacks":[{"model":"a"}]"#, "fallbacks[0]", TYPE),
    (
        r#""max_output_tokens":0"#,
        "max_output_tokens",
        "integer_below_min_value",
    ),
    (r#""max_output_tokens":1.5"#, "max_output_tokens", TYPE),
    (
        r#""max_output_tokens":99999999999999999999"#,
        "max_output_tokens",
        "integer_above_max_value",
    ),
    (r#""max_tool_calls":"many""#, "max_tool_calls", TYPE),
    (r#""temperature":"hot""#, "temperature", TYPE),
    (
        r#""temperature":2.1"#,
        "temperature",
        "decimal_above_max_value",
    ),
    (r#""top_p":-1"#, "top_p", "decimal_below_min_value"),
    (
        r#""top_logprobs":21"#,
        "top_logprobs",
        "integer_above_max_value",
    ),
    (r#""parallel_tool_calls":1"#, "parallel_tool_calls", TYPE),
    (r#""stream":"yes""#, "stream", TYPE),
    (r#""stream_options":{}"#, "stream_options", VALUE),
    (r#""stream_options":[]"#, "stream_options", TYPE),
    (r#""store":"no""#, "store", TYPE),
    (r#""include":"all""#, "include", TYPE),
    (r#""include":[7]"#, "include[0]", TYPE),
    (r#""truncation":"some""#, "truncation", VALUE),
    (r#""service_tier":"gold""#, "service_tier", VALUE),
    (r#""service_tier":"standard_only""#, "service_tier", VALUE),
    (r#""service_tier":5"#, "service_tier", TYPE),
    (r#""background":true"#, "background", STATE),
    (r#""background":"no""#, "background", TYPE),
    (
        r#""previous_response_id":"resp_1""#,
        "previous_response_id",
        STATE,
    ),
    (r#""conversation":"conv_1""#, "conversation", STATE),
    (r#""conversation":{"id":"conv_1"}"#, "conversation", STATE),
    (r#""prompt":{"id":"pmpt_1"}"#, "prompt", STATE),
    (r#""sim":7"#, "sim", TYPE),
    (r#""metadata":[]"#, "metadata", TYPE),
    (r#""metadata":{"a":1}"#, "metadata.a", TYPE),
    (r#""metadata":{"a":"1","a":"2"}"#, "metadata.a", DUPLICATE),
    (r#""user":{}"#, "user", TYPE),
    (r#""prompt_cache_key":7"#, "prompt_cache_key", TYPE),
    (
        r#""prompt_cache_options":{"ttl":7}"#,
        "prompt_cache_options.ttl",
        TYPE,
    ),
    (r#""reasoning":"high""#, "reasoning", TYPE),
    (
        r#""reasoning":{"effort":"huge"}"#,
        "reasoning.effort",
        VALUE,
    ),
    (
        r#""reasoning":{"summary":"long"}"#,
        "reasoning.summary",
        VALUE,
    ),
    (
        r#""reasoning":{"effort":"low","effort":"low"}"#,
        "reasoning.effort",
        DUPLICATE,
    ),
    (r#""text":"json""#, "text", TYPE),
    (r#""text":{"verbosity":"huge"}"#, "text.verbosity", VALUE),
    (r#""text":{"format":{}}"#, "text.format.type", MISSING),
    (
        r#""text":{"format":{"type":"xml"}}"#,
        "text.format.type",
        VALUE,
    ),
    (
        r#""text":{"format":{"type":"json_schema","schema":{}}}"#,
        "text.format.name",
        MISSING,
    ),
    (
        r#""text":{"format":{"type":"json_schema","name":"n"}}"#,
        "text.format.schema",
        MISSING,
    ),
    (
        r#""text":{"format":{"type":"json_schema","name":"n n","schema":{}}}"#,
        "text.format.name",
        VALUE,
    ),
    (
        r#""text":{"format":{"type":"json_schema","name":"n","schema":[]}}"#,
        "text.format.schema",
        TYPE,
    ),
    (r#""tools":{}"#, "tools", TYPE),
    (r#""tools":[7]"#, "tools[0]", TYPE),
    (r#""tools":[{"name":"a"}]"#, "tools[0].type", MISSING),
    (r#""tools":[{"type":7}]"#, "tools[0].type", TYPE),
    (
        r#""tools":[{"type":"web_search"}]"#,
        "tools[0].type",
        UNSUPPORTED,
    ),
    (
        r#""tools":[{"type":"file_search","vector_store_ids":[]}]"#,
        "tools[0].type",
        UNSUPPORTED,
    ),
    (
        r#""tools":[{"type":"code_interpreter"}]"#,
        "tools[0].type",
        UNSUPPORTED,
    ),
    (
        r#""tools":[{"type":"image_generation"}]"#,
        "tools[0].type",
        UNSUPPORTED,
    ),
    (
        r#""tools":[{"type":"mcp","server_url":"x"}]"#,
        "tools[0].type",
        UNSUPPORTED,
    ),
    (
        r#""tools":[{"type":"computer_use_preview"}]"#,
        "tools[0].type",
        UNSUPPORTED,
    ),
    (
        r#""tools":[{"type":"function","function":{"name":"a"}}]"#,
        "tools[0].name",
        MISSING,
    ),
    (
        r#""tools":[{"type":"function","name":"a b"}]"#,
        "tools[0].name",
        VALUE,
    ),
    (
        r#""tools":[{"type":"function","name":"a","parameters":"{}"}]"#,
        "tools[0].parameters",
        TYPE,
    ),
    (
        r#""tools":[{"type":"function","name":"a","strict":"yes"}]"#,
        "tools[0].strict",
        TYPE,
    ),
    (
        r#""tools":[{"type":"function","name":"a","name":"b"}]"#,
        "tools[0].name",
        DUPLICATE,
    ),
    (
        r#""tools":[{"type":"function","type":"mcp","name":"b"}]"#,
        "tools[0].type",
        DUPLICATE,
    ),
    (r#""tools":[{"type":"custom"}]"#, "tools[0].name", MISSING),
    (r#""tool_choice":7"#, "tool_choice", TYPE),
    (r#""tool_choice":"some""#, "tool_choice", VALUE),
    (r#""tool_choice":{"name":"a"}"#, "tool_choice.type", MISSING),
    (
        r#""tool_choice":{"type":"function"}"#,
        "tool_choice.name",
        MISSING,
    ),
    (
        r#""tool_choice":{"type":"web_search_preview"}"#,
        "tool_choice.type",
        UNSUPPORTED,
    ),
    (
        r#""tool_choice":{"type":"allowed_tools","tools":[]}"#,
        "tool_choice.mode",
        MISSING,
    ),
    (
        r#""tool_choice":{"type":"allowed_tools","mode":"auto"}"#,
        "tool_choice.tools",
        MISSING,
    ),
];

#[test]
fn fields_are_refused_by_name() {
    for (field, param, code) in FIELDS {
        check(
            &format!(r#"{{"model":"m","input":"x",{field}}}"#),
            param,
            code,
        );
    }
}

#[test]
fn inputs_are_refused_by_place() {
    for (input, param, code) in INPUTS {
        check(&format!(r#"{{"model":"m","input":{input}}}"#), param, code);
    }
}

#[test]
fn what_must_be_there_is_asked_for() {
    check(r#"{"input":"x"}"#, "model", MISSING);
    check(r#"{"model":"m"}"#, "input", MISSING);
    check(r#"{"model":"m","input":null}"#, "input", MISSING);
    check(r#"{"model":7,"input":"x"}"#, "model", TYPE);
    check(r#"{"model":" ","input":"x"}"#, "model", VALUE);
    let long = format!(
        r#"{{"model":"m","input":"x","user":"{}"}}"#,
        "u".repeat(513)
    );
    check(&long, "user", LONG);
    let many = format!(
        r#"{{"model":"m","input":"x","tools":[{}1]}}"#,
        "{},".repeat(3)
    );
    check(&many, "tools[0].type", MISSING);
}

fn check(body: &str, param: &str, code: &str) {
    let Err(fault) = read(body.as_bytes()) else {
        panic!("taken: {body}")
    };
    let found = (fault.param.as_deref(), fault.code);
    assert_eq!(found, (Some(param), Some(code)), "{body}: {fault}");
    assert!(fault.message.contains(param), "{fault}");
}

/// An answer repeats fields one level deeper than they came.
#[test]
fn what_is_repeated_may_not_be_as_deep_as_the_rest() {
    let body = |levels: usize| {
        let schema = [
            r#"{"a":"#.repeat(levels),
            "1".to_owned(),
            "}".repeat(levels),
        ]
        .concat();
        format!(
            r#"{{"model":"m","input":"x","tools":[{{"type":"function","name":"n","parameters":{schema}}}]}}"#
        )
    };
    assert!(read(body(60).as_bytes()).is_ok());
    let fault = read(body(61).as_bytes()).unwrap_err();
    assert_eq!(fault.code, Some("nesting_too_deep"));
}

#[test]
fn no_body_is_too_strange() {
    let good = r#"{"model":"m","input":[{"role":"user","content":[{"type":"input_image","image_url":"data:x;base64,QQ"}]},{"type":"reasoning","summary":[],"encrypted_content":"vz1:call:3:abcd"},{"type":"function_call","call_id":"abc","name":"n","arguments":"{}"}],"tools":[{"type":"function","name":"n"}],"include":["reasoning.encrypted_content"],"text":{"format":null}}"#;
    assert!(read(good.as_bytes()).is_ok());
    for end in 0..good.len() {
        assert!(read(good.as_bytes().get(..end).unwrap_or_default()).is_err());
        for byte in [b'"', b'{', b']', b'\\', 0, 0xff, b'7', b':'] {
            let mut body = good.as_bytes().to_vec();
            body[end] = byte;
            let _any = admit(&body);
            let _any = Echo::of(&body);
        }
    }
}
