use super::*;

const KEYS: &[(&str, &str, &str)] = &[
    ("", "", ""),
    ("[]", "", ""),
    (r#"{"name":"a""#, "", ""),
    ("{}", MISSING, "name"),
    (r#"{"name":null}"#, MISSING, "name"),
    (r#"{"name":7}"#, TYPE, "name"),
    (r#"{"name":""}"#, VALUE, "name"),
    (r#"{"name":"a\nb"}"#, VALUE, "name"),
    (r#"{"name":"a\u0000"}"#, VALUE, "name"),
    (r#"{"name":"a","name":"b"}"#, TWICE, "name"),
    (r#"{"name":"a","colour":"red"}"#, UNKNOWN, "colour"),
    (r#"{"name":"a","key":"vz-sk_mine"}"#, UNKNOWN, "key"),
    (r#"{"name":"a","environment":"prod"}"#, VALUE, "environment"),
    (
        r#"{"name":"a","environment":["live"]}"#,
        TYPE,
        "environment",
    ),
    (r#"{"name":"a","scopes":"read"}"#, TYPE, "scopes"),
    (r#"{"name":"a","scopes":["admin"]}"#, VALUE, "scopes[0]"),
    (r#"{"name":"a","scopes":[]}"#, VALUE, "scopes"),
    (r#"{"name":"a","scopes":["read",5]}"#, TYPE, "scopes[1]"),
    (
        r#"{"name":"a","allowed_models":["a b"]}"#,
        VALUE,
        "allowed_models[0]",
    ),
    (
        r#"{"name":"a","allowed_models":[""]}"#,
        VALUE,
        "allowed_models[0]",
    ),
    (
        r#"{"name":"a","ip_allowlist":["300.1.1.1"]}"#,
        VALUE,
        "ip_allowlist[0]",
    ),
    (
        r#"{"name":"a","ip_allowlist":["10.0.0.0/33"]}"#,
        VALUE,
        "ip_allowlist[0]",
    ),
    (
        r#"{"name":"a","domain_allowlist":["a b"]}"#,
        VALUE,
        "domain_allowlist[0]",
    ),
    (
        r#"{"name":"a","expires_at":"tomorrow"}"#,
        VALUE,
        "expires_at",
    ),
    (
        r#"{"name":"a","expires_at":1735689600}"#,
        TYPE,
        "expires_at",
    ),
    (
        r#"{"name":"a","expires_at":"2020-01-01T00:00:00Z"}"#,
        VALUE,
        "expires_at",
    ),
    (r#"{"name":"a","spend_cap":5}"#, TYPE, "spend_cap"),
    (
        r#"{"name":"a","spend_cap":{}}"#,
        MISSING,
        "spend_cap.amount",
    ),
    (
        r#"{"name":"a","spend_cap":{"amount":"5"}}"#,
        MISSING,
        "spend_cap.currency",
    ),
    (
        r#"{"name":"a","spend_cap":{"amount":"5","currency":"USD"}}"#,
        MISSING,
        "spend_cap.window",
    ),
    (
        r#"{"name":"a","spend_cap":{"amount":"-5","currency":"USD","window":"daily"}}"#,
        VALUE,
        "spend_cap.amount",
    ),
    (
        r#"{"name":"a","spend_cap":{"amount":"1e9","currency":"USD","window":"daily"}}"#,
        VALUE,
        "spend_cap.amount",
    ),
    (
        r#"{"name":"a","spend_cap":{"amount":"5","currency":"EUR","window":"daily"}}"#,
        VALUE,
        "spend_cap.currency",
    ),
    (
        r#"{"name":"a","spend_cap":{"amount":"5","currency":"USD","window":"hourly"}}"#,
        VALUE,
        "spend_cap.window",
    ),
    (r#"{"name":"a","limits":[]}"#, TYPE, "limits"),
    (
        r#"{"name":"a","limits":{"requests":5}}"#,
        UNKNOWN,
        "limits.requests",
    ),
    (
        r#"{"name":"a","limits":{"requests_per_minute":-1}}"#,
        VALUE,
        "limits.requests_per_minute",
    ),
    (
        r#"{"name":"a","limits":{"requests_per_minute":1.5}}"#,
        VALUE,
        "limits.requests_per_minute",
    ),
    (
        r#"{"name":"a","limits":{"requests_per_minute":"5"}}"#,
        TYPE,
        "limits.requests_per_minute",
    ),
    (
        r#"{"name":"a","limits":{"tokens_per_day":9000000000000001}}"#,
        VALUE,
        "limits.tokens_per_day",
    ),
    (
        r#"{"name":"a","limits":{"tokens_per_day":99999999999999999999999}}"#,
        VALUE,
        "limits.tokens_per_day",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn api_keys() {
    let mut bench = Bench::new().await;
    for (body, code, param) in KEYS {
        let reply = bench
            .world
            .post("/v1/api-keys")
            .bearer(&bench.token)
            .body(body)
            .reply()
            .await;
        bench.check(body, &reply, 400, code, param);
    }
    let path = format!("/v1/api-keys/{}", bench.key_id);
    for (body, code, param) in [
        (r#"{"environment":"test"}"#, UNKNOWN, "environment"),
        (r#"{"name":""}"#, VALUE, "name"),
        (
            r#"{"limits":{"max_concurrency":true}}"#,
            TYPE,
            "limits.max_concurrency",
        ),
        ("nonsense", "", ""),
    ] {
        let reply = bench
            .world
            .ask("PATCH", &path)
            .bearer(&bench.token)
            .body(body)
            .reply()
            .await;
        bench.check(body, &reply, 400, code, param);
    }
    for (body, code, param) in [
        (r#"{"grace_seconds":-1}"#, VALUE, "grace_seconds"),
        (r#"{"grace_seconds":99999999}"#, VALUE, "grace_seconds"),
        (r#"{"grace":5}"#, UNKNOWN, "grace"),
    ] {
        let ask = bench
            .world
            .post(&format!("{path}/rotate"))
            .bearer(&bench.token);
        bench.check(body, &ask.body(body).reply().await, 400, code, param);
    }
    for id in [
        "x",
        "key_",
        "key_00000000000000000000000000000000",
        "usr_1",
        "%00",
        "..%2f..",
        "key_%F0%28",
    ] {
        let reply = bench
            .world
            .get(&format!("/v1/api-keys/{id}"))
            .bearer(&bench.token)
            .reply()
            .await;
        bench.check(id, &reply, 404, "api_key_not_found", "");
    }
    bench.finish(50).await;
}
