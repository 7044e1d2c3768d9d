use super::*;

fn ours(text: &[u8]) -> Result<(), JsonFault> {
    let mut cursor = Cursor::new(text);
    cursor.skip()?;
    cursor.end()
}

const SAMPLES: &[&str] = &[
    "",
    " ",
    "null",
    "nul",
    "nullx",
    "true",
    "tru",
    "false",
    "falsey",
    "0",
    "-0",
    "00",
    "01",
    "-",
    "1.",
    ".5",
    "1.5",
    "1e",
    "1e5",
    "1E+5",
    "1e-",
    "-1.5e-7",
    "+1",
    "1 2",
    "\"\"",
    "\"a",
    "\"a\"b",
    "\"\\n\"",
    "\"\\x\"",
    "\"\\u00e9\"",
    "\"\\u00g9\"",
    "\"\\u12",
    "\"\\",
    "\"tab\t\"",
    "\"nul\0\"",
    "\"éü😀\"",
    "{}",
    "{ }",
    "{,}",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1}",
    "{\"a\":1,}",
    "{\"a\":1 \"b\":2}",
    "{\"a\":1,,\"b\":2}",
    "{a:1}",
    "{\"a\":1}}",
    "{1:2}",
    "[]",
    "[,]",
    "[1,]",
    "[1 2]",
    "[1,2]",
    "[[],[{}]]",
    "[{\"a\":[1,{\"b\":null}]},\"x\"]",
    "[",
    "{",
    "]",
    "}",
    "[1}",
    "{\"a\":1]",
    "\0{}",
    "{}\0",
    "\u{feff}{}",
    "[\"long string that spans words\"]",
    "\"0123456\\\"89abcdef\"",
    "\"01234567\\\\\"",
    "\"1234567\u{1}\"",
    " [ 1 , 2 ] \n",
    "{\"a\" : \"b\" , \"c\":[ ] }",
];

#[test]
fn agrees_with_serde_json_on_every_sample_and_every_prefix() {
    for sample in SAMPLES {
        for end in 0..=sample.len() {
            let Some(text) = sample.get(..end) else {
                continue;
            };
            let theirs = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
            assert_eq!(
                ours(text.as_bytes()).is_ok(),
                theirs,
                "{text:?}: {:?}",
                ours(text.as_bytes())
            );
        }
    }
}

#[test]
fn agrees_with_serde_json_when_any_byte_is_replaced() {
    let base = r#"{"a":[1,-2.5e3,true,null,"x\n\u00e9 long enough"],"b":{"c":{}},"d":"é"}"#;
    for at in 0..base.len() {
        for byte in 0..=127_u8 {
            let mut bytes = base.as_bytes().to_vec();
            bytes[at] = byte;
            let Ok(text) = std::str::from_utf8(&bytes) else {
                continue;
            };
            let theirs = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
            assert_eq!(ours(text.as_bytes()).is_ok(), theirs, "{text:?}");
        }
    }
}

#[test]
fn nesting_is_bounded() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(ours(nested(64).as_bytes()), Ok(()));
    assert_eq!(
        ours(nested(65).as_bytes()).map_err(|fault| fault.problem),
        Err(Problem::TooDeep)
    );
    assert_eq!(
        ours("[".repeat(1_000_000).as_bytes()).map_err(|fault| fault.problem),
        Err(Problem::TooDeep)
    );
}

#[test]
fn depth_is_given_back_when_a_container_closes() {
    let many = format!("[{}0]", "[[]],".repeat(1000));
    assert_eq!(ours(many.as_bytes()), Ok(()));
}

#[test]
fn strings_decode_only_when_needed() {
    let mut cursor = Cursor::new(br#""a\u00e9\n""#);
    let text = cursor.string().unwrap();
    assert_eq!(text.raw(), br"a\u00e9\n");
    assert_eq!(text.decode().unwrap(), "aé\n");
    assert!(text.is("aé\n"));
    assert!(
        Cursor::new(br#""\ud800""#)
            .string()
            .unwrap()
            .decode()
            .is_none()
    );
}

#[test]
fn faults_say_where_and_what() {
    for (text, expected) in [
        ("[1", "it ends inside a value at byte 2"),
        ("[1;", "unexpected `;` at byte 2"),
        ("[\0]", "unexpected byte 0x00 at byte 1"),
        ("[1] x", "something follows the object at byte 4"),
        ("[\"\\q\"]", "a string holds an invalid escape at byte 2"),
        ("[1.]", "a number is malformed at byte 3"),
    ] {
        assert_eq!(ours(text.as_bytes()).unwrap_err().to_string(), expected);
    }
}

#[test]
fn edits_keep_every_other_byte() {
    let check = |src: &str, expected: &str| {
        let mut out = Vec::new();
        edit_object(
            src.as_bytes(),
            &mut out,
            |name, _, out| match name {
                "gone" => Edit::Drop,
                "set" => {
                    out.extend_from_slice(b"7");
                    Edit::Written
                }
                _ => Edit::Keep,
            },
            |comma, out| push_member(comma, "new", b"true", out),
        )
        .unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    };
    check("{}", r#"{"new":true}"#);
    check(" { } \n", " {\"new\":true } \n");
    check(r#"{"gone":1}"#, r#"{"new":true}"#);
    check(
        r#"{"a":1,"gone":[1,{}],"b":2}"#,
        r#"{"a":1,"b":2,"new":true}"#,
    );
    check(r#"{"gone":1 , "a" : 1}"#, r#"{"a" : 1,"new":true}"#);
    check(
        r#"{ "a": 1, "set" : "x" }"#,
        r#"{ "a": 1, "set" : 7,"new":true }"#,
    );
    check(r#"{"s\u0065t":1}"#, r#"{"s\u0065t":7,"new":true}"#);
}

#[test]
fn numbers_are_recognised() {
    assert!(
        ["0", "-1", "0.00014", "1.4e-05"]
            .iter()
            .all(|text| is_number(text))
    );
    assert!(
        ["", "01", "1x", ".5", "\"1\"", "1 "]
            .iter()
            .all(|text| !is_number(text))
    );
}
