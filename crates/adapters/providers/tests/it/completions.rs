//! Completions that are asked for and answered in the customer's own wire.

use std::sync::Arc;

use vuzo_domain::catalog::ProviderId;
use vuzo_domain::chat::{Endpoint, FaultKind, Reply, UpstreamCall};
use vuzo_domain::port::{ChatProvider, Clock};
use vuzo_domain::time::Timestamp;
use vuzo_providers::{Bridged, Dialect};

use crate::fake::{Act, Fake, call, streamed, whole};
use crate::outcome::{self, Outcome};

const ANSWER: &str = r#"{"id":"cmpl-1","object":"text_completion","created":1795168800,"model":"davinci-002","choices":[{"text":"one","index":0,"logprobs":null,"finish_reason":"stop"},{"text":"two","index":1,"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":2,"completion_tokens":2,"total_tokens":4}}"#;

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(1_795_262_400)
    }
}

fn asking(body: &str, stream: bool, words: &[&str]) -> UpstreamCall {
    let mut call = call(body, stream, true, 2);
    Arc::make_mut(&mut call.envelope).endpoint = Endpoint::Completions;
    call.capabilities = words.iter().map(|word| (*word).to_owned()).collect();
    call
}

/// As the gateway puts it together: asked natively where the model allows.
fn bridged(fake: &Fake) -> Bridged {
    const SPOKEN: &[Endpoint] = &[Endpoint::ChatCompletions, Endpoint::Completions];
    let adapter = Arc::new(fake.adapter(Dialect::OpenAi));
    Bridged::new(adapter, Arc::new(Noon), Dialect::OpenAi).speaking(SPOKEN)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_chat_can_say_reaches_a_model_for_completions() {
    for (asked, limit, sent) in [
        (
            r#"{"model":"m","prompt":["a","b"],"echo":true,"logprobs":2,"metadata":{"a":"b"},"models":["o"]}"#,
            None,
            r#"{"model":"upstream-model","prompt":["a","b"],"echo":true,"logprobs":2}"#,
        ),
        (
            r#"{"model":"m","prompt":[[1,2],[3]],"max_tokens":90,"best_of":1}"#,
            Some(40),
            r#"{"model":"upstream-model","prompt":[[1,2],[3]],"best_of":1,"max_tokens":40}"#,
        ),
        (
            r#"{"model":"m","prompt":"a","suffix":"z","sim":{}}"#,
            None,
            r#"{"model":"upstream-model","prompt":"a","suffix":"z"}"#,
        ),
    ] {
        let fake = Fake::saying(whole("200 OK", "application/json", ANSWER.as_bytes())).await;
        let mut call = asking(asked, false, &["completions"]);
        call.output_limit = limit;
        let Ok(Reply::Whole(reply)) = bridged(&fake).open(&call).await else {
            panic!("no answer to {asked}");
        };
        assert_eq!(reply.body, ANSWER, "not a byte is changed");
        assert_eq!(reply.report.output_bytes, 6);
        let seen = fake.seen().remove(0);
        assert_eq!(seen.path, "/completions");
        assert_eq!(String::from_utf8_lossy(&seen.body), sent);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_for_chats_is_asked_in_its_own_wire_or_not_at_all() {
    let said = r#"{"id":"a","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}"#;
    let fake = Fake::saying(whole("200 OK", "application/json", said.as_bytes())).await;
    let provider = bridged(&fake);
    assert_eq!(provider.id(), ProviderId::new("played").expect("id"));
    let asked = asking(r#"{"model":"m","prompt":["a"]}"#, false, &["chat"]);
    let reply = provider.open(&asked).await;
    assert!(matches!(reply, Ok(Reply::Whole(_))), "{reply:?}");
    assert_eq!(fake.seen()[0].path, "/chat/completions");
    for (members, field) in [
        (r#""prompt":["a","b"]"#, "prompt"),
        (r#""prompt":[1,2]"#, "prompt"),
        (r#""prompt":"a","logprobs":1"#, "logprobs"),
        (r#""prompt":"a","best_of":2"#, "best_of"),
        (r#""prompt":"a","suffix":"b""#, "suffix"),
    ] {
        let body = format!(r#"{{"model":"m",{members}}}"#);
        let refused = provider.open(&asking(&body, false, &["chat"])).await;
        let fault = refused.expect_err(&body);
        let FaultKind::BadRequest { status, param, .. } = fault.kind else {
            panic!("{fault:?}");
        };
        assert_eq!((status, param.as_deref()), (400, Some(field)), "{body}");
    }
    assert_eq!(fake.seen().len(), 1, "nothing else was asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_cut_anywhere_has_one_ending() {
    const HEAD: &str = "data: {\"id\":\"c\",\"object\":\"text_completion\",\"choices\":";
    let frames = [
        format!("{HEAD}[{{\"index\":0,\"text\":\"é\",\"finish_reason\":null}}]}}\n\n"),
        format!("{HEAD}[{{\"index\":1,\"text\":\"b\",\"finish_reason\":\"stop\"}}]}}\n\n"),
        format!("{HEAD}[{{\"index\":0,\"text\":\"c\",\"finish_reason\":\"length\"}}]}}\n\n"),
        format!("{HEAD}[],\"usage\":{{\"prompt_tokens\":2,\"completion_tokens\":3}}}}\n\n"),
        "data: [DONE]\n\n".to_owned(),
    ];
    let pieces: Vec<&[u8]> = frames.iter().map(String::as_bytes).collect();
    let answer = streamed(&pieces);
    let last_content = b"\"length\"}]}\n\n";
    let complete = answer
        .windows(last_content.len())
        .position(|window| window == last_content)
        .expect("the end of the content")
        + last_content.len();
    let body = r#"{"model":"m","prompt":["a","b"],"stream":true}"#;
    for end in 0..=answer.len() {
        let cut = answer[..end].to_vec();
        let fake = Fake::start(move |_| vec![Act::Send(cut.clone()), Act::Close]).await;
        let outcome = outcome::of(&bridged(&fake), &asking(body, true, &["completions"])).await;
        let ended_well = match outcome {
            Err(_) => false,
            Ok(Outcome::Whole(_)) => panic!("cut at {end}: not a stream"),
            Ok(Outcome::Stream(told)) => told.ending.expect("an ending").is_ok(),
        };
        if end >= complete {
            assert!(ended_well, "cut at {end}");
        }
        if end + 4 < complete {
            assert!(!ended_well, "cut at {end}");
        }
    }
}
