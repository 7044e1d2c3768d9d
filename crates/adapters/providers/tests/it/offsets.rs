//! A provider that fails at every byte of a recorded answer, in every way.

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use vuzo_domain::chat::FaultKind;
use vuzo_providers::{Dialect, HttpClient, Patience};

use crate::fake::{Act, Fake, adapter_over, plain_call, short_patience, streamed, whole};
use crate::outcome::{self, Outcome};

const FRAMES: [&str; 6] = [
    ": OPENROUTER PROCESSING\n\n",
    "data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Grüße\"},\"finish_reason\":null}]}\n\n",
    "data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"🦀\"},\"finish_reason\":null}]}\r\n\r\n",
    "data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    "data: {\"id\":\"a\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n",
    "data: [DONE]\n\n",
];

const WAYS: [&str; 5] = ["close", "reset", "half-close", "stall", "rubbish"];

/// The answer up to the offset that the path names, then the trouble that it names.
fn acts(path: &str, answer: &[u8]) -> Vec<Act> {
    let mut words = path.split('/').skip(1);
    let way = words.next().expect("a way");
    let offset: usize = words.next().expect("an offset").parse().expect("a number");
    let begin = Act::Send(answer[..offset].to_vec());
    match way {
        "close" => vec![begin, Act::Close],
        "reset" => vec![begin, Act::Reset],
        "half-close" => vec![begin, Act::HalfClose],
        "stall" => vec![begin, Act::Stall],
        _ => vec![
            begin,
            Act::Send(b"\xff\x00}{ rubbish \r\n\r\ndata: {]\n\n\n\n".repeat(3)),
            Act::Close,
        ],
    }
}

/// For a provider that will never say more; the other ways end by themselves.
fn impatient() -> Patience {
    Patience {
        first_byte: Duration::from_millis(400),
        between_reads: Duration::from_millis(400),
        first_event: Duration::from_millis(20),
        ..short_patience()
    }
}

/// Plays every way at every offset and gives each outcome.
async fn play(answer: Vec<u8>, is_stream: bool) -> Vec<(String, Result<Outcome, FaultKind>)> {
    let length = answer.len();
    let fake = Fake::start(move |request| acts(&request.path, &answer)).await;
    let cases = WAYS
        .iter()
        .flat_map(|way| (0..=length).map(move |offset| format!("{way}/{offset}")));
    let base_url = &fake.base_url;
    let patient = HttpClient::new(short_patience()).expect("client");
    let impatient = HttpClient::new(impatient()).expect("client");
    let client_for = |case: &str| {
        if case.starts_with("stall") {
            impatient.clone()
        } else {
            patient.clone()
        }
    };
    stream::iter(cases)
        .map(|case| (client_for(&case), case))
        .map(|(client, case)| async move {
            let adapter = adapter_over(&format!("{base_url}/{case}"), Dialect::OpenRouter, client);
            let outcome = outcome::of(&adapter, &plain_call(is_stream)).await;
            (case, outcome.map_err(|fault| fault.kind))
        })
        .buffer_unordered(48)
        .collect()
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_fails_anywhere_has_one_ending() {
    let frames = FRAMES.map(str::as_bytes);
    let answer = streamed(&frames);
    let find = |needle: &str| {
        answer
            .windows(needle.len())
            .position(|window| window == needle.as_bytes())
            .expect("in the answer")
    };
    // From here on the customer has the whole text.
    let complete =
        find("\"finish_reason\":\"stop\"}]}\n") + "\"finish_reason\":\"stop\"}]}\n\n".len();
    let done = find("[DONE]\n\n") + "[DONE]\n\n".len();
    let full_text = 2;
    let outcomes = play(answer.clone(), true).await;
    assert_eq!(outcomes.len(), WAYS.len() * (answer.len() + 1));
    for (case, outcome) in outcomes {
        let (way, offset) = case.split_once('/').expect("a case");
        let offset: usize = offset.parse().expect("a number");
        let (ended_well, pieces) = match &outcome {
            Err(kind) => (false, check_kind(kind, &case)),
            Ok(Outcome::Whole(_)) => panic!("{case}: not a stream"),
            Ok(Outcome::Stream(told)) => match told.ending.as_ref() {
                None => panic!("{case}: no ending"),
                Some(Ok(end)) => {
                    assert_eq!(told.output_bytes, end.report.output_bytes, "{case}");
                    assert!(
                        !end.frames.is_empty(),
                        "{case}: the finish reason is missing"
                    );
                    (true, frames_in(&told.content))
                }
                Some(Err(fault)) => (
                    false,
                    check_kind(&fault.kind, &case).max(frames_in(&told.content)),
                ),
            },
        };
        assert!(pieces <= full_text, "{case}");
        if offset >= done {
            assert!(ended_well, "{case}: {outcome:?}");
        }
        // Rubbish after a whole frame is an event of its own; the rest is a break.
        if offset >= complete && way != "rubbish" {
            assert!(ended_well, "{case}: {outcome:?}");
        }
        if offset + 4 < complete {
            assert!(!ended_well, "{case}: {outcome:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_answer_that_fails_anywhere_is_whole_or_a_fault() {
    let body = r#"{"id":"a","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Grüße"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#;
    let answer = whole("200 OK", "application/json", body.as_bytes());
    let length = answer.len();
    for (case, outcome) in play(answer, false).await {
        let (_, offset) = case.split_once('/').expect("a case");
        match outcome {
            Ok(Outcome::Whole(reply)) => {
                assert_eq!(offset, length.to_string(), "{case}");
                assert_eq!(reply.body, body);
            }
            Ok(Outcome::Stream(_)) => panic!("{case}: a stream"),
            Err(kind) => {
                check_kind(&kind, &case);
                assert_ne!(offset, length.to_string(), "{case}: {kind:?}");
            }
        }
    }
}

/// Only the provider is to blame.
fn check_kind(kind: &FaultKind, case: &str) -> usize {
    assert!(
        matches!(
            kind,
            FaultKind::Unreachable | FaultKind::TimedOut | FaultKind::Garbled
        ),
        "{case}: {kind:?}"
    );
    0
}

fn frames_in(content: &[u8]) -> usize {
    content.windows(6).filter(|six| six == b"data: ").count()
}
