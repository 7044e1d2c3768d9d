use super::*;

const CREDITS: &[(&str, &str, &str)] = &[
    ("{}", MISSING, "amount"),
    (r#"{"amount":"1","currency":"USD"}"#, MISSING, "reason"),
    (r#"{"amount":"1","reason":"x"}"#, MISSING, "currency"),
    (
        r#"{"amount":"0","currency":"USD","reason":"x"}"#,
        VALUE,
        "amount",
    ),
    (
        r#"{"amount":"ten","currency":"USD","reason":"x"}"#,
        VALUE,
        "amount",
    ),
    (
        r#"{"amount":1e2,"currency":"USD","reason":"x"}"#,
        VALUE,
        "amount",
    ),
    (
        r#"{"amount":"0.0000000001","currency":"USD","reason":"x"}"#,
        VALUE,
        "amount",
    ),
    (
        r#"{"amount":"99999999999999999999","currency":"USD","reason":"x"}"#,
        VALUE,
        "amount",
    ),
    (
        r#"{"amount":"9000000000","currency":"USD","reason":"x"}"#,
        VALUE,
        "amount",
    ),
    (
        r#"{"amount":[1],"currency":"USD","reason":"x"}"#,
        TYPE,
        "amount",
    ),
    (
        r#"{"amount":"1","currency":"XXX","reason":"x"}"#,
        VALUE,
        "currency",
    ),
    (
        r#"{"amount":"1","currency":"USD","reason":""}"#,
        VALUE,
        "reason",
    ),
    (
        r#"{"amount":"1","currency":"USD","reason":"x","kind":"topup"}"#,
        UNKNOWN,
        "kind",
    ),
];

const ACCOUNTS: &[(&str, &str, &str)] = &[
    ("", "", ""),
    (r#"{"status":"banned"}"#, VALUE, "status"),
    (r#"{"plan":"a b"}"#, VALUE, "plan"),
    (r#"{"limits":5}"#, TYPE, "limits"),
    (
        r#"{"limits":{"requests_per_second":5}}"#,
        UNKNOWN,
        "limits.requests_per_second",
    ),
    (r#"{"caps":{"daily":"-1"}}"#, VALUE, "caps.daily"),
    (r#"{"caps":{"yearly":"1"}}"#, UNKNOWN, "caps.yearly"),
    (
        r#"{"credit_line":{"amount":"-1","currency":"USD"}}"#,
        VALUE,
        "credit_line.amount",
    ),
    (r#"{"credit_line":"5"}"#, TYPE, "credit_line"),
    (r#"{"name":"x"}"#, UNKNOWN, "name"),
];

const RULES: &[(&str, &str, &str)] = &[
    ("{}", MISSING, "pattern"),
    (r#"{"pattern":"*"}"#, MISSING, "markup_percentage"),
    (
        r#"{"pattern":"a b","markup_percentage":1}"#,
        VALUE,
        "pattern",
    ),
    (
        r#"{"pattern":"*","markup_percentage":-1}"#,
        VALUE,
        "markup_percentage",
    ),
    (
        r#"{"pattern":"*","markup_percentage":1.555}"#,
        VALUE,
        "markup_percentage",
    ),
    (
        r#"{"pattern":"*","markup_percentage":"100001"}"#,
        VALUE,
        "markup_percentage",
    ),
    (
        r#"{"pattern":"*","markup_percentage":true}"#,
        TYPE,
        "markup_percentage",
    ),
    (
        r#"{"pattern":"*","markup_percentage":1,"fixed_fee":"-1"}"#,
        VALUE,
        "fixed_fee",
    ),
    (
        r#"{"pattern":"*","markup_percentage":1,"priority":"high"}"#,
        TYPE,
        "priority",
    ),
    (
        r#"{"pattern":"*","markup_percentage":1,"priority":9999999999}"#,
        VALUE,
        "priority",
    ),
    (
        r#"{"pattern":"*","markup_percentage":1,"is_active":1}"#,
        TYPE,
        "is_active",
    ),
    (
        r#"{"pattern":"*","markup_percentage":1,"weight":1}"#,
        UNKNOWN,
        "weight",
    ),
];

/// What differs from a good model.
const MODELS: &[(&str, &str, &str)] = &[
    (r#"{"id":null}"#, MISSING, "id"),
    (r#"{"id":"a b"}"#, VALUE, "id"),
    (r#"{"provider":"Open AI"}"#, VALUE, "provider"),
    (r#"{"upstream_id":null}"#, MISSING, "upstream_id"),
    (r#"{"upstream_id":"a b"}"#, VALUE, "upstream_id"),
    (r#"{"status":"new"}"#, VALUE, "status"),
    (r#"{"context_length":0}"#, VALUE, "context_length"),
    (r#"{"context_length":"8k"}"#, TYPE, "context_length"),
    (r#"{"max_output_tokens":-1}"#, VALUE, "max_output_tokens"),
    (r#"{"capabilities":["Chat!"]}"#, VALUE, "capabilities"),
    (r#"{"aliases":[" "]}"#, VALUE, "aliases[0]"),
    (r#"{"effective_from":"soon"}"#, VALUE, "effective_from"),
    (r#"{"cost":null}"#, MISSING, "cost"),
    (r#"{"cost":{"output":"1"}}"#, MISSING, "cost.input"),
    (r#"{"cost":{"input":"1"}}"#, MISSING, "cost.output"),
    (
        r#"{"cost":{"input":"-1","output":"1"}}"#,
        VALUE,
        "cost.input",
    ),
    (
        r#"{"cost":{"input":"1","output":"99999999999"}}"#,
        VALUE,
        "cost.output",
    ),
    (
        r#"{"cost":{"input":"1","output":"1","smell":"1"}}"#,
        UNKNOWN,
        "cost.smell",
    ),
    (
        r#"{"cost":{"input":"1","output":"1","currency":"EUR"}}"#,
        VALUE,
        "cost.currency",
    ),
    (
        r#"{"cost":{"input":"1","output":"1","unit":"1K tokens"}}"#,
        VALUE,
        "cost.unit",
    ),
    (
        r#"{"cost":{"input":"1","output":"1","tiers":[{}]}}"#,
        MISSING,
        "cost.tiers[0].above_input_tokens",
    ),
    (
        r#"{"cost":{"input":"1","output":"1","tiers":[{"above_input_tokens":5},{"above_input_tokens":5}]}}"#,
        VALUE,
        "cost.tiers",
    ),
    (
        r#"{"cost":{"input":"1","output":"1","service_tiers":[]}}"#,
        TYPE,
        "cost.service_tiers",
    ),
    (
        r#"{"cost":{"input":"1","output":"1","service_tiers":{"gold":{"input":"1","output":"1"}}}}"#,
        UNKNOWN,
        "cost.service_tiers.gold",
    ),
    (
        r#"{"cost":{"input":"1","output":"1","service_tiers":{"flex":{"input":"1"}}}}"#,
        MISSING,
        "cost.service_tiers.flex.output",
    ),
    (
        r#"{"cost":{"input":"1","output":"1","service_tiers":{"flex":{"input":"1","output":"1","currency":"USD"}}}}"#,
        UNKNOWN,
        "cost.service_tiers.flex.currency",
    ),
    (
        r#"{"cost":{"input":"1","output":"1","cache_read":"1","service_tiers":{"flex":{"input":"1","output":"1"}}}}"#,
        VALUE,
        "cost.service_tiers",
    ),
    (
        r#"{"cost":{"input":"1","output":"1","tiers":[{"above_input_tokens":5}],"service_tiers":{"flex":{"input":"1","output":"1"}}}}"#,
        VALUE,
        "cost.service_tiers",
    ),
    (
        r#"{"pricing":{"input":"1","output":"1","service_tiers":{"flex":{"input":"1","output":"1"}}}}"#,
        VALUE,
        "pricing.service_tiers",
    ),
    (r#"{"pricing":{"input":"1"}}"#, MISSING, "pricing.output"),
    (r#"{"colour":"red"}"#, UNKNOWN, "colour"),
];

fn model(difference: &str) -> Value {
    let mut body = json!({"id": "acme/x", "provider": "sim", "upstream_id": "echo", "context_length": 8,
        "max_output_tokens": 8, "cost": {"input": "1", "output": "1"}});
    let difference: Value = serde_json::from_str(difference).unwrap();
    for (name, value) in difference.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// Bodies, and for what they are refused.
type Rows = &'static [(&'static str, &'static str, &'static str)];

#[tokio::test(flavor = "multi_thread")]
async fn accounts_credits_and_rules() {
    let mut bench = Bench::new().await;
    let account = format!("/v1/admin/accounts/{}", bench.account);
    let credits = format!("{account}/credits");
    let tables: [(&str, &str, Rows); 3] = [
        ("POST", &credits, CREDITS),
        ("PATCH", &account, ACCOUNTS),
        ("POST", "/v1/admin/pricing-rules", RULES),
    ];
    for (method, path, rows) in tables {
        for (body, code, param) in rows {
            let ask = bench.world.ask(method, path).bearer(ADMIN).body(body);
            bench.check(
                &format!("{path} {body}"),
                &ask.reply().await,
                400,
                code,
                param,
            );
        }
    }
    bench.finish(35).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn models() {
    let mut bench = Bench::new().await;
    for (difference, code, param) in MODELS {
        let ask = bench.world.post("/v1/admin/models").bearer(ADMIN);
        let reply = ask.json(&model(difference)).reply().await;
        bench.check(difference, &reply, 400, code, param);
    }
    bench.finish(24).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn things_that_are_not_there() {
    let mut bench = Bench::new().await;
    let body = r#"{"amount":"1","currency":"USD","reason":"x"}"#;
    for (method, path, code) in [
        (
            "POST",
            "accounts/acc_00000000000000000000000000000000/credits",
            "account_not_found",
        ),
        ("POST", "accounts/x/credits", "account_not_found"),
        (
            "PATCH",
            "accounts/acc_00000000000000000000000000000000",
            "account_not_found",
        ),
        (
            "GET",
            "accounts/usr_00000000000000000000000000000000",
            "account_not_found",
        ),
        ("PATCH", "models/nothing", "model_not_found"),
        ("DELETE", "models/%20", "model_not_found"),
        ("PATCH", "pricing-rules/rul_x", "pricing_rule_not_found"),
        (
            "DELETE",
            "pricing-rules/rul_00000000000000000000000000000000",
            "pricing_rule_not_found",
        ),
    ] {
        let path = format!("/v1/admin/{path}");
        let ask = bench.world.ask(method, &path).bearer(ADMIN).body(body);
        bench.check(&path, &ask.reply().await, 404, code, "");
    }
    bench.finish(8).await;
}
