//! Gemini failing at every byte of a recorded answer, in every way.

use super::{ANSWER, FIRST, LAST, adapter_over, recorded_stream};
use crate::failing::{Failing, WAYS, check_kind, parsed};
use crate::fake::{plain_call, whole};
use crate::outcome::Outcome;

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
    let failing = Failing {
        answer: answer.clone(),
        late: complete.saturating_sub(4),
        ways: &WAYS,
        asked: &plain_call(true),
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
    let failing = Failing {
        answer,
        late: length,
        ways: &WAYS,
        asked: &plain_call(false),
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
