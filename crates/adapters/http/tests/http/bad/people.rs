use super::*;

const PEOPLE: &[(&str, &str, u16, &str, &str)] = &[
    ("register", "", 400, "", ""),
    ("register", "[]", 400, "", ""),
    ("register", "{}", 400, MISSING, "email"),
    ("register", r#"{"email":"a@b.c"}"#, 400, MISSING, "password"),
    (
        "register",
        r#"{"email":5,"password":"correct horse"}"#,
        400,
        TYPE,
        "email",
    ),
    (
        "register",
        r#"{"email":"nobody","password":"correct horse"}"#,
        400,
        "invalid_email",
        "email",
    ),
    (
        "register",
        r#"{"email":"a@b.c","password":"short"}"#,
        422,
        "weak_password",
        "password",
    ),
    (
        "register",
        r#"{"email":"a@b.c","password":"password"}"#,
        422,
        "weak_password",
        "password",
    ),
    (
        "register",
        r#"{"email":"a@b.c","password":"correct horse","role":"admin"}"#,
        400,
        UNKNOWN,
        "role",
    ),
    (
        "register",
        r#"{"email":"a@b.c","password":"correct horse","full_name":"a\u0000"}"#,
        400,
        VALUE,
        "full_name",
    ),
    (
        "register",
        r#"{"email":"a@b.c","password":"correct horse","full_name":7}"#,
        400,
        TYPE,
        "full_name",
    ),
    (
        "register",
        r#"{"email":"ada@example.org","password":"correct horse"}"#,
        409,
        "email_taken",
        "email",
    ),
    ("login", "{}", 400, MISSING, "email"),
    ("login", r#"{"email":"a@b.c"}"#, 400, MISSING, "password"),
    (
        "login",
        r#"{"email":"a@b.c","password":"x"}"#,
        401,
        "invalid_credentials",
        "",
    ),
    (
        "login",
        r#"{"email":"not an address","password":"x"}"#,
        401,
        "invalid_credentials",
        "",
    ),
    (
        "login",
        r#"{"email":"a@b.c","password":"x","otp":"1"}"#,
        400,
        UNKNOWN,
        "otp",
    ),
    ("refresh", "{}", 400, MISSING, "refresh_token"),
    (
        "refresh",
        r#"{"refresh_token":5}"#,
        400,
        TYPE,
        "refresh_token",
    ),
    (
        "refresh",
        r#"{"refresh_token":"nonsense"}"#,
        401,
        "invalid_refresh_token",
        "",
    ),
    (
        "refresh",
        r#"{"refresh_token":"vz-rt_x_y"}"#,
        401,
        "invalid_refresh_token",
        "",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn people() {
    let mut bench = Bench::new().await;
    for (route, body, status, code, param) in PEOPLE {
        let path = format!("/v1/auth/{route}");
        let reply = bench.world.post(&path).body(body).reply().await;
        bench.check(&format!("{path} {body}"), &reply, *status, code, param);
    }
    for (body, code, param) in [
        (r#"{"full_name":5}"#, TYPE, "full_name"),
        (r#"{"full_name":" "}"#, VALUE, "full_name"),
        (r#"{"email":"b@b.c"}"#, UNKNOWN, "email"),
    ] {
        let reply = bench
            .world
            .ask("PATCH", "/v1/me")
            .bearer(&bench.token)
            .body(body)
            .reply()
            .await;
        bench.check(body, &reply, 400, code, param);
    }
    bench.finish(24).await;
}
