use super::*;

/// A body that is whole but for these fields.
fn with(fields: &str) -> String {
    format!(
        r#"{{"model":"m","max_tokens":9,"messages":[{{"role":"user","content":"Hi"}}],{fields}}}"#
    )
}

fn saying(messages: &str) -> String {
    format!(r#"{{"model":"m","max_tokens":9,"messages":{messages}}}"#)
}

fn block(role: &str, block: &str) -> String {
    saying(&format!(r#"[{{"role":"{role}","content":[{block}]}}]"#))
}

fn check(body: &str, param: Option<&str>, words: &str) {
    let fault = read(body.as_bytes()).map(|_| ()).expect_err(body);
    assert_eq!(fault.param.as_deref(), param, "{body}: {fault}");
    assert!(fault.message.contains(words), "{body}: {fault}");
}

#[test]
fn bodies_that_are_no_request() {
    for (body, words) in [
        ("", "empty"),
        (" \n", "empty"),
        ("[]", "must be a JSON object"),
        ("1", "must be a JSON object"),
        ("x", "not valid JSON"),
        ("{", "not valid JSON"),
        (r#"{"model":"m"} x"#, "something follows"),
        (r#"{"model":"m",}"#, "not valid JSON"),
        (r#"{"mod\ud800el":1}"#, "broken escape"),
        ("{\"model\":\"a\nb\"}", "raw control character"),
    ] {
        check(body, None, words);
    }
    let deep = format!("{{\"messages\":{}", "[".repeat(100));
    check(&deep, None, "nests deeper");
    assert!(read(b"{\"model\":\"\xff\"}").is_err());
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn fields_at_the_top() {
    let user = r#"[{"role":"user","content":"Hi"}]"#;
    for (body, param, words) in [
        (
            r#"{"max_tokens":9,"messages":[{"role":"user","content":"Hi"}]}"#.to_owned(),
            "model",
            "Missing",
        ),
        (
            r#"{"model":"m","max_tokens":9}"#.to_owned(),
            "messages",
            "Missing",
        ),
        (
            format!(r#"{{"model":"m","messages":{user}}}"#),
            "max_tokens",
            "Missing",
        ),
        (
            format!(r#"{{"model":"m","max_tokens":null,"messages":{user}}}"#),
            "max_tokens",
            "Missing",
        ),
        (
            format!(r#"{{"model":"m","max_tokens":0,"messages":{user}}}"#),
            "max_tokens",
            "too small",
        ),
        (
            format!(r#"{{"model":"m","max_tokens":-1,"messages":{user}}}"#),
            "max_tokens",
            "too small",
        ),
        (
            format!(r#"{{"model":"m","max_tokens":1.5,"messages":{user}}}"#),
            "max_tokens",
            "a decimal",
        ),
        (
            format!(r#"{{"model":"m","max_tokens":1e30,"messages":{user}}}"#),
            "max_tokens",
            "a decimal",
        ),
        (
            format!(r#"{{"model":"m","max_tokens":99999999999999999999,"messages":{user}}}"#),
            "max_tokens",
            "too large",
        ),
        (
            format!(r#"{{"model":"m","max_tokens":"9","messages":{user}}}"#),
            "max_tokens",
            "a string",
        ),
        (
            format!(r#"{{"model":7,"max_tokens":9,"messages":{user}}}"#),
            "model",
            "an integer",
        ),
        (
            format!(r#"{{"model":" ","max_tokens":9,"messages":{user}}}"#),
            "model",
            "a model id",
        ),
        (with(r#""model":"n""#), "model", "given twice"),
        (with(r#""m\u006fdel":"n""#), "model", "given twice"),
        (
            with(r#""frequency_penalty":1"#),
            "frequency_penalty",
            "Extra inputs are not permitted",
        ),
        (with(r#""n":1"#), "n", "Extra inputs are not permitted"),
        (
            with(r#""unknown":null"#),
            "unknown",
            "Extra inputs are not permitted",
        ),
        (with(r#""stream":"yes""#), "stream", "a boolean"),
        (with(r#""temperature":1.5"#), "temperature", "too large"),
        (with(r#""temperature":"1""#), "temperature", "a number"),
        (with(r#""top_p":-0.1"#), "top_p", "too small"),
        (with(r#""top_k":1.5"#), "top_k", "an integer"),
        (
            with(r#""stop_sequences":"END""#),
            "stop_sequences",
            "an array",
        ),
        (
            with(r#""stop_sequences":[1]"#),
            "stop_sequences[0]",
            "a string",
        ),
        (
            with(r#""metadata":{"user_id":1}"#),
            "metadata.user_id",
            "a string",
        ),
        (
            with(r#""metadata":{"other":1}"#),
            "metadata.other",
            "Extra inputs",
        ),
        (with(r#""metadata":[]"#), "metadata", "an object"),
        (
            with(r#""service_tier":"priority""#),
            "service_tier",
            "standard_only",
        ),
        (
            with(r#""cache_control":{"ttl":"5m"}"#),
            "cache_control.type",
            "Missing",
        ),
        (
            with(r#""cache_control":{"type":"ephemeral","ttl":"2h"}"#),
            "cache_control.ttl",
            "one of '5m', '1h'",
        ),
        (with(r#""models":"a""#), "models", "an array"),
        (with(r#""fallbacks":[1]"#), "fallbacks[0]", "a string"),
        (with(r#""sim":1"#), "sim", "an object"),
    ] {
        check(&body, Some(param), words);
    }
}

#[test]
fn what_the_gateway_does_not_price() {
    for (fields, param) in [
        (r#""container":"c""#, "container"),
        (r#""mcp_servers":[]"#, "mcp_servers"),
        (r#""inference_geo":"us""#, "inference_geo"),
        (r#""speed":"fast""#, "speed"),
        (
            r#""tools":[{"type":"web_search_20250305","name":"web_search"}]"#,
            "tools[0].type",
        ),
        (
            r#""tools":[{"type":"code_execution_20250825","name":"code_execution"}]"#,
            "tools[0].type",
        ),
    ] {
        check(&with(fields), Some(param), "is not supported");
    }
    for (text, param) in [
        (
            r#"{"type":"server_tool_use","id":"x","name":"web_search","input":{}}"#,
            "messages[0].content[0].type",
        ),
        (
            r#"{"type":"container_upload","file_id":"f"}"#,
            "messages[0].content[0].type",
        ),
        (
            r#"{"type":"image","source":{"type":"file","file_id":"f"}}"#,
            "messages[0].content[0].source.type",
        ),
        (
            r#"{"type":"document","source":{"type":"file","file_id":"f"}}"#,
            "messages[0].content[0].source.type",
        ),
    ] {
        check(&block("user", text), Some(param), "is not supported");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn tools_thinking_and_output() {
    for (fields, param, words) in [
        (r#""tools":{}"#, "tools", "an array"),
        (r#""tools":[{}]"#, "tools[0].name", "Missing"),
        (
            r#""tools":[{"name":"f"}]"#,
            "tools[0].input_schema",
            "Missing",
        ),
        (
            r#""tools":[{"name":"a b","input_schema":{"type":"object"}}]"#,
            "tools[0].name",
            "128 letters",
        ),
        (
            r#""tools":[{"name":"f","input_schema":[]}]"#,
            "tools[0].input_schema",
            "an object",
        ),
        (
            r#""tools":[{"name":"f","input_schema":{}}]"#,
            "tools[0].input_schema.type",
            "Missing",
        ),
        (
            r#""tools":[{"name":"f","input_schema":{"type":"string"}}]"#,
            "tools[0].input_schema.type",
            "one of 'object'",
        ),
        (
            r#""tools":[{"name":"f","name":"g","input_schema":{"type":"object"}}]"#,
            "tools[0].name",
            "given twice",
        ),
        (
            r#""tools":[{"name":"f","strict":1,"input_schema":{"type":"object"}}]"#,
            "tools[0].strict",
            "a boolean",
        ),
        (r#""tool_choice":"auto""#, "tool_choice", "an object"),
        (r#""tool_choice":{}"#, "tool_choice.type", "Missing"),
        (
            r#""tool_choice":{"type":"required"}"#,
            "tool_choice.type",
            "one of 'auto'",
        ),
        (
            r#""tool_choice":{"type":"tool"}"#,
            "tool_choice.name",
            "Missing",
        ),
        (r#""thinking":true"#, "thinking", "an object"),
        (r#""thinking":{}"#, "thinking.type", "Missing"),
        (
            r#""thinking":{"type":"enabled"}"#,
            "thinking.budget_tokens",
            "Missing",
        ),
        (
            r#""thinking":{"type":"enabled","budget_tokens":100}"#,
            "thinking.budget_tokens",
            "too small",
        ),
        (
            r#""thinking":{"type":"enabled","budget_tokens":2000}"#,
            "max_tokens",
            "must be greater",
        ),
        (
            r#""output_config":{"effort":"extreme"}"#,
            "output_config.effort",
            "one of 'low'",
        ),
        (
            r#""output_config":{"format":{"type":"json_object"}}"#,
            "output_config.format.type",
            "one of 'json_schema'",
        ),
        (
            r#""output_config":{"format":{"type":"json_schema"}}"#,
            "output_config.format.schema",
            "Missing",
        ),
        (
            r#""output_config":{"format":{"type":"json_schema","schema":1}}"#,
            "output_config.format.schema",
            "an object",
        ),
        (r#""system":1"#, "system", "a string or an array"),
        (
            r#""system":[{"type":"image","source":{"type":"url","url":"u"}}]"#,
            "system[0].type",
            "of type 'text'",
        ),
        (r#""system":[{"type":"text"}]"#, "system[0].text", "Missing"),
    ] {
        check(&with(fields), Some(param), words);
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn messages_and_blocks() {
    for (messages, param, words) in [
        ("[]", "messages", "empty"),
        ("{}", "messages", "an array"),
        ("[1]", "messages[0]", "an object"),
        ("[{}]", "messages[0].role", "Missing"),
        (r#"[{"role":"user"}]"#, "messages[0].content", "Missing"),
        (
            r#"[{"role":"tool","content":"x"}]"#,
            "messages[0].role",
            "one of 'user'",
        ),
        (
            r#"[{"role":"user","content":1}]"#,
            "messages[0].content",
            "a string or an array",
        ),
        (
            r#"[{"role":"user","content":[1]}]"#,
            "messages[0].content[0]",
            "an object",
        ),
        (
            r#"[{"role":"user","content":[{"text":"x"}]}]"#,
            "messages[0].content[0].type",
            "Missing",
        ),
        (
            r#"[{"role":"user","content":"x","content":"y"}]"#,
            "messages[0].content",
            "given twice",
        ),
    ] {
        check(&saying(messages), Some(param), words);
    }
    for (role, text, at, words) in [
        ("user", r#"{"type":"text","text":""}"#, "text", "not empty"),
        ("user", r#"{"type":"text","text":1}"#, "text", "a string"),
        (
            "user",
            r#"{"type":"text","text":"\ud800"}"#,
            "text",
            "broken escapes",
        ),
        ("user", r#"{"type":"image"}"#, "source", "Missing"),
        (
            "user",
            r#"{"type":"image","source":"x"}"#,
            "source",
            "an object",
        ),
        (
            "user",
            r#"{"type":"image","source":{"type":"base64","media_type":"image/bmp","data":"x"}}"#,
            "source.media_type",
            "image/jpeg",
        ),
        (
            "user",
            r#"{"type":"image","source":{"type":"base64","media_type":"image/png"}}"#,
            "source.data",
            "Missing",
        ),
        (
            "user",
            r#"{"type":"image","source":{"type":"url"}}"#,
            "source.url",
            "Missing",
        ),
        (
            "user",
            r#"{"type":"document","source":{"type":"base64","media_type":"text/html","data":"x"}}"#,
            "source.media_type",
            "application/pdf",
        ),
        (
            "user",
            r#"{"type":"tool_result"}"#,
            "tool_use_id",
            "Missing",
        ),
        (
            "user",
            r#"{"type":"tool_result","tool_use_id":"a|b"}"#,
            "tool_use_id",
            "a tool id",
        ),
        (
            "user",
            r#"{"type":"tool_result","tool_use_id":"a","content":[{"type":"tool_use","id":"x","name":"f","input":{}}]}"#,
            "content[0].type",
            "of type 'text', 'image'",
        ),
        (
            "user",
            r#"{"type":"tool_use","id":"x","name":"f","input":{}}"#,
            "type",
            "of type 'text', 'image'",
        ),
        (
            "user",
            r#"{"type":"thinking","thinking":"x","signature":"s"}"#,
            "type",
            "of type",
        ),
        (
            "assistant",
            r#"{"type":"image","source":{"type":"url","url":"u"}}"#,
            "type",
            "of type 'text', 'tool_use'",
        ),
        (
            "assistant",
            r#"{"type":"tool_use","name":"f","input":{}}"#,
            "id",
            "Missing",
        ),
        (
            "assistant",
            r#"{"type":"tool_use","id":"x","name":"f"}"#,
            "input",
            "Missing",
        ),
        (
            "assistant",
            r#"{"type":"tool_use","id":"x","name":"f","input":"{}"}"#,
            "input",
            "an object",
        ),
        (
            "assistant",
            r#"{"type":"tool_use","id":"a b","name":"f","input":{}}"#,
            "id",
            "a tool id",
        ),
        (
            "assistant",
            r#"{"type":"thinking","thinking":"x"}"#,
            "signature",
            "Missing",
        ),
        (
            "assistant",
            r#"{"type":"redacted_thinking"}"#,
            "data",
            "Missing",
        ),
        (
            "system",
            r#"{"type":"image","source":{"type":"url","url":"u"}}"#,
            "type",
            "of type 'text'",
        ),
        (
            "user",
            r#"{"type":"text","text":"x","cache_control":{"type":"forever"}}"#,
            "cache_control.type",
            "one of 'ephemeral'",
        ),
    ] {
        check(
            &block(role, text),
            Some(&format!("messages[0].content[0].{at}")),
            words,
        );
    }
}
