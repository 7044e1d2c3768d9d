//! Bodies that real clients send and that must pass.

use crate::chat::ChatRequest;

fn accept(body: &str) {
    if let Err(fault) = ChatRequest::parse(body.as_bytes()) {
        panic!("{body}: {fault:?}");
    }
}

#[test]
fn fields_in_their_bounds_pass() {
    for fields in [
        r#""max_tokens":1"#,
        r#""max_tokens":2147483648"#,
        r#""max_tokens":null,"max_completion_tokens":5"#,
        r#""n":128"#,
        r#""temperature":0"#,
        r#""temperature":2"#,
        r#""temperature":2.0"#,
        r#""temperature":1e-3"#,
        r#""temperature":null"#,
        r#""top_p":1"#,
        r#""frequency_penalty":-2,"presence_penalty":2.0"#,
        r#""seed":-9223372036854775808"#,
        r#""stop":"x""#,
        r#""stop":[]"#,
        r#""stop":["a","b","c","d"]"#,
        r#""stream":null"#,
        r#""stream":true,"stream_options":null"#,
        r#""stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false,"x":1}"#,
        r#""stream_options":null"#,
        r#""logprobs":true,"top_logprobs":20"#,
        r#""logit_bias":{"50256":-100,"1":0.5}"#,
        r#""response_format":{"type":"text"}"#,
        r#""response_format":{"type":"json_schema","json_schema":{"name":"a-b_1","schema":{"type":"object"},"strict":null}}"#,
        r#""service_tier":"flex""#,
        r#""metadata":{}"#,
        r#""user":"u-1""#,
        r#""reasoning_effort":"xhigh","verbosity":"low""#,
        r#""modalities":["text","audio"],"audio":{"format":"wav","voice":"alloy"}"#,
        r#""audio":{"format":"mp3","voice":{"id":"v"}}"#,
        r#""prediction":{"type":"content","content":[{"type":"text","text":"x"}]}"#,
        r#""models":[]"#,
        r#""tools":[]"#,
        r#""tools":[{"type":"function","function":{"name":"get-weather_2","description":"d","parameters":{},"strict":null}}]"#,
        r#""tools":[{"type":"custom","custom":{"name":"c","format":{"type":"text"}}}]"#,
        r#""functions":[{"name":"f","parameters":{}}],"function_call":{"name":"f"}"#,
        r#""tool_choice":"required""#,
        r#""tool_choice":{"type":"function","function":{"name":"f"}}"#,
        r#""tool_choice":{"type":"custom","custom":{"name":"f"}}"#,
        r#""tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function"}]}}"#,
        r#""web_search_options":{"search_context_size":"low"}"#,
        r#""provider":{"order":["x"]},"top_k":40,"anything":[1,{"at":"all"}]"#,
        r#""":1"#,
    ] {
        accept(&format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":"x"}}],{fields}}}"#
        ));
    }
}

#[test]
fn messages_of_every_role_pass() {
    for message in [
        r#"{"role":"developer","content":"x"}"#,
        r#"{"role":"system","content":[{"type":"text","text":"x","cache_control":{"type":"ephemeral"}}]}"#,
        r#"{"role":"user","content":"","name":"ann"}"#,
        r#"{"role":"user","content":[{"type":"text","text":"\ud83d\ude00 é 😀"}]}"#,
        r#"{"role":"user","content":[{"image_url":{"url":"https://x/y.png","detail":"low"},"type":"image_url"}]}"#,
        r#"{"role":"user","content":[{"type":"file","file":{"file_id":"f"}}]}"#,
        r#"{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AA==","format":"mp3"}}]}"#,
        r#"{"role":"assistant","content":"x","refusal":null,"reasoning_content":"hm"}"#,
        r#"{"role":"assistant","content":[{"type":"refusal","refusal":"no"}]}"#,
        r#"{"role":"assistant","content":null,"refusal":"no"}"#,
        r#"{"role":"assistant","audio":{"id":"a"}}"#,
        r#"{"role":"assistant","function_call":{"name":"f","arguments":"{}"}}"#,
        r#"{"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}],"role":"assistant"}"#,
        r#"{"role":"assistant","content":null,"tool_calls":[{"type":"custom","custom":{"name":"f","input":"x"},"id":"c"}]}"#,
        r#"{"role":"tool","tool_call_id":"c","content":[{"type":"text","text":"x"}]}"#,
        r#"{"role":"function","name":"f","content":null}"#,
    ] {
        accept(&format!(r#"{{"model":"m","messages":[{message}]}}"#));
    }
}

#[test]
fn layout_does_not_matter() {
    accept(
        " \r\n\t{ \"messages\" : [ { \"content\" : \"x\" , \"role\" : \"user\" } ] , \"model\" : \"m\" } \n",
    );
    accept(r#"{"mod\u0065l":"m","messages":[{"r\u006fle":"us\u0065r","content":"x"}]}"#);
    let deep = format!("{}{}", "[".repeat(63), "]".repeat(63));
    accept(&format!(
        r#"{{"model":"m","messages":[{{"role":"user","content":"x"}}],"x":{deep}}}"#
    ));
}
