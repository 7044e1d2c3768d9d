//! Anthropic failing at every byte of a recorded answer, in every way.

use vuzo_domain::chat::UpstreamCall;

use super::{ANSWER, FRAMES, adapter_over, native_call, recorded_stream};
use crate::failing::{Failing, WAYS, check_kind, parsed};
use crate::fake::{plain_call, whole};
use crate::outcome::Outcome;

async fn every_stream_has_one_ending(asked: UpstreamCall) {
    let answer = recorded_stream();
    let find = |needle: &str| {
        answer
            .windows(needle.len())
            .position(|window| window == needle.as_bytes())
            .expect("in the answer")
    };
    let spoken = find(FRAMES[3]) + FRAMES[3].len();
    // From here on the customer has the whole text, and the provider has said why it ends.
    let complete = find(FRAMES[6]) + FRAMES[6].len();
    let failing = Failing {
        answer: answer.clone(),
        late: complete,
        ways: &WAYS,
        asked: &asked,
    };
    let outcomes = failing.play(adapter_over).await;
    assert_eq!(outcomes.len(), WAYS.len() * (answer.len() + 1));
    for (case, outcome) in outcomes {
        let (way, offset) = parsed(&case);
        let (ended_well, content) = match &outcome {
            Err(kind) => {
                check_kind(kind, &case);
                (false, String::new())
            }
            Ok(Outcome::Whole(_)) => panic!("{case}: not a stream"),
            Ok(Outcome::Stream(told)) => {
                let content = String::from_utf8_lossy(&told.content).into_owned();
                match told.ending.as_ref() {
                    None => panic!("{case}: no ending"),
                    Some(Ok(end)) => {
                        assert_eq!(told.output_bytes, end.report.output_bytes, "{case}");
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
        if offset > spoken + 4 && !matches!(way, "reset" | "stall") {
            assert!(content.contains("Grüße"), "{case}: {outcome:?}");
        }
        // Rubbish after a whole frame is an event of its own, and a reset may overtake what
        // was sent before it; the rest is a break.
        if offset >= complete && !matches!(way, "rubbish" | "reset") {
            assert!(ended_well, "{case}: {outcome:?}");
        }
        if offset + 4 < complete {
            assert!(!ended_well, "{case}: {outcome:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_translated_stream_that_fails_anywhere_has_one_ending() {
    every_stream_has_one_ending(plain_call(true)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passed_stream_that_fails_anywhere_has_one_ending() {
    every_stream_has_one_ending(native_call(true)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_answer_that_fails_anywhere_is_whole_or_a_fault() {
    let answer = whole("200 OK", "application/json", ANSWER.as_bytes());
    let length = answer.len();
    for asked in [plain_call(false), native_call(false)] {
        let failing = Failing {
            answer: answer.clone(),
            late: length,
            ways: &WAYS,
            asked: &asked,
        };
        for (case, outcome) in failing.play(adapter_over).await {
            let (way, offset) = parsed(&case);
            match outcome {
                Ok(Outcome::Whole(_)) => {
                    assert!(offset == length || way == "flip", "{case}");
                }
                Ok(Outcome::Stream(_)) => panic!("{case}: a stream"),
                Err(kind) => {
                    check_kind(&kind, &case);
                    assert_ne!(offset, length, "{case}: {kind:?}");
                }
            }
        }
    }
}
