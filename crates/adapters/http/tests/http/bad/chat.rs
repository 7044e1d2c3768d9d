use super::*;

const BROKEN: &[&[u8]] = &[
    b"",
    b"   ",
    b"null",
    b"17",
    b"[]",
    b"\"chat\"",
    b"{",
    b"{\"model\":\"sim/echo\"",
    b"{\"model\":\"sim/echo\",}",
    b"{'model':'sim/echo'}",
    b"{\"model\":\"sim/echo\"}{}",
    b"{\"model\":\"sim/echo\"}\0",
    b"{\"model\":\"sim\x00echo\"}",
    b"{\"model\":\"\xff\xfe\"}",
    b"{\"model\":\"\xed\xa0\x80\"}",
    b"\xef\xbb\xbf{\"model\":\"sim/echo\"}",
    b"{\"n\":01}",
    b"{\"n\":NaN}",
    b"{\"n\":1.}",
    b"{\"a\":[1,]}",
    b"<html></html>",
    b"model=sim/echo",
];

/// Fields beside a model and a conversation.
const FIELDS: &[(&str, &str, &str)] = &[
    (r#""max_tokens":0"#, "max_tokens", LOW),
    (r#""max_tokens":-5"#, "max_tokens", LOW),
    (r#""max_tokens":1e3"#, "max_tokens", TYPE),
    (r#""max_tokens":"100""#, "max_tokens", TYPE),
    (r#""max_tokens":99999999999999999999"#, "max_tokens", HIGH),
    (r#""max_tokens":5,"max_tokens":6"#, "max_tokens", TWICE),
    (r#""max_completion_tokens":0"#, "max_completion_tokens", LOW),
    (r#""n":0"#, "n", LOW),
    (r#""n":1000"#, "n", HIGH),
    (r#""n":"2""#, "n", TYPE),
    (r#""stream":1"#, "stream", TYPE),
    (r#""stream":"true""#, "stream", TYPE),
    (
        r#""stream_options":true,"stream":true"#,
        "stream_options",
        TYPE,
    ),
    (
        r#""temperature":3"#,
        "temperature",
        "decimal_above_max_value",
    ),
    (
        r#""temperature":-1"#,
        "temperature",
        "decimal_below_min_value",
    ),
    (r#""temperature":"hot""#, "temperature", TYPE),
    (
        r#""temperature":1e400"#,
        "temperature",
        "decimal_above_max_value",
    ),
    (r#""top_p":2"#, "top_p", "decimal_above_max_value"),
    (r#""stop":[1]"#, "stop[0]", TYPE),
    (r#""tools":{}"#, "tools", TYPE),
    (
        r#""tools":[{"type":"function"}]"#,
        "tools[0].function",
        MISSING,
    ),
    (r#""tool_choice":7"#, "tool_choice", TYPE),
    (r#""response_format":"json""#, "response_format", TYPE),
    (r#""metadata":[]"#, "metadata", TYPE),
    (r#""metadata":{"a":1}"#, "metadata.a", TYPE),
    (r#""service_tier":"gold""#, "service_tier", VALUE),
    (r#""models":"a""#, "models", TYPE),
    (r#""seed":1.5"#, "seed", TYPE),
    (r#""logit_bias":[]"#, "logit_bias", TYPE),
    (r#""user":5"#, "user", TYPE),
    (r#""zzz":1,"zzz":2"#, "zzz", TWICE),
    (r#""model":"other""#, "model", TWICE),
];

const BODIES: &[(&str, &str, &str)] = &[
    ("{}", "model", MISSING),
    (r#"{"model":"sim/echo"}"#, "messages", MISSING),
    (r#"{"messages":[]}"#, "messages", "empty_array"),
    (r#"{"model":5,"messages":[]}"#, "model", TYPE),
    (r#"{"model":"sim/echo","messages":{}}"#, "messages", TYPE),
    (
        r#"{"model":"sim/echo","messages":[]}"#,
        "messages",
        "empty_array",
    ),
    (
        r#"{"model":"sim/echo","messages":["hi"]}"#,
        "messages[0]",
        TYPE,
    ),
    (
        r#"{"model":"sim/echo","messages":[{}]}"#,
        "messages[0].role",
        MISSING,
    ),
    (
        r#"{"model":"sim/echo","messages":[{"role":"boss","content":"x"}]}"#,
        "messages[0].role",
        VALUE,
    ),
    (
        r#"{"model":"sim/echo","messages":[{"role":"user"}]}"#,
        "messages[0].content",
        MISSING,
    ),
    (
        r#"{"model":"sim/echo","messages":[{"role":"user","content":5}]}"#,
        "messages[0].content",
        TYPE,
    ),
    (
        r#"{"model":"sim/echo","messages":[{"role":"user","content":[{"type":"smell"}]}]}"#,
        "messages[0].content[0].type",
        VALUE,
    ),
    (
        r#"{"model":"sim/echo","messages":[{"role":"tool","content":"x"}]}"#,
        "messages[0].tool_call_id",
        MISSING,
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn chat_requests() {
    let mut bench = Bench::new().await;
    for path in ["/v1/chat/completions", "/v1/estimate"] {
        let ask = bench.world.post(path).bearer(&bench.key);
        for body in BROKEN {
            let reply = ask.clone().body(body).reply().await;
            bench.check(&String::from_utf8_lossy(body), &reply, 400, "", "");
        }
        for (body, param, code) in BODIES {
            let reply = ask.clone().body(body).reply().await;
            bench.check(body, &reply, 400, code, param);
        }
        for (fields, param, code) in FIELDS {
            let body = format!(
                r#"{{"model":"sim/echo","messages":[{{"role":"user","content":"x"}}],{fields}}}"#
            );
            let reply = ask.clone().body(&body).reply().await;
            bench.check(&body, &reply, 400, code, param);
        }
        let deep = format!(r#"{{"x":{}{}}}"#, "[".repeat(5_000), "]".repeat(5_000));
        let reply = ask.clone().body(&deep).reply().await;
        bench.check(&deep, &reply, 400, "nesting_too_deep", "");
        for (model, shown) in [
            ("gpt-9", "gpt-9"),
            ("", ""),
            ("sim/\\u0000", "nul"),
            ("../../etc", "path"),
        ] {
            let body =
                format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"x"}}]}}"#);
            let reply = ask.clone().body(&body).reply().await;
            assert!(reply.status < 500, "{shown} {reply:?}");
            assert!([400, 404].contains(&reply.status), "{shown} {reply:?}");
            bench.sent += 1;
        }
        let tools: Vec<Value> = (0..2_000)
            .map(|at| json!({"type": "function", "function": {"name": format!("f{at}")}}))
            .collect();
        let mut many = hello();
        many["tools"] = json!(tools);
        let reply = ask.clone().json(&many).reply().await;
        let seen = (reply.status, reply.refusal().1);
        assert!([400, 413].contains(&seen.0), "{seen:?}");
        bench.sent += 1;
    }
    bench.finish(140).await;
}
