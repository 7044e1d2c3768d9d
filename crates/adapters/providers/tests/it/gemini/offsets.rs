//! Gemini failing at every byte of a recorded answer, in every way.

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use vuzo_domain::chat::FaultKind;
use vuzo_providers::{HttpClient, Patience};

use super::{ANSWER, FIRST, LAST, adapter_over, recorded_stream};
use crate::fake::{Act, Fake, plain_call, short_patience, whole};
use crate::outcome::{self, Outcome};

const WAYS: [&str; 6] = ["close", "reset", "half-close", "stall", "rubbish", "flip"];

/// The answer up to the offset that the path names, then the trouble that it names.
fn acts(path: &str, answer: &[u8]) -> Vec<Act> {
    let mut words = path.split('/').skip(1);
    let way = words.next().expect("a way");
    let offset: usize = words.next().expect("an offset").parse().expect("a number");
    let (before, after) = answer.split_at(offset);
    let begin = Act::Send(before.to_vec());
    match way {
        "close" => vec![begin, Act::Close],
        "reset" => vec![begin, Act::Reset],
        "half-close" => vec![begin, Act::HalfClose],
        "stall" => vec![begin, Act::Stall],
        "rubbish" => vec![
            begin,
            Act::Send(b"\xff\x00}{ rubbish \r\n\r\ndata: {]\n\n\n\n".repeat(3)),
            Act::Close,
        ],
        _ => {
            let mut after = after.to_vec();
            if let Some(byte) = after.first_mut() {
                *byte ^= 0x55;
            }
            vec![begin, Act::Send(after), Act::Close]
        }
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
    // What a changed byte makes of the lengths in the head may be a wait without end.
    let impatient = HttpClient::new(impatient()).expect("client");
    let client_for = |case: &str| {
        if case.starts_with("stall") || case.starts_with("flip") {
            impatient.clone()
        } else {
            patient.clone()
        }
    };
    stream::iter(cases)
        .map(|case| (client_for(&case), case))
        .map(|(client, case)| async move {
            let adapter = adapter_over(&format!("{base_url}/{case}"), client);
            let outcome = outcome::of(&adapter, &plain_call(is_stream)).await;
            (case, outcome.map_err(|fault| fault.kind))
        })
        .buffer_unordered(48)
        .collect()
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_fails_anywhere_has_one_ending() {
    let answer = recorded_stream();
    let find = |needle: &str| {
        answer
            .windows(needle.len())
            .position(|window| window == needle.as_bytes())
            .expect("in the answer")
    };
    let spoken = find(FIRST) + FIRST.len();
    // From here on the customer has the whole text.
    let complete = find(LAST) + LAST.len() + "\r\n\r\n".len();
    let outcomes = play(answer.clone(), true).await;
    assert_eq!(outcomes.len(), WAYS.len() * (answer.len() + 1));
    for (case, outcome) in outcomes {
        let (way, offset) = case.split_once('/').expect("a case");
        let offset: usize = offset.parse().expect("a number");
        let (ended_well, content) = match &outcome {
            Err(kind) => {
                check_kind(kind, &case);
                (false, String::new())
            }
            Ok(Outcome::Whole(_)) => panic!("{case}: not a stream"),
            Ok(Outcome::Stream(told)) => {
                let content = String::from_utf8(told.content.clone()).expect("text");
                match told.ending.as_ref() {
                    None => panic!("{case}: no ending"),
                    Some(Ok(end)) => {
                        assert_eq!(told.output_bytes, end.report.output_bytes, "{case}");
                        assert!(!end.frames.is_empty(), "{case}: the end is missing");
                        (true, content)
                    }
                    Some(Err(fault)) => {
                        check_kind(&fault.kind, &case);
                        assert!(fault.report.is_some(), "{case}: nothing is reported");
                        (false, content)
                    }
                }
            }
        };
        if way == "flip" {
            continue;
        }
        assert!(content.matches("Grüße").count() <= 1, "{case}");
        // On a busy machine, so short a patience may be over before anything has come.
        let is_late = way == "stall" && !content.contains("Grüße");
        if offset > spoken + 4 && way != "reset" && !is_late {
            assert!(content.contains("Grüße"), "{case}: {outcome:?}");
        }
        // Rubbish after a whole frame is an event of its own; the rest is a break.
        if offset >= complete && way != "rubbish" && !is_late {
            assert!(ended_well, "{case}: {outcome:?}");
        }
        if offset + 4 < complete {
            assert!(!ended_well, "{case}: {outcome:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_answer_that_fails_anywhere_is_whole_or_a_fault() {
    let answer = whole("200 OK", "application/json", ANSWER.as_bytes());
    let length = answer.len();
    for (case, outcome) in play(answer, false).await {
        let (way, offset) = case.split_once('/').expect("a case");
        match outcome {
            Ok(Outcome::Whole(_)) => {
                assert!(offset == length.to_string() || way == "flip", "{case}");
            }
            Ok(Outcome::Stream(_)) => panic!("{case}: a stream"),
            Err(kind) => {
                check_kind(&kind, &case);
                assert_ne!(offset, length.to_string(), "{case}: {kind:?}");
            }
        }
    }
}

/// Only the provider is to blame, whatever is left of its status.
fn check_kind(kind: &FaultKind, case: &str) {
    let is_flipped = case.starts_with("flip");
    let is_broken = matches!(
        kind,
        FaultKind::Unreachable | FaultKind::TimedOut | FaultKind::Garbled
    );
    assert!(is_broken || is_flipped, "{case}: {kind:?}");
}
