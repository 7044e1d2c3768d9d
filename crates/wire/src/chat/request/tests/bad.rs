//! Bodies that must be refused, and what the refusal names.

use crate::chat::ChatRequest;

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

const FIELDS: &[(&str, &str, &str)] = &[
    (r#""model":"m""#, "model", DUPLICATE),
    (r#""mod\u0065l":"m""#, "model", DUPLICATE),
    (r#""messages":[]"#, "messages", DUPLICATE),
    (r#""zzz":1,"zzz":2"#, "zzz", DUPLICATE),
    (r#""n":null,"n":2"#, "n", DUPLICATE),
    (r#""stream":true,"stream":false"#, "stream", DUPLICATE),
    (r#""max_tokens":0"#, "max_tokens", INT_LOW),
    (r#""max_tokens":-1"#, "max_tokens", INT_LOW),
    (
        r#""max_tokens":-99999999999999999999"#,
        "max_tokens",
        INT_LOW,
    ),
    (r#""max_tokens":1.5"#, "max_tokens", TYPE),
    (r#""max_tokens":100.0"#, "max_tokens", TYPE),
    (r#""max_tokens":1e3"#, "max_tokens", TYPE),
    (r#""max_tokens":"100""#, "max_tokens", TYPE),
    (r#""max_tokens":true"#, "max_tokens", TYPE),
    (r#""max_tokens":[100]"#, "max_tokens", TYPE),
    (r#""max_tokens":{}"#, "max_tokens", TYPE),
    (r#""max_tokens":2147483649"#, "max_tokens", INT_HIGH),
    (
        r#""max_tokens":18446744073709551616"#,
        "max_tokens",
        INT_HIGH,
    ),
    (
        r#""max_tokens":99999999999999999999999999999999999"#,
        "max_tokens",
        INT_HIGH,
    ),
    (
        r#""max_completion_tokens":0"#,
        "max_completion_tokens",
        INT_LOW,
    ),
    (
        r#""max_completion_tokens":"many""#,
        "max_completion_tokens",
        TYPE,
    ),
    (
        r#""max_completion_tokens":4294967297"#,
        "max_completion_tokens",
        INT_HIGH,
    ),
    (
        r#""max_tokens":1,"max_completion_tokens":1"#,
        "max_tokens",
        "invalid_parameter_combination",
    ),
    (r#""n":0"#, "n", INT_LOW),
    (r#""n":-1"#, "n", INT_LOW),
    (r#""n":129"#, "n", INT_HIGH),
    (r#""n":1.0"#, "n", TYPE),
    (r#""n":"2""#, "n", TYPE),
    (r#""temperature":-0.1"#, "temperature", DEC_LOW),
    (r#""temperature":2.01"#, "temperature", DEC_HIGH),
    (r#""temperature":1e400"#, "temperature", DEC_HIGH),
    (r#""temperature":"1""#, "temperature", TYPE),
    (r#""temperature":false"#, "temperature", TYPE),
    (r#""top_p":1.1"#, "top_p", DEC_HIGH),
    (r#""top_p":-1"#, "top_p", DEC_LOW),
    (r#""frequency_penalty":2.5"#, "frequency_penalty", DEC_HIGH),
    (r#""frequency_penalty":[]"#, "frequency_penalty", TYPE),
    (r#""presence_penalty":-3"#, "presence_penalty", DEC_LOW),
    (r#""seed":1.5"#, "seed", TYPE),
    (r#""seed":"x""#, "seed", TYPE),
    (r#""seed":9223372036854775808"#, "seed", INT_HIGH),
    (r#""stop":1"#, "stop", TYPE),
    (r#""stop":["a","b","c","d","e"]"#, "stop", LONG_ARRAY),
    (r#""stop":["a",1]"#, "stop[1]", TYPE),
    (r#""stream":"true""#, "stream", TYPE),
    (r#""stream":1"#, "stream", TYPE),
    (
        r#""stream_options":{"include_usage":true}"#,
        "stream_options",
        VALUE,
    ),
    (
        r#""stream":false,"stream_options":{}"#,
        "stream_options",
        VALUE,
    ),
    (
        r#""stream":true,"stream_options":true"#,
        "stream_options",
        TYPE,
    ),
    (
        r#""stream":true,"stream_options":{"include_usage":"yes"}"#,
        "stream_options.include_usage",
        TYPE,
    ),
    (
        r#""stream":true,"stream_options":{"include_usage":true,"include_usage":false}"#,
        "stream_options.include_usage",
        DUPLICATE,
    ),
    (r#""logprobs":1"#, "logprobs", TYPE),
    (r#""top_logprobs":3"#, "top_logprobs", VALUE),
    (
        r#""logprobs":true,"top_logprobs":21"#,
        "top_logprobs",
        INT_HIGH,
    ),
    (
        r#""logprobs":true,"top_logprobs":-1"#,
        "top_logprobs",
        INT_LOW,
    ),
    (r#""logit_bias":[]"#, "logit_bias", TYPE),
    (r#""logit_bias":{"a":1}"#, "logit_bias.a", VALUE),
    (r#""logit_bias":{"1":101}"#, "logit_bias.1", DEC_HIGH),
    (r#""logit_bias":{"1":"x"}"#, "logit_bias.1", TYPE),
    (r#""response_format":"json""#, "response_format", TYPE),
    (r#""response_format":{}"#, "response_format.type", MISSING),
    (
        r#""response_format":{"type":"xml"}"#,
        "response_format.type",
        VALUE,
    ),
    (
        r#""response_format":{"type":"json_schema"}"#,
        "response_format.json_schema",
        MISSING,
    ),
    (
        r#""response_format":{"type":"json_schema","json_schema":{"schema":{}}}"#,
        "response_format.json_schema.name",
        MISSING,
    ),
    (
        r#""response_format":{"type":"json_schema","json_schema":{"name":"a b"}}"#,
        "response_format.json_schema.name",
        VALUE,
    ),
    (r#""service_tier":"gold""#, "service_tier", VALUE),
    (r#""service_tier":1"#, "service_tier", TYPE),
    (r#""metadata":[]"#, "metadata", TYPE),
    (r#""metadata":{"a":1}"#, "metadata.a", TYPE),
    (r#""metadata":{"a":null}"#, "metadata.a", TYPE),
    (r#""metadata":{"a":"1","a":"2"}"#, "metadata.a", DUPLICATE),
    (r#""user":7"#, "user", TYPE),
    (r#""store":"yes""#, "store", TYPE),
    (r#""parallel_tool_calls":0"#, "parallel_tool_calls", TYPE),
    (r#""reasoning_effort":"extreme""#, "reasoning_effort", VALUE),
    (r#""verbosity":"chatty""#, "verbosity", VALUE),
    (r#""modalities":[]"#, "modalities", EMPTY),
    (r#""modalities":["video"]"#, "modalities[0]", VALUE),
    (r#""audio":{"format":"midi"}"#, "audio.format", VALUE),
    (
        r#""prediction":{"content":"x"}"#,
        "prediction.type",
        MISSING,
    ),
    (
        r#""prediction":{"type":"content"}"#,
        "prediction.content",
        MISSING,
    ),
    (r#""models":"a""#, "models", TYPE),
    (r#""models":[1]"#, "models[0]", TYPE),
    (r#""models":[""]"#, "models[0]", VALUE),
    (
        r#""models":["1","2","3","4","5","6","7","8","9"]"#,
        "models",
        LONG_ARRAY,
    ),
    (r#""tools":{}"#, "tools", TYPE),
    (r#""tools":[1]"#, "tools[0]", TYPE),
    (r#""tools":[{}]"#, "tools[0].type", MISSING),
    (r#""tools":[{"type":"magic"}]"#, "tools[0].type", VALUE),
    (
        r#""tools":[{"type":"function"}]"#,
        "tools[0].function",
        MISSING,
    ),
    (
        r#""tools":[{"type":"function","function":{}}]"#,
        "tools[0].function.name",
        MISSING,
    ),
    (
        r#""tools":[{"type":"function","function":{"name":""}}]"#,
        "tools[0].function.name",
        VALUE,
    ),
    (
        r#""tools":[{"type":"function","function":{"name":"a.b"}}]"#,
        "tools[0].function.name",
        VALUE,
    ),
    (
        r#""tools":[{"type":"function","function":{"name":"é"}}]"#,
        "tools[0].function.name",
        VALUE,
    ),
    (
        r#""tools":[{"type":"function","function":{"name":"a","name":"b"}}]"#,
        "tools[0].function.name",
        DUPLICATE,
    ),
    (
        r#""tools":[{"type":"function","function":{"name":"a","parameters":"{}"}}]"#,
        "tools[0].function.parameters",
        TYPE,
    ),
    (
        r#""tools":[{"type":"function","function":{"name":"a","strict":"yes"}}]"#,
        "tools[0].function.strict",
        TYPE,
    ),
    (r#""tools":[{"type":"custom"}]"#, "tools[0].custom", MISSING),
    (
        r#""tools":[{"type":"custom","custom":{}}]"#,
        "tools[0].custom.name",
        MISSING,
    ),
    (
        r#""functions":[{"description":"x"}]"#,
        "functions[0].name",
        MISSING,
    ),
    (r#""tool_choice":"always""#, "tool_choice", VALUE),
    (r#""tool_choice":1"#, "tool_choice", TYPE),
    (r#""tool_choice":{}"#, "tool_choice.type", MISSING),
    (
        r#""tool_choice":{"type":"function"}"#,
        "tool_choice.function",
        MISSING,
    ),
    (
        r#""tool_choice":{"type":"function","function":{}}"#,
        "tool_choice.function.name",
        MISSING,
    ),
    (
        r#""tool_choice":{"type":"allowed_tools","allowed_tools":{"tools":[]}}"#,
        "tool_choice.allowed_tools.mode",
        MISSING,
    ),
    (r#""function_call":"required""#, "function_call", VALUE),
    (r#""function_call":{}"#, "function_call.name", MISSING),
    (
        r#""prompt_cache_options":{"ttl":30}"#,
        "prompt_cache_options.ttl",
        TYPE,
    ),
    (r#""web_search_options":"on""#, "web_search_options", TYPE),
];

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

const MESSAGES: &[(&str, &str, &str)] = &[
    ("", "messages", EMPTY),
    ("1", "messages[0]", TYPE),
    ("null", "messages[0]", TYPE),
    (r#""hi""#, "messages[0]", TYPE),
    (r#"{"content":"x"}"#, "messages[0].role", MISSING),
    (
        r#"{"role":null,"content":"x"}"#,
        "messages[0].role",
        MISSING,
    ),
    (r#"{"role":1,"content":"x"}"#, "messages[0].role", TYPE),
    (
        r#"{"role":"robot","content":"x"}"#,
        "messages[0].role",
        VALUE,
    ),
    (
        r#"{"role":"User","content":"x"}"#,
        "messages[0].role",
        VALUE,
    ),
    (r#"{"role":"user"}"#, "messages[0].content", MISSING),
    (
        r#"{"role":"user","content":null}"#,
        "messages[0].content",
        MISSING,
    ),
    (r#"{"role":"system"}"#, "messages[0].content", MISSING),
    (r#"{"role":"assistant"}"#, "messages[0].content", MISSING),
    (
        r#"{"role":"assistant","tool_calls":[]}"#,
        "messages[0].content",
        MISSING,
    ),
    (
        r#"{"role":"user","content":7}"#,
        "messages[0].content",
        TYPE,
    ),
    (
        r#"{"role":"user","content":{"type":"text"}}"#,
        "messages[0].content",
        TYPE,
    ),
    (
        r#"{"role":"user","content":[]}"#,
        "messages[0].content",
        EMPTY,
    ),
    (
        r#"{"role":"user","content":["x"]}"#,
        "messages[0].content[0]",
        TYPE,
    ),
    (
        r#"{"role":"user","content":[{"text":"x"}]}"#,
        "messages[0].content[0].type",
        MISSING,
    ),
    (
        r#"{"role":"user","content":[{"type":"video"}]}"#,
        "messages[0].content[0].type",
        VALUE,
    ),
    (
        r#"{"role":"user","content":[{"type":"text"}]}"#,
        "messages[0].content[0].text",
        MISSING,
    ),
    (
        r#"{"role":"user","content":[{"type":"text","text":1}]}"#,
        "messages[0].content[0].text",
        TYPE,
    ),
    (
        r#"{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"a","text":"b"}]}"#,
        "messages[0].content[1].text",
        DUPLICATE,
    ),
    (
        r#"{"role":"user","content":[{"type":"image_url"}]}"#,
        "messages[0].content[0].image_url",
        MISSING,
    ),
    (
        r#"{"role":"user","content":[{"type":"image_url","image_url":"http://x"}]}"#,
        "messages[0].content[0].image_url",
        TYPE,
    ),
    (
        r#"{"role":"user","content":[{"type":"image_url","image_url":{}}]}"#,
        "messages[0].content[0].image_url.url",
        MISSING,
    ),
    (
        r#"{"role":"user","content":[{"type":"image_url","image_url":{"url":""}}]}"#,
        "messages[0].content[0].image_url.url",
        VALUE,
    ),
    (
        r#"{"role":"user","content":[{"type":"image_url","image_url":{"url":"x","detail":"max"}}]}"#,
        "messages[0].content[0].image_url.detail",
        VALUE,
    ),
    (
        r#"{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AA=="}}]}"#,
        "messages[0].content[0].input_audio.format",
        MISSING,
    ),
    (
        r#"{"role":"user","content":[{"type":"input_audio","input_audio":{"format":"wav"}}]}"#,
        "messages[0].content[0].input_audio.data",
        MISSING,
    ),
    (
        r#"{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AA","format":"ogg"}}]}"#,
        "messages[0].content[0].input_audio.format",
        VALUE,
    ),
    (
        r#"{"role":"user","content":[{"type":"file","file":{"filename":"a"}}]}"#,
        "messages[0].content[0].file.file_data",
        MISSING,
    ),
    (
        r#"{"role":"user","content":[{"type":"refusal","refusal":"no"}]}"#,
        "messages[0].content[0].type",
        VALUE,
    ),
    (
        r#"{"role":"system","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"x"}}]}"#,
        "messages[0].content[1].type",
        VALUE,
    ),
    (
        r#"{"content":[{"image_url":{"url":"x"},"type":"image_url"}],"role":"assistant"}"#,
        "messages[0].content[0].type",
        VALUE,
    ),
    (
        r#"{"role":"user","role":"system","content":"x"}"#,
        "messages[0].role",
        DUPLICATE,
    ),
    (
        r#"{"role":"user","content":"x","conten\u0074":"y"}"#,
        "messages[0].content",
        DUPLICATE,
    ),
    (
        r#"{"role":"user","content":"x","name":1}"#,
        "messages[0].name",
        TYPE,
    ),
    (
        r#"{"role":"tool","content":"x"}"#,
        "messages[0].tool_call_id",
        MISSING,
    ),
    (
        r#"{"role":"tool","tool_call_id":"c"}"#,
        "messages[0].content",
        MISSING,
    ),
    (
        r#"{"role":"tool","tool_call_id":1,"content":"x"}"#,
        "messages[0].tool_call_id",
        TYPE,
    ),
    (
        r#"{"role":"function","content":"x"}"#,
        "messages[0].name",
        MISSING,
    ),
    (
        r#"{"role":"assistant","tool_calls":{}}"#,
        "messages[0].tool_calls",
        TYPE,
    ),
    (
        r#"{"role":"assistant","tool_calls":[{}]}"#,
        "messages[0].tool_calls[0].id",
        MISSING,
    ),
    (
        r#"{"role":"assistant","tool_calls":[{"id":"c"}]}"#,
        "messages[0].tool_calls[0].type",
        MISSING,
    ),
    (
        r#"{"role":"assistant","tool_calls":[{"id":"c","type":"function"}]}"#,
        "messages[0].tool_calls[0].function",
        MISSING,
    ),
    (
        r#"{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f"}}]}"#,
        "messages[0].tool_calls[0].function.arguments",
        MISSING,
    ),
    (
        r#"{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":{}}}]}"#,
        "messages[0].tool_calls[0].function.arguments",
        TYPE,
    ),
    (
        r#"{"role":"user","content":"x","cache_control":{"ttl":1}}"#,
        "messages[0].cache_control.ttl",
        TYPE,
    ),
    (
        r#"{"role":"user","content":"x"},{"role":"user"}"#,
        "messages[1].content",
        MISSING,
    ),
];

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
