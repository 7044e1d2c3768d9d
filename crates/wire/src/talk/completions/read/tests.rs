use super::*;
use crate::talk::{Part, Role};

fn fault(body: &str) -> (Option<String>, Option<&'static str>) {
    let fault = read(body.as_bytes()).expect_err(body);
    (fault.param, fault.code)
}

#[test]
fn a_prompt_is_what_a_user_says() {
    for body in [
        r#"{"model":"m","prompt":"a\"b\u00e9","max_tokens":5,"stream":true,"stream_options":{"include_usage":true},"stop":["x"],"temperature":0.50,"user":"u","echo":false,"suffix":"","best_of":1,"logprobs":null,"messages":7,"tools":"x","unknown":{}}"#,
        r#" { "prompt" : [ "a\"b\u00e9" ] , "model" : "m" , "max_tokens" : 5 , "stream" : true, "stream_options" : {"include_usage":true}, "stop":"x","temperature":0.50, "user":"u" } "#,
    ] {
        let request = read(body.as_bytes()).expect(body);
        assert_eq!(request.model, "m");
        assert!(request.wants_usage && request.talk.stream);
        let talk = request.talk;
        assert_eq!((talk.output_limit, talk.answers), (Some(5), 1));
        assert_eq!(talk.stop, ["x"]);
        assert_eq!(talk.sampling.temperature.as_deref(), Some("0.50"));
        assert_eq!(talk.user.as_deref(), Some("u"));
        assert_eq!(talk.turns.len(), 1);
        assert_eq!(talk.turns[0].role, Role::User);
        assert!(
            matches!(&talk.turns[0].parts[..], [Part::Text { text, cache: None }] if text == "a\"bé")
        );
    }
}

#[test]
fn sixteen_tokens_are_promised() {
    for body in [
        r#"{"prompt":"x","model":"m"}"#,
        r#"{"model":"m","max_tokens":null,"prompt":"x"}"#,
    ] {
        let request = read(body.as_bytes()).expect(body);
        assert_eq!(request.talk.output_limit, Some(16), "{body}");
    }
}

#[test]
fn metadata_and_fallbacks_are_kept() {
    let body =
        r#"{"model":"m","models":["n"],"metadata":{"a":"b"},"prompt":"x","n":2,"best_of":2}"#;
    let request = read(body.as_bytes()).expect(body);
    assert_eq!(request.fallbacks, ["n"]);
    assert_eq!(request.metadata.as_deref(), Some(r#"{"a":"b"}"#));
    assert_eq!(request.talk.answers, 2);
}

/// Members beside the model, which of them is refused, and why.
const REFUSED: &[(&str, &str, &str)] = &[
    (r#""prompt":["a","b"]"#, "prompt", "unsupported_parameter"),
    (r#""prompt":[1,2]"#, "prompt", "unsupported_parameter"),
    (r#""prompt":[[1],[2]]"#, "prompt", "unsupported_parameter"),
    (r#""prompt":[]"#, "prompt", "empty_array"),
    (r#""prompt":[{}]"#, "prompt[0]", "invalid_type"),
    (r#""prompt":["a",1]"#, "prompt[1]", "invalid_type"),
    (r#""prompt":[1,"a"]"#, "prompt[1]", "invalid_type"),
    (r#""prompt":[1,-2]"#, "prompt[1]", "integer_below_min_value"),
    (r#""prompt":[[1],[]]"#, "prompt[1]", "empty_array"),
    (r#""prompt":[[1],2]"#, "prompt[1]", "invalid_type"),
    (r#""prompt":[[1],["a"]]"#, "prompt[1][0]", "invalid_type"),
    (r#""prompt":"\ud800""#, "prompt", "invalid_value"),
    (r#""prompt":{}"#, "prompt", "invalid_type"),
    (r#""prompt":7"#, "prompt", "invalid_type"),
    (r#""prompt":null"#, "prompt", "missing_required_parameter"),
    (r#""n":1"#, "prompt", "missing_required_parameter"),
    (r#""prompt":"a","prompt":"b""#, "prompt", "duplicate_key"),
    (r#""prompt":"a","n":1,"n":1"#, "n", "duplicate_key"),
    (r#""prompt":"a","n":null,"n":1"#, "n", "duplicate_key"),
    (
        r#""prompt":"a","echo":true"#,
        "echo",
        "unsupported_parameter",
    ),
    (r#""prompt":"a","echo":"yes""#, "echo", "invalid_type"),
    (
        r#""prompt":"a","suffix":"z""#,
        "suffix",
        "unsupported_parameter",
    ),
    (r#""prompt":"a","suffix":1"#, "suffix", "invalid_type"),
    (
        r#""prompt":"a","best_of":3"#,
        "best_of",
        "unsupported_parameter",
    ),
    (
        r#""prompt":"a","n":3,"best_of":2"#,
        "best_of",
        "invalid_value",
    ),
    (r#""prompt":"a","best_of":"2""#, "best_of", "invalid_type"),
    (
        r#""prompt":"a","logprobs":0"#,
        "logprobs",
        "unsupported_parameter",
    ),
    (r#""prompt":"a","logprobs":6"#, "logprobs", "invalid_value"),
    (r#""prompt":"a","best_of":129"#, "best_of", "invalid_value"),
    (
        r#""prompt":"a","logit_bias":1"#,
        "logit_bias",
        "invalid_type",
    ),
    (
        r#""prompt":"a","best_of":2,"stream":true"#,
        "best_of",
        "unsupported_parameter",
    ),
    (
        r#""prompt":"a","max_tokens":0,"echo":false"#,
        "max_tokens",
        "integer_below_min_value",
    ),
    (
        r#""prompt":"a","logprobs":true"#,
        "logprobs",
        "invalid_type",
    ),
    (
        r#""prompt":"a","logit_bias":{"1":1}"#,
        "logit_bias",
        "unsupported_parameter",
    ),
    (
        r#""prompt":"a","max_tokens":"5""#,
        "max_tokens",
        "invalid_type",
    ),
    (
        r#""prompt":"a","max_tokens":0"#,
        "max_tokens",
        "integer_below_min_value",
    ),
    (r#""prompt":"a","n":1.5"#, "n", "invalid_type"),
    (
        r#""prompt":"a","stream_options":{}"#,
        "stream_options",
        "invalid_value",
    ),
    (
        r#""prompt":"a","metadata":{"a":1}"#,
        "metadata.a",
        "invalid_type",
    ),
    (r#""prompt":"a","model":"n""#, "model", "duplicate_key"),
];

#[test]
fn what_chat_models_cannot_do_is_refused_by_its_name() {
    for (members, param, code) in REFUSED {
        let body = format!(r#"{{"model":"m",{members}}}"#);
        assert_eq!(
            fault(&body),
            (Some((*param).to_owned()), Some(*code)),
            "{body}"
        );
    }
    assert_eq!(
        fault(r#"{"prompt":"a"}"#),
        (Some("model".to_owned()), Some("missing_required_parameter"))
    );
}

#[test]
fn what_is_no_json_object_is_refused_as_such() {
    for body in [
        "",
        "[]",
        "{",
        "x",
        r#"{"prompt":"a"} x"#,
        r#"{"model":"m","prompt":"a"}}"#,
        r#"{"prompt":"\q"}"#,
    ] {
        assert_eq!(fault(body), (None, None), "{body}");
    }
    assert!(read(b"{\"model\":\"m\",\"prompt\":\"\xff\"}").is_err());
    let body = br#" {"model":"m","prompt":["a b"],"n":2,"best_of":2,"stop":["x"]} "#;
    for at in 0..body.len() {
        let _prefix = read(&body[..at]);
        for byte in 0..=127_u8 {
            let mut changed = body.to_vec();
            changed[at] = byte;
            let _read = read(&changed);
        }
    }
    let body = br#"{"model":"m","prompt":[[1,2],[3]],"echo":true,"best_of":2,"max_tokens":0}"#;
    for at in 0..body.len() {
        assert!(admit(&body[..at]).is_err());
        for byte in 0..=127_u8 {
            let mut changed = body.to_vec();
            changed[at] = byte;
            let _admitted = admit(&changed);
        }
    }
}

/// Members beside the model; answers made, bytes, the limit; and what is refused of them
/// where the wire is another.
type Admission = (&'static str, (u32, u64, u64), Option<&'static str>);

const ADMITTED: &[Admission] = &[
    (r#""prompt":"four""#, (1, 20, 16), None),
    (r#""prompt":["four"],"n":3"#, (3, 20, 16), None),
    (
        r#""prompt":["a","bc"],"max_tokens":5"#,
        (2, 16 + 3 + 32, 5),
        Some("prompt"),
    ),
    (
        r#""prompt":["a","","\u00e9"],"n":2"#,
        (6, 16 + 3 + 48, 16),
        Some("prompt"),
    ),
    (r#""prompt":[7,8,9]"#, (1, 16 + 3 + 16, 16), Some("prompt")),
    (
        r#""prompt":[[7,8,9],[1]],"n":2,"best_of":5"#,
        (10, 16 + 4 + 32, 16),
        Some("prompt"),
    ),
    (
        r#""prompt":"four","suffix":"end""#,
        (1, 20 + 5, 16),
        Some("suffix"),
    ),
    (
        r#""prompt":"four","echo":true,"max_tokens":0,"logprobs":1"#,
        (1, 20, 0),
        Some("echo"),
    ),
    (
        r#""prompt":"four","logprobs":5,"stream":true,"best_of":1"#,
        (1, 20, 16),
        Some("logprobs"),
    ),
    (
        r#""prompt":"four","logit_bias":{"50256":-100}"#,
        (1, 20, 16),
        Some("logit_bias"),
    ),
    (
        r#""prompt":"four","n":2,"best_of":4"#,
        (4, 20, 16),
        Some("best_of"),
    ),
];

#[test]
fn a_provider_of_this_wire_may_be_asked_for_more() {
    for (members, expected, refused) in ADMITTED {
        let body = format!(r#"{{"model":"m",{members}}}"#);
        let admitted = admit(body.as_bytes()).expect(&body);
        let told = (
            admitted.answers,
            admitted.prompt_bytes,
            admitted.output_limit,
        );
        assert_eq!(told, *expected, "{body}");
        assert_eq!(admitted.request.talk.output_limit, Some(expected.2));
        let fault = admitted.native_only.and_then(|fault| fault.param);
        assert_eq!(fault.as_deref(), *refused, "{body}");
        assert_eq!(read(body.as_bytes()).is_err(), refused.is_some(), "{body}");
    }
}

#[test]
fn there_is_an_end_to_prompts() {
    let many = vec!["\"x\""; 2_048].join(",");
    let body = |more: &str| format!(r#"{{"model":"m","prompt":[{many}{more}]}}"#);
    let admitted = admit(body("").as_bytes()).expect("as many as may be");
    assert_eq!(admitted.answers, 2_048);
    let fault = admit(body(",\"x\"").as_bytes()).expect_err("one more");
    assert_eq!(fault.code, Some("array_above_max_length"));
}
