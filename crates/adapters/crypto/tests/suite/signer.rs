use ring::hmac;
use serde_json::{Value, json};
use uuid::Uuid;
use vuzo_crypto::{Hs256Signer, ShortSecret};
use vuzo_domain::account::Role;
use vuzo_domain::id::{AccountId, SessionId, UserId};
use vuzo_domain::port::{Claims, Signer, TokenFault};
use vuzo_domain::time::Timestamp;

const SECRET: &[u8] = b"a secret of more than 32 bytes, for tests";
const ISSUED: i64 = 1_795_230_000;
const EXPIRES: i64 = ISSUED + 1_800;

fn signer() -> Hs256Signer {
    Hs256Signer::new(SECRET).unwrap()
}

fn claims() -> Claims {
    Claims {
        user: UserId::from_uuid(Uuid::from_u128(1)),
        account: AccountId::from_uuid(Uuid::from_u128(2)),
        role: Role::Admin,
        session: SessionId::from_uuid(Uuid::from_u128(3)),
        issued_at: Timestamp::from_secs(ISSUED),
        expires_at: Timestamp::from_secs(EXPIRES),
    }
}

fn now() -> Timestamp {
    Timestamp::from_secs(ISSUED + 60)
}

fn wire() -> Value {
    json!({
        "iss": "vuzo", "aud": "vuzo", "sub": claims().user.to_string(),
        "acc": claims().account.to_string(), "role": "admin",
        "sid": claims().session.to_string(), "iat": ISSUED, "exp": EXPIRES,
    })
}

fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = (0..3).fold(0_usize, |word, i| {
            (word << 8) | usize::from(chunk.get(i).copied().unwrap_or(0))
        });
        for sextet in 0..=chunk.len() {
            out.push(char::from(ALPHABET[(word >> (18 - 6 * sextet)) & 63]));
        }
    }
    out
}

/// A token as somebody would make it who has this key, written without the library
/// that reads it.
fn forge(header: &Value, payload: &str, key: &[u8]) -> String {
    let head = base64url(header.to_string().as_bytes());
    let message = format!("{head}.{}", base64url(payload.as_bytes()));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message.as_bytes());
    format!("{message}.{}", base64url(tag.as_ref()))
}

fn ours(payload: &Value) -> String {
    forge(
        &json!({"alg": "HS256", "typ": "JWT"}),
        &payload.to_string(),
        SECRET,
    )
}

fn with(claim: &str, value: Value) -> String {
    let mut payload = wire();
    payload[claim] = value;
    ours(&payload)
}

fn without(claim: &str) -> String {
    let mut payload = wire();
    payload.as_object_mut().unwrap().remove(claim);
    ours(&payload)
}

#[test]
fn tokens_round_trip() {
    let token = signer().sign(&claims());
    assert!(token.len() < 500, "{} bytes", token.len());
    assert_eq!(signer().verify(&token, now()), Ok(claims()));
    let member = Claims {
        role: Role::Member,
        ..claims()
    };
    assert_eq!(signer().verify(&signer().sign(&member), now()), Ok(member));
}

#[test]
fn tokens_are_what_any_jwt_library_makes() {
    assert_eq!(signer().verify(&ours(&wire()), now()), Ok(claims()));
    let begun = with("nbf", json!(now().as_secs()));
    assert_eq!(signer().verify(&begun, now()), Ok(claims()));
}

#[test]
fn the_clock_is_the_one_that_is_passed_in() {
    let token = signer().sign(&claims());
    let last = Timestamp::from_micros(EXPIRES * 1_000_000 - 1);
    assert_eq!(signer().verify(&token, last), Ok(claims()));
    for late in [EXPIRES, EXPIRES + 1, EXPIRES + 1_000_000_000] {
        let verdict = signer().verify(&token, Timestamp::from_secs(late));
        assert_eq!(verdict, Err(TokenFault::Expired), "{late}");
    }
    // Long ago by the wall clock, but not by the clock that counts.
    let ancient = Claims {
        issued_at: Timestamp::from_secs(1_000),
        expires_at: Timestamp::from_secs(2_000),
        ..claims()
    };
    let verdict = signer().verify(&signer().sign(&ancient), Timestamp::from_secs(1_500));
    assert_eq!(verdict, Ok(ancient));
}

#[test]
fn whoever_cannot_sign_for_us_is_refused() {
    let header = |alg: &str| json!({"alg": alg, "typ": "JWT"});
    let payload = wire().to_string();
    let unsigned = format!(
        "{}.{}.",
        base64url(header("none").to_string().as_bytes()),
        base64url(payload.as_bytes())
    );
    let cases = [
        (
            "another secret",
            forge(
                &header("HS256"),
                &payload,
                b"another secret, long enough for it",
            ),
        ),
        ("an empty secret", forge(&header("HS256"), &payload, b"")),
        ("no algorithm", unsigned.clone()),
        (
            "no algorithm, in other letters",
            unsigned.replacen("bm9uZ", "Tm9uZ", 1),
        ),
        (
            "no algorithm, but a signature",
            forge(&header("none"), &payload, SECRET),
        ),
        ("another MAC", forge(&header("HS512"), &payload, SECRET)),
        (
            "RSA in the header, the MAC in the tail",
            forge(&header("RS256"), &payload, SECRET),
        ),
        (
            "EdDSA in the header",
            forge(&header("EdDSA"), &payload, SECRET),
        ),
        (
            "an algorithm nobody knows",
            forge(&header("HS257"), &payload, SECRET),
        ),
        (
            "no algorithm named",
            forge(&json!({"typ": "JWT"}), &payload, SECRET),
        ),
        ("nothing", String::new()),
        ("dots", "..".to_owned()),
        ("one part", "abc".to_owned()),
        ("an API key", "vz-sk_0000000000".to_owned()),
        ("not base64", "@@@.@@@.@@@".to_owned()),
        ("four parts", format!("{}.x", ours(&wire()))),
        ("too long", "x".repeat(1_000_000)),
        ("white space", format!(" {}", ours(&wire()))),
    ];
    for (what, token) in cases {
        assert_eq!(
            signer().verify(&token, now()),
            Err(TokenFault::Invalid),
            "{what}"
        );
    }
}

#[test]
fn every_changed_character_is_noticed() {
    let token = signer().sign(&claims());
    for position in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        let verdict = signer().verify(&changed, now());
        assert_eq!(
            verdict,
            Err(TokenFault::Invalid),
            "at {position}: {changed}"
        );
    }
}

#[test]
fn signed_claims_that_are_not_for_us_are_refused() {
    let cases = [
        ("another issuer", with("iss", json!("supabase"))),
        (
            "issuers of which one is us",
            with("iss", json!(["vuzo", "supabase"])),
        ),
        ("another audience", with("aud", json!("authenticated"))),
        (
            "audiences of which one is us",
            with("aud", json!(["vuzo", "other"])),
        ),
        ("no audience in the list", with("aud", json!([]))),
        (
            "a user of another kind",
            with("sub", json!(claims().account.to_string())),
        ),
        ("a user that is none", with("sub", json!("usr_1"))),
        ("an account that is none", with("acc", json!(""))),
        ("a role nobody knows", with("role", json!("owner"))),
        ("a session that is none", with("sid", json!("ses_"))),
        ("a time in words", with("exp", json!("tomorrow"))),
        ("a time with a fraction", with("exp", json!(1.8e9))),
        ("a time that is too big", with("exp", json!(u64::MAX))),
        ("not yet", with("nbf", json!(now().as_secs() + 1))),
        (
            "another kind of token",
            forge(
                &json!({"alg": "HS256", "typ": "refresh"}),
                &wire().to_string(),
                SECRET,
            ),
        ),
        (
            "an extension that must be understood",
            forge(
                &json!({"alg": "HS256", "crit": ["b64"], "b64": true}),
                &wire().to_string(),
                SECRET,
            ),
        ),
        ("no claims at all", ours(&json!({}))),
        ("a list for claims", ours(&json!([]))),
        (
            "a claim said twice",
            forge(
                &json!({"alg": "HS256"}),
                &wire().to_string().replacen('{', r#"{"role":"user","#, 1),
                SECRET,
            ),
        ),
    ];
    for (what, token) in cases {
        assert_eq!(
            signer().verify(&token, now()),
            Err(TokenFault::Invalid),
            "{what}"
        );
    }
    for claim in ["iss", "aud", "sub", "acc", "role", "sid", "iat", "exp"] {
        let verdict = signer().verify(&without(claim), now());
        assert_eq!(verdict, Err(TokenFault::Invalid), "without {claim}");
    }
}

#[test]
fn a_bad_token_that_is_also_old_is_bad() {
    let late = Timestamp::from_secs(EXPIRES + 1);
    let stranger = Hs256Signer::new(b"another secret, long enough for it").unwrap();
    assert_eq!(
        signer().verify(&stranger.sign(&claims()), late),
        Err(TokenFault::Invalid)
    );
}

#[test]
fn short_secrets_are_refused() {
    assert_eq!(Hs256Signer::new(b"").unwrap_err(), ShortSecret);
    assert_eq!(Hs256Signer::new(&[7; 15]).unwrap_err(), ShortSecret);
    assert!(Hs256Signer::new(&[7; 16]).is_ok());
    assert!(!format!("{:?}", signer()).contains("secret"));
}
