use super::*;

/// Fields beside a model and a prompt.
const FIELDS: &[(&str, &str, &str)] = &[
    (r#""max_tokens":-1"#, "max_tokens", LOW),
    (r#""max_tokens":"5""#, "max_tokens", TYPE),
    (r#""max_tokens":1.5"#, "max_tokens", TYPE),
    (r#""max_tokens":99999999999999"#, "max_tokens", HIGH),
    (r#""n":0"#, "n", LOW),
    (r#""n":1000"#, "n", HIGH),
    (r#""n":"1""#, "n", TYPE),
    (r#""stream":"yes""#, "stream", TYPE),
    (
        r#""temperature":3"#,
        "temperature",
        "decimal_above_max_value",
    ),
    (r#""temperature":"0""#, "temperature", TYPE),
    (r#""top_p":-1"#, "top_p", "decimal_below_min_value"),
    (
        r#""presence_penalty":9"#,
        "presence_penalty",
        "decimal_above_max_value",
    ),
    (r#""stop":5"#, "stop", TYPE),
    (r#""stop":["a",1]"#, "stop[1]", TYPE),
    (r#""logprobs":true"#, "logprobs", TYPE),
    (r#""seed":"x""#, "seed", TYPE),
    (r#""user":5"#, "user", TYPE),
    (r#""prompt":"y""#, "prompt", TWICE),
    (r#""model":"other""#, "model", TWICE),
];

const BODIES: &[(&str, &str, &str)] = &[
    ("", "", ""),
    ("null", "", ""),
    ("[]", "", ""),
    ("{", "", ""),
    (r#"{"model":"sim/echo","prompt":"x"}}"#, "", ""),
    ("{}", "prompt", MISSING),
    (r#"{"model":"sim/echo"}"#, "prompt", MISSING),
    (r#"{"prompt":"x"}"#, "model", MISSING),
    (r#"{"model":5,"prompt":"x"}"#, "model", TYPE),
    (r#"{"model":"sim/echo","prompt":7}"#, "prompt", TYPE),
    (r#"{"model":"sim/echo","prompt":{}}"#, "prompt", TYPE),
    (
        r#"{"model":"sim/echo","prompt":["a",{}]}"#,
        "prompt[1]",
        TYPE,
    ),
    (
        r#"{"model":"sim/echo","prompt":[1,"a"]}"#,
        "prompt[1]",
        TYPE,
    ),
    (
        r#"{"model":"sim/echo","prompt":[[1],[]]}"#,
        "prompt[1]",
        "empty_array",
    ),
    (
        r#"{"model":"sim/echo","prompt":[]}"#,
        "prompt",
        "empty_array",
    ),
    (
        r#"{"model":"sim/echo","prompt":"x","max_tokens":0}"#,
        "max_tokens",
        LOW,
    ),
    (
        r#"{"model":"sim/echo","prompt":"x","best_of":2,"stream":true}"#,
        "best_of",
        "unsupported_parameter",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn completions_requests() {
    let mut bench = Bench::new().await;
    let ask = bench.world.post("/v1/completions").bearer(&bench.key);
    for (body, param, code) in BODIES {
        let reply = ask.clone().body(body).reply().await;
        bench.check(body, &reply, 400, code, param);
    }
    for (fields, param, code) in FIELDS {
        let body = format!(r#"{{"model":"sim/echo","prompt":"x",{fields}}}"#);
        let reply = ask.clone().body(&body).reply().await;
        bench.check(&body, &reply, 400, code, param);
    }
    let reply = ask
        .clone()
        .body(r#"{"model":"nope","prompt":"x"}"#)
        .reply()
        .await;
    bench.check("unknown model", &reply, 404, "model_not_found", "model");
    let reply = bench.world.post("/v1/completions").body("{}").reply().await;
    bench.check("no key", &reply, 401, "invalid_api_key", "");
    let reply = bench.world.get("/v1/completions").reply().await;
    bench.check("GET", &reply, 405, "method_not_allowed", "");
    bench.finish(30).await;
}
