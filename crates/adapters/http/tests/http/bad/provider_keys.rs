use super::*;

/// What differs from a good key.
const KEYS: &[(&str, &str, &str)] = &[
    (r#"{"provider":null}"#, MISSING, "provider"),
    (r#"{"provider":"Open AI"}"#, VALUE, "provider"),
    (r#"{"provider":"opneai"}"#, VALUE, "provider"),
    (r#"{"provider":5}"#, TYPE, "provider"),
    (r#"{"name":null}"#, MISSING, "name"),
    (r#"{"name":"  "}"#, VALUE, "name"),
    (r#"{"name":["a"]}"#, TYPE, "name"),
    (r#"{"secret":null}"#, MISSING, "secret"),
    (r#"{"secret":""}"#, VALUE, "secret"),
    (r#"{"secret":"sk two"}"#, VALUE, "secret"),
    (r#"{"secret":"sk\u0000"}"#, VALUE, "secret"),
    (r#"{"secret":"schlüssel"}"#, VALUE, "secret"),
    (r#"{"secret":{"key":"sk"}}"#, TYPE, "secret"),
    (r#"{"weight":-1}"#, VALUE, "weight"),
    (r#"{"weight":10001}"#, VALUE, "weight"),
    (r#"{"weight":99999999999}"#, VALUE, "weight"),
    (r#"{"weight":1.5}"#, VALUE, "weight"),
    (r#"{"weight":"1"}"#, TYPE, "weight"),
    (r#"{"priority":"high"}"#, TYPE, "priority"),
    (r#"{"priority":3000000000}"#, VALUE, "priority"),
    (r#"{"status":"active"}"#, UNKNOWN, "status"),
    (r#"{"sealed":"gAAAA"}"#, UNKNOWN, "sealed"),
];

const CHANGES: &[(&str, &str, &str)] = &[
    (r#"{"status":"revoked"}"#, VALUE, "status"),
    (r#"{"status":true}"#, TYPE, "status"),
    (r#"{"weight":10001}"#, VALUE, "weight"),
    (r#"{"name":""}"#, VALUE, "name"),
    (r#"{"secret":"sk-other"}"#, UNKNOWN, "secret"),
    (r#"{"provider":"xai"}"#, UNKNOWN, "provider"),
    (r#"{"name":"a","name":"b"}"#, TWICE, "name"),
    ("[]", "", ""),
    ("", "", ""),
];

#[tokio::test(flavor = "multi_thread")]
async fn orders_and_changes() {
    let mut bench = Bench::new().await;
    let path = "/v1/admin/provider-keys";
    for (difference, code, param) in KEYS {
        let mut body = json!({"provider": "sim", "name": "main", "secret": "sk-1"});
        let difference_: Value = serde_json::from_str(difference).unwrap();
        for (name, value) in difference_.as_object().unwrap() {
            body[name] = value.clone();
        }
        let ask = bench.world.post(path).bearer(ADMIN).json(&body);
        bench.check(difference, &ask.reply().await, 400, code, param);
    }
    let made = bench.world.post(path).bearer(ADMIN);
    let made = made.json(&json!({"provider": "sim", "name": "main", "secret": "sk-1"}));
    let made = made.reply().await.json();
    let own = format!("{path}/{}", made["id"].as_str().unwrap());
    for (body, code, param) in CHANGES {
        let ask = bench.world.ask("PATCH", &own).bearer(ADMIN).body(body);
        bench.check(body, &ask.reply().await, 400, code, param);
    }
    assert_eq!(bench.world.read(&own, ADMIN).await, made);
    for id in [
        "pvk_00000000000000000000000000000000",
        "pvk_1",
        "key_00000000000000000000000000000000",
    ] {
        for method in ["GET", "PATCH", "DELETE"] {
            let path = format!("{path}/{id}");
            let ask = bench.world.ask(method, &path).bearer(ADMIN).body("{}");
            let code = "provider_key_not_found";
            bench.check(&path, &ask.reply().await, 404, code, "");
        }
    }
    bench.finish(40).await;
}
