use super::*;

type Reader = fn(&mut Fields<'_>) -> Result<(), Fault>;

fn refusal(body: &str, read: Reader) -> (String, Option<String>) {
    let read = |body: &[u8]| {
        let mut fields = Fields::parse(body)?;
        read(&mut fields)?;
        fields.finish()
    };
    let fault = read(body.as_bytes()).expect_err(body);
    let json: serde_json::Value = serde_json::from_slice(&fault.body().to_json()).unwrap();
    let word = |name: &str| json["error"][name].as_str().map(ToOwned::to_owned);
    (word("code").unwrap_or_default(), word("param"))
}

fn check(read: Reader, rows: &[(&str, &str, &str)]) {
    for (body, code, param) in rows {
        let named = (!param.is_empty()).then(|| (*param).to_owned());
        assert_eq!(refusal(body, read), ((*code).to_owned(), named), "{body}");
    }
}

const TYPE: &str = "invalid_type";
const VALUE: &str = "invalid_value";
const MISSING: &str = "missing_required_parameter";
const UNKNOWN: &str = "unknown_field";
const TWICE: &str = "duplicate_key";

#[test]
fn texts_and_lists_are_refused_by_name() {
    check(
        |fields| fields.required_text("name").map(drop),
        &[
            ("{}", MISSING, "name"),
            (r#"{"name":null}"#, MISSING, "name"),
            (r#"{"name":1}"#, TYPE, "name"),
            (r#"{"name":["a"]}"#, TYPE, "name"),
            (r#"{"name":"a\u0000"}"#, VALUE, "name"),
            (r#"{"name":"\ud800"}"#, VALUE, "name"),
            (r#"{"name":"a","name":"b"}"#, TWICE, "name"),
            (r#"{"name":"a","n\u0061me":"b"}"#, TWICE, "name"),
            (r#"{"name":"a","nam":"b"}"#, UNKNOWN, "nam"),
        ],
    );
    check(
        |fields| fields.texts("models").map(drop),
        &[
            (r#"{"models":"a"}"#, TYPE, "models"),
            (r#"{"models":["a",2]}"#, TYPE, "models[1]"),
        ],
    );
}

#[test]
fn counts_are_refused_by_name() {
    check(
        |fields| fields.count("limit").map(drop),
        &[
            (r#"{"limit":-1}"#, VALUE, "limit"),
            (r#"{"limit":1.5}"#, VALUE, "limit"),
            (r#"{"limit":1e3}"#, VALUE, "limit"),
            (r#"{"limit":9000000000000001}"#, VALUE, "limit"),
            (r#"{"limit":99999999999999999999999}"#, VALUE, "limit"),
            (r#"{"limit":"5"}"#, TYPE, "limit"),
        ],
    );
}

#[test]
fn fields_inside_are_named_by_their_path() {
    check(
        |fields| {
            if let Some(mut limits) = fields.object("limits")? {
                limits.count("requests")?;
                limits.finish()?;
            }
            Ok(())
        },
        &[
            (r#"{"limits":[]}"#, TYPE, "limits"),
            (r#"{"limits":{"requests":"x"}}"#, TYPE, "limits.requests"),
            (r#"{"limits":{"nonsense":1}}"#, UNKNOWN, "limits.nonsense"),
            (r#"{"limits":{"a":1,"a":2}}"#, TWICE, "limits.a"),
        ],
    );
}

#[test]
fn what_is_no_object_names_nothing() {
    let bodies = [
        "",
        "  ",
        "[]",
        "\"text\"",
        "{",
        "{}}",
        r#"{"a":}"#,
        r#"{"a":01}"#,
        r#"{"a":NaN}"#,
    ];
    let rows = bodies.map(|body| (body, "", ""));
    check(|_| Ok(()), &rows);
}

#[test]
fn deep_nesting_and_many_members_cost_nothing() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(30_000), "]".repeat(30_000));
    assert_eq!(refusal(&deep, |_| Ok(())).0, "unknown_field");
    let many: Vec<String> = (0..200).map(|at| format!("\"k{at}\":1")).collect();
    let many = format!("{{{}}}", many.join(","));
    assert_eq!(refusal(&many, |_| Ok(())), (String::new(), None));
}

#[test]
fn decimals_keep_every_digit() {
    for (json, expected) in [
        ("\"12.50\"", "12.50"),
        ("12.50", "12.50"),
        ("0.1234567890123456789", "0.1234567890123456789"),
        ("-3", "-3"),
    ] {
        let body = format!("{{\"amount\":{json}}}");
        let mut fields = Fields::parse(body.as_bytes()).unwrap();
        assert_eq!(fields.decimal("amount").unwrap().as_deref(), Some(expected));
    }
}

#[test]
fn changes_tell_absent_from_null() {
    let mut fields = Fields::parse(br#"{"a":null,"b":5}"#).unwrap();
    assert_eq!(fields.given_count("a").unwrap(), Given::Null);
    assert_eq!(fields.given_count("b").unwrap(), Given::Value(5));
    assert_eq!(fields.given_count("c").unwrap(), Given::Absent);
    assert_eq!(Given::Absent.over(Some(1)), Some(1));
    assert_eq!(Given::Null.over(Some(1)), None);
    assert_eq!(Given::Value(2).over(Some(1)), Some(2));
    fields.finish().unwrap();
}
