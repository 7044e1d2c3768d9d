use super::*;

/// Fields beside a model and an input.
const FIELDS: &[(&str, &str, &str)] = &[
    (r#""max_output_tokens":0"#, "max_output_tokens", LOW),
    (r#""max_output_tokens":"5""#, "max_output_tokens", TYPE),
    (r#""max_output_tokens":1.5"#, "max_output_tokens", TYPE),
    (
        r#""max_output_tokens":99999999999999"#,
        "max_output_tokens",
        HIGH,
    ),
    (r#""stream":"yes""#, "stream", TYPE),
    (r#""instructions":5"#, "instructions", TYPE),
    (
        r#""temperature":3"#,
        "temperature",
        "decimal_above_max_value",
    ),
    (r#""temperature":"0""#, "temperature", TYPE),
    (r#""top_p":-1"#, "top_p", "decimal_below_min_value"),
    (r#""tools":{}"#, "tools", TYPE),
    (r#""tools":[5]"#, "tools[0]", TYPE),
    (r#""tools":[{}]"#, "tools[0].type", MISSING),
    (r#""tools":[{"type":"function"}]"#, "tools[0].name", MISSING),
    (r#""tool_choice":7"#, "tool_choice", TYPE),
    (r#""parallel_tool_calls":"no""#, "parallel_tool_calls", TYPE),
    (r#""reasoning":"high""#, "reasoning", TYPE),
    (r#""text":"json""#, "text", TYPE),
    (r#""metadata":[]"#, "metadata", TYPE),
    (r#""input":"y""#, "input", TWICE),
    (r#""model":"other""#, "model", TWICE),
];

const BODIES: &[(&str, &str, &str)] = &[
    ("", "", ""),
    ("null", "", ""),
    ("[]", "", ""),
    ("{", "", ""),
    (r#"{"model":"sim/echo","input":"x"}}"#, "", ""),
    ("{}", "model", MISSING),
    (r#"{"input":"x"}"#, "model", MISSING),
    (r#"{"model":5,"input":"x"}"#, "model", TYPE),
    (r#"{"model":"sim/echo","input":7}"#, "input", TYPE),
    (r#"{"model":"sim/echo","input":[5]}"#, "input[0]", TYPE),
    (
        r#"{"model":"sim/echo","input":[{"role":"boss","content":"x"}]}"#,
        "input[0].role",
        VALUE,
    ),
    (
        r#"{"model":"sim/echo","input":[{"role":"user","content":5}]}"#,
        "input[0].content",
        TYPE,
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn responses_requests() {
    let mut bench = Bench::new().await;
    let ask = bench.world.post("/v1/responses").bearer(&bench.key);
    for (body, param, code) in BODIES {
        let reply = ask.clone().body(body).reply().await;
        bench.check(body, &reply, 400, code, param);
    }
    for (fields, param, code) in FIELDS {
        let body = format!(r#"{{"model":"sim/echo","input":"x",{fields}}}"#);
        let reply = ask.clone().body(&body).reply().await;
        bench.check(&body, &reply, 400, code, param);
    }
    let reply = ask
        .clone()
        .body(r#"{"model":"nope","input":"x"}"#)
        .reply()
        .await;
    bench.check("unknown model", &reply, 404, "model_not_found", "model");
    let reply = bench.world.post("/v1/responses").body("{}").reply().await;
    bench.check("no key", &reply, 401, "invalid_api_key", "");
    let reply = bench.world.get("/v1/responses/resp_1").reply().await;
    bench.check("stored", &reply, 404, "route_not_found", "");
    bench.finish(30).await;
}
