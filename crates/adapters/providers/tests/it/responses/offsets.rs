//! A provider that fails at every byte of a stream, in every way.

use futures_util::stream::{self, StreamExt as _};
use vuzo_providers::{Dialect, HttpClient};

use super::plain_call;
use crate::failing::{acts, check_kind};
use crate::fake::{Fake, adapter_over, impatient, patient_at_first, short_patience, streamed};
use crate::outcome::{self, Outcome};

const FRAMES: [&str; 5] = [
    "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"r\",\"output\":[]}}\n\n",
    ": keep-alive\n\n",
    "event: response.output_text.delta\r\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":1,\"delta\":\"Grüße 🦀\"}\r\n\r\n",
    "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":2,\"delta\":\"!\"}\n\n",
    "event: response.completed\ndata: {\"type\":\"response.completed\",\"sequence_number\":3,\"response\":{\"id\":\"r\",\"output\":[],\"usage\":{\"input_tokens\":3,\"output_tokens\":2}}}\n\n",
];

const WAYS: [&str; 5] = ["close", "reset", "half-close", "rubbish", "stall"];

/// A stall is waited for, so it is tried at fewer places.
const STALL_STEP: usize = 7;

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_fails_anywhere_has_one_ending() {
    let answer = streamed(&FRAMES.map(str::as_bytes));
    let length = answer.len();
    let last = b"\"output_tokens\":2}}}\n\n";
    let whole = answer
        .windows(last.len())
        .position(|window| window == last)
        .expect("in the answer")
        + last.len();
    let script = answer.clone();
    let fake = Fake::start(move |request| acts(&request.path, &script)).await;
    let patient = HttpClient::new(short_patience()).expect("client");
    let impatient = HttpClient::new(impatient()).expect("client");
    let patient_at_first = HttpClient::new(patient_at_first()).expect("client");
    let cases = WAYS.iter().flat_map(|way| {
        let step = if *way == "stall" { STALL_STEP } else { 1 };
        (0..=length).step_by(step).map(move |offset| (*way, offset))
    });
    let base_url = &fake.base_url;
    let client_for = |way: &str, offset: usize| match way {
        "stall" if offset + 3 < whole => impatient.clone(),
        "stall" => patient_at_first.clone(),
        _ => patient.clone(),
    };
    let outcomes: Vec<_> = stream::iter(cases)
        .map(|(way, offset)| (way, offset, client_for(way, offset)))
        .map(|(way, offset, client)| async move {
            let url = format!("{base_url}/{way}/{offset}");
            let adapter = adapter_over(&url, Dialect::OpenAi, client);
            (way, offset, outcome::of(&adapter, &plain_call(true)).await)
        })
        .buffer_unordered(48)
        .collect()
        .await;
    assert!(outcomes.len() > 4 * length);
    for (way, offset, outcome) in outcomes {
        let case = format!("{way}/{offset}");
        let ended_well = match outcome {
            Err(fault) => {
                check_kind(&fault.kind, &case);
                false
            }
            Ok(Outcome::Whole(_)) => panic!("{case}: not a stream"),
            Ok(Outcome::Stream(told)) => match told.ending.expect("an ending") {
                Ok(end) => {
                    assert_eq!(told.output_bytes, end.report.output_bytes, "{case}");
                    let consumption = end.report.consumption.expect("counts");
                    assert_eq!((consumption.input, consumption.output), (3, 2), "{case}");
                    let frame = end.usage_frame.expect("the last event");
                    assert!(frame.starts_with(b"event: response.completed\n"), "{case}");
                    true
                }
                Err(fault) => {
                    check_kind(&fault.kind, &case);
                    false
                }
            },
        };
        // The blank line that ends the last event may be missing at the end.
        if offset >= whole {
            assert!(ended_well, "{case}");
        }
        if offset + 3 < whole {
            assert!(!ended_well, "{case}");
        }
    }
}
