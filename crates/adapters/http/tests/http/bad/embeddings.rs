use super::*;

/// Fields beside a model and an input.
const FIELDS: &[(&str, &str, &str)] = &[
    (r#""encoding_format":"int8""#, "encoding_format", VALUE),
    (r#""encoding_format":5"#, "encoding_format", TYPE),
    (r#""dimensions":0"#, "dimensions", LOW),
    (r#""dimensions":-1"#, "dimensions", LOW),
    (r#""dimensions":"64""#, "dimensions", TYPE),
    (r#""dimensions":1e3"#, "dimensions", TYPE),
    (r#""dimensions":99999999"#, "dimensions", HIGH),
    (r#""user":5"#, "user", TYPE),
    (r#""stream":true"#, "stream", VALUE),
    (r#""stream":"no""#, "stream", TYPE),
    (r#""metadata":[]"#, "metadata", TYPE),
    (r#""models":"x""#, "models", TYPE),
    (r#""input":"y""#, "input", TWICE),
    (r#""model":"other""#, "model", TWICE),
];

const BODIES: &[(&str, &str, &str)] = &[
    ("", "", ""),
    ("null", "", ""),
    ("[]", "", ""),
    ("{", "", ""),
    (r#"{"model":"sim/embed","input":"x"}}"#, "", ""),
    ("{}", "model", MISSING),
    (r#"{"input":"x"}"#, "model", MISSING),
    (r#"{"model":"sim/embed"}"#, "input", MISSING),
    (r#"{"model":"sim/embed","input":null}"#, "input", MISSING),
    (r#"{"model":5,"input":"x"}"#, "model", TYPE),
    (r#"{"model":"","input":"x"}"#, "model", VALUE),
    (r#"{"model":"sim/embed","input":7}"#, "input", TYPE),
    (r#"{"model":"sim/embed","input":{}}"#, "input", TYPE),
    (r#"{"model":"sim/embed","input":""}"#, "input", VALUE),
    (
        r#"{"model":"sim/embed","input":[]}"#,
        "input",
        "empty_array",
    ),
    (
        r#"{"model":"sim/embed","input":["a",""]}"#,
        "input[1]",
        VALUE,
    ),
    (r#"{"model":"sim/embed","input":["a",5]}"#, "input[1]", TYPE),
    (r#"{"model":"sim/embed","input":[null]}"#, "input[0]", TYPE),
    (r#"{"model":"sim/embed","input":[-1]}"#, "input[0]", LOW),
    (r#"{"model":"sim/embed","input":[1.5]}"#, "input[0]", TYPE),
    (
        r#"{"model":"sim/embed","input":[[]]}"#,
        "input[0]",
        "empty_array",
    ),
    (
        r#"{"model":"sim/embed","input":[[1],[true]]}"#,
        "input[1][0]",
        TYPE,
    ),
    (
        r#"{"model":"sim/embed","input":[[1],"a"]}"#,
        "input[1]",
        TYPE,
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn embeddings_requests() {
    let mut bench = Bench::new().await;
    let ask = bench.world.post("/v1/embeddings").bearer(&bench.key);
    for (body, param, code) in BODIES {
        let reply = ask.clone().body(body).reply().await;
        bench.check(body, &reply, 400, code, param);
    }
    for (fields, param, code) in FIELDS {
        let body = format!(r#"{{"model":"sim/embed","input":"x",{fields}}}"#);
        let reply = ask.clone().body(&body).reply().await;
        bench.check(&body, &reply, 400, code, param);
    }
    let many = json!({"model": "sim/embed", "input": vec!["a"; 2_049]});
    let reply = ask.clone().json(&many).reply().await;
    bench.check("many", &reply, 400, "array_above_max_length", "input");
    for (model, status, code) in [
        ("nope", 404, "model_not_found"),
        ("sim/echo", 400, "unsupported_model"),
    ] {
        let body = json!({"model": model, "input": "x"});
        let reply = ask.clone().json(&body).reply().await;
        bench.check(model, &reply, status, code, "model");
    }
    let reply = bench.world.post("/v1/embeddings").body("{}").reply().await;
    bench.check("no key", &reply, 401, "invalid_api_key", "");
    let reply = bench.world.get("/v1/embeddings").reply().await;
    bench.check("GET", &reply, 405, "method_not_allowed", "");
    bench.finish(40).await;
}
