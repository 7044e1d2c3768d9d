//! A provider that fails at every byte of a recorded answer, in every way.

use vuzo_providers::{Dialect, HttpClient, OpenAiShaped};

use crate::failing::{Failing, check_kind, parsed};
use crate::fake::{adapter_over, plain_call, streamed, whole};
use crate::outcome::Outcome;

const FRAMES: [&str; 6] = [
    ": OPENROUTER PROCESSING\n\n",
    "data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Grüße\"},\"finish_reason\":null}]}\n\n",
    "data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"🦀\"},\"finish_reason\":null}]}\r\n\r\n",
    "data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    "data: {\"id\":\"a\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n",
    "data: [DONE]\n\n",
];

/// What a changed byte makes of an answer is for the wires that are translated.
const WAYS: &[&str] = crate::failing::WAYS.split_at(5).0;

fn openrouter(url: &str, client: HttpClient) -> OpenAiShaped {
    adapter_over(url, Dialect::OpenRouter, client)
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
    let failing = Failing {
        answer: answer.clone(),
        late: complete.saturating_sub(4),
        ways: WAYS,
        asked: &plain_call(true),
    };
    let outcomes = failing.play(openrouter).await;
    assert_eq!(outcomes.len(), WAYS.len() * (answer.len() + 1));
    for (case, outcome) in outcomes {
        let (way, offset) = parsed(&case);
        let (ended_well, pieces) = match &outcome {
            Err(kind) => {
                check_kind(kind, &case);
                (false, 0)
            }
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
                Some(Err(fault)) => {
                    check_kind(&fault.kind, &case);
                    (false, frames_in(&told.content))
                }
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
    let failing = Failing {
        answer,
        late: length,
        ways: WAYS,
        asked: &plain_call(false),
    };
    for (case, outcome) in failing.play(openrouter).await {
        let (_, offset) = parsed(&case);
        match outcome {
            Ok(Outcome::Whole(reply)) => {
                assert_eq!(offset, length, "{case}");
                assert_eq!(reply.body, body);
            }
            Ok(Outcome::Stream(_)) => panic!("{case}: a stream"),
            Err(kind) => {
                check_kind(&kind, &case);
                assert_ne!(offset, length, "{case}: {kind:?}");
            }
        }
    }
}

fn frames_in(content: &[u8]) -> usize {
    content.windows(6).filter(|six| six == b"data: ").count()
}
