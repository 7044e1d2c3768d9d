use super::*;

const IMPORTS: &[(&str, &str, &str)] = &[
    ("", "", ""),
    ("[]", "", ""),
    ("{}", MISSING, "models"),
    (r#"{"models":{}}"#, TYPE, "models"),
    (r#"{"models":[5]}"#, TYPE, "models[0]"),
    (r#"{"models":[],"dry_run":"yes"}"#, TYPE, "dry_run"),
    (r#"{"models":[],"force":true}"#, UNKNOWN, "force"),
    (r#"{"models":[],"models":[]}"#, TWICE, "models"),
    (r#"{"models":[{"id":"a"}]}"#, MISSING, "models[0].provider"),
    (r#"{"models":[GOOD,{"id":"a b"}]}"#, VALUE, "models[1].id"),
    (r#"{"models":[GOOD,GOOD]}"#, VALUE, "models[1].id"),
    (
        r#"{"models":[{"id":"b","provider":"sim","upstream_id":"echo","context_length":8,"max_output_tokens":0,"cost":{"input":"1","output":"1"}}]}"#,
        VALUE,
        "models[0].max_output_tokens",
    ),
    (
        r#"{"models":[{"id":"b","provider":"sim","upstream_id":"echo","context_length":8,"max_output_tokens":8,"cost":{"input":"1","output":"1","tiers":[{"above_input_tokens":5,"input":"x"}]}}]}"#,
        VALUE,
        "models[0].cost.tiers[0].input",
    ),
    (
        r#"{"models":[{"id":"b","provider":"sim","upstream_id":"echo","context_window":8}]}"#,
        MISSING,
        "models[0].input_per_mtok_usd",
    ),
    (
        r#"{"models":[{"id":"b","provider":"sim","upstream_id":"echo","context_window":8,"input_per_mtok_usd":-1,"output_per_mtok_usd":1}]}"#,
        VALUE,
        "models[0].input_per_mtok_usd",
    ),
    (
        r#"{"models":[{"id":"b","provider":"sim","upstream_id":"echo","context_window":8,"input_per_mtok_usd":1e9,"output_per_mtok_usd":1}]}"#,
        VALUE,
        "models[0].input_per_mtok_usd",
    ),
    (
        r#"{"models":[{"id":"b","provider":"sim","upstream_id":"echo","context_window":8,"input_per_mtok_usd":1,"output_per_mtok_usd":1,"retires_on":"soon"}]}"#,
        VALUE,
        "models[0].retires_on",
    ),
    (
        r#"{"models":[{"id":"b","provider":"sim","upstream_id":"echo","context_window":8,"input_per_mtok_usd":1,"output_per_mtok_usd":1,"smell":1}]}"#,
        UNKNOWN,
        "models[0].smell",
    ),
];

const GOOD: &str = r#"{"id":"acme/good","provider":"sim","upstream_id":"echo","context_length":8,"max_output_tokens":8,"cost":{"input":"1","output":"1"}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn imports() {
    let mut bench = Bench::new().await;
    let before = bench.world.read("/v1/admin/models", ADMIN).await;
    for (body, code, param) in IMPORTS {
        let ask = bench.world.post("/v1/admin/models/import").bearer(ADMIN);
        let body = body.replace("GOOD", GOOD);
        let reply = ask.body(&body).reply().await;
        bench.check(&body, &reply, 400, code, param);
    }
    let mut many = String::from(r#"{"models":["#);
    for number in 0..5_001 {
        many.push_str(if number == 0 { "{}" } else { ",{}" });
    }
    many.push_str("]}");
    let ask = bench.world.post("/v1/admin/models/import").bearer(ADMIN);
    bench.check(
        "5001 models",
        &ask.body(&many).reply().await,
        400,
        VALUE,
        "models",
    );
    assert_eq!(bench.world.read("/v1/admin/models", ADMIN).await, before);
    bench.finish(18).await;
}
