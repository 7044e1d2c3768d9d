use super::*;
use crate::embeddings::base64;

fn parse(body: &str) -> Result<EmbeddingsRequest<'_>, crate::chat::RequestFault> {
    EmbeddingsRequest::parse(body.as_bytes())
}

#[test]
fn every_form_of_input_is_read_and_weighed() {
    for (input, count, most, exact) in [
        (r#""hello""#, 1, 13, None),
        (r#"["a","\u00e4"]"#, 2, 19, None),
        ("[1,2,3]", 1, 3, Some(3)),
        ("[[1,2],[3]]", 2, 3, Some(3)),
        ("[ [0] , [2147483647] ]", 2, 2, Some(2)),
    ] {
        let body = format!(r#"{{"model":"m","input":{input}}}"#);
        let request = parse(&body).expect(input);
        assert_eq!(request.input.count(), count, "{input}");
        assert_eq!(request.input.most_tokens(), most, "{input}");
        assert_eq!(request.input.tokens(), exact, "{input}");
    }
}

#[test]
fn all_fields_are_read() {
    let request = parse(
        r#"{"model":"m","models":["n"],"fallbacks":["o"],"input":"x","encoding_format":"base64","dimensions":256,
            "user":"u","metadata":{"a":"b"},"stream":false,"later":[1]}"#,
    )
    .unwrap();
    assert_eq!((&*request.model, request.encoding), ("m", Encoding::Base64));
    assert_eq!(request.fallbacks, ["n", "o"]);
    assert_eq!(request.dimensions, Some(256));
    assert_eq!(request.user.as_deref(), Some("u"));
    assert_eq!(request.metadata, Some(r#"{"a":"b"}"#));
    let nulls = r#"{"model":"m","input":"x","encoding_format":null,"dimensions":null,"user":null}"#;
    assert_eq!(parse(nulls).unwrap().encoding, Encoding::Float);
}

#[test]
fn a_rewritten_body_has_the_providers_name_and_every_other_byte() {
    let body = r#"{"input": ["a"],"model":"mine","metadata":{},"models":[],"fallbacks":["f"],"stream":false,"user":"u","later":1.50}"#;
    let out = parse(body).unwrap().rewritten("theirs", &["user"]);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        r#"{"input": ["a"],"model":"theirs","later":1.50}"#
    );
}

const BAD: &[(&str, Option<&str>, Option<&str>)] = &[
    ("", None, None),
    ("[]", None, None),
    ("{", None, None),
    (r#"{"model":"m","input":"x"}}"#, None, None),
    (
        r#"{"input":"x"}"#,
        Some("model"),
        Some("missing_required_parameter"),
    ),
    (
        r#"{"model":"m"}"#,
        Some("input"),
        Some("missing_required_parameter"),
    ),
    (
        r#"{"model":"m","input":null}"#,
        Some("input"),
        Some("missing_required_parameter"),
    ),
    (
        r#"{"model":"m","input":5}"#,
        Some("input"),
        Some("invalid_type"),
    ),
    (
        r#"{"model":"m","input":""}"#,
        Some("input"),
        Some("invalid_value"),
    ),
    (
        r#"{"model":"m","input":[]}"#,
        Some("input"),
        Some("empty_array"),
    ),
    (
        r#"{"model":"m","input":["a",""]}"#,
        Some("input[1]"),
        Some("invalid_value"),
    ),
    (
        r#"{"model":"m","input":["a",1]}"#,
        Some("input[1]"),
        Some("invalid_type"),
    ),
    (
        r#"{"model":"m","input":[1,"a"]}"#,
        Some("input[1]"),
        Some("invalid_type"),
    ),
    (
        r#"{"model":"m","input":[1,-2]}"#,
        Some("input[1]"),
        Some("integer_below_min_value"),
    ),
    (
        r#"{"model":"m","input":[1.5]}"#,
        Some("input[0]"),
        Some("invalid_type"),
    ),
    (
        r#"{"model":"m","input":[4294967296]}"#,
        Some("input[0]"),
        Some("integer_above_max_value"),
    ),
    (
        r#"{"model":"m","input":[[1],[]]}"#,
        Some("input[1]"),
        Some("empty_array"),
    ),
    (
        r#"{"model":"m","input":[[1],["a"]]}"#,
        Some("input[1][0]"),
        Some("invalid_type"),
    ),
    (
        r#"{"model":"m","input":"x","dimensions":0}"#,
        Some("dimensions"),
        Some("integer_below_min_value"),
    ),
    (
        r#"{"model":"m","input":"x","encoding_format":"int8"}"#,
        Some("encoding_format"),
        Some("invalid_value"),
    ),
    (
        r#"{"model":"m","input":"x","stream":true}"#,
        Some("stream"),
        Some("invalid_value"),
    ),
    (
        r#"{"model":"m","input":"x","input":"y"}"#,
        Some("input"),
        Some("duplicate_key"),
    ),
    (
        r#"{"model":"m","input":"\ud800"}"#,
        Some("input"),
        Some("invalid_value"),
    ),
];

#[test]
fn bad_requests_name_their_field() {
    for (body, param, code) in BAD {
        let fault = parse(body).expect_err(body);
        assert_eq!(
            (fault.param.as_deref(), fault.code),
            (*param, *code),
            "{body}: {fault}"
        );
    }
    let texts = vec!["\"a\""; 2_049].join(",");
    let fault = parse(&format!(r#"{{"model":"m","input":[{texts}]}}"#)).unwrap_err();
    assert_eq!(fault.code, Some("array_above_max_length"));
    let half = format!("[{}]", vec!["1"; 150_001].join(","));
    let fault = parse(&format!(r#"{{"model":"m","input":[{half},{half}]}}"#)).unwrap_err();
    assert_eq!(fault.param.as_deref(), Some("input[1]"));
}

#[test]
fn nothing_panics_on_prefixes_and_mutations() {
    let body = r#"{"model":"m","input":[["1",2],[3,"\u00e4"]],"dimensions":1}"#.as_bytes();
    for end in 0..=body.len() {
        let _any = EmbeddingsRequest::parse(body.get(..end).unwrap_or_default()).is_ok();
    }
    let answer = br#"{"data":[{"embedding":[1]}],"model":"m","usage":{"prompt_tokens":5}}"#;
    for end in 0..=answer.len() {
        let _any = read_answer(answer.get(..end).unwrap_or_default()).is_ok();
    }
    for at in 0..body.len().max(answer.len()) {
        for byte in [b'"', b'{', b'[', b'9', 0, 0xff] {
            let mut mutated = body.to_vec();
            if let Some(place) = mutated.get_mut(at) {
                *place = byte;
            }
            let _any = EmbeddingsRequest::parse(&mutated).is_ok();
            let mut mutated = answer.to_vec();
            if let Some(place) = mutated.get_mut(at) {
                *place = byte;
            }
            let _any = read_answer(&mutated).is_ok();
        }
    }
}

#[test]
fn vectors_are_written_in_both_encodings() {
    let vectors = [vec![0.5_f32, -1.0], vec![0.25, f32::NAN]];
    let mut out = VectorsOut {
        model: "m",
        vectors: &vectors,
        encoding: Encoding::Float,
        prompt_tokens: 7,
    };
    assert_eq!(
        String::from_utf8(out.to_json()).unwrap(),
        r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5,-1]},{"object":"embedding","index":1,"embedding":[0.25,0]}],"model":"m","usage":{"prompt_tokens":7,"total_tokens":7}}"#
    );
    out.encoding = Encoding::Base64;
    // 0.5 and -1 as little-endian floats: 00 00 00 3f, 00 00 80 bf.
    let text = String::from_utf8(out.to_json()).unwrap();
    assert!(
        text.contains(r#""index":0,"embedding":"AAAAPwAAgL8=""#),
        "{text}"
    );
}

#[test]
fn base64_is_as_everywhere() {
    for (bytes, text) in [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ] {
        let mut out = Vec::new();
        base64::push(bytes.as_bytes(), &mut out);
        assert_eq!(out, text.as_bytes());
    }
    let mut out = Vec::new();
    base64::push(&[0xfb, 0xff, 0xbf], &mut out);
    assert_eq!(out, b"+/+/");
}

#[test]
fn a_providers_answer_is_read() {
    let read = |body: &str| read_answer(body.as_bytes());
    let summary = read(
        r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1]},{}],"model":"te-3","usage":{"prompt_tokens":5,"total_tokens":5}}"#,
    )
    .unwrap();
    let usage = summary.usage.unwrap();
    assert_eq!(
        (usage.prompt_tokens, usage.completion_tokens),
        (Some(5), Some(0))
    );
    assert_eq!(
        (summary.model.as_deref(), summary.vectors),
        (Some("te-3"), 2)
    );
    let total_only = read(r#"{"data":[],"usage":{"total_tokens":9}}"#).unwrap();
    assert_eq!(total_only.usage.unwrap().prompt_tokens, Some(9));
    let silent = read(r#"{"data":[]}"#).unwrap();
    assert_eq!((silent.usage, silent.error), (None, None));
    let empty = read(r#"{"data":[],"usage":{}}"#).unwrap();
    assert_eq!(empty.usage, None, "no count is no zero");
    let error = read(r#"{"error":{"message":"no","code":7}}"#).unwrap();
    assert_eq!(error.error.unwrap().message, "no");
    for body in [
        "",
        "<html></html>",
        "[]",
        "{}",
        r#"{"data":5}"#,
        r#"{"data":["#,
        r#"{"data":[]} x"#,
    ] {
        assert!(read(body).is_err(), "{body}");
    }
}
