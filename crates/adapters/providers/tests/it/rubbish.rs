//! Answers that are none.

use vuzo_domain::chat::FaultKind;
use vuzo_providers::Dialect;

use crate::fake::{Act, Fake, plain_call, streamed, whole};
use crate::outcome::{self, Outcome};

const HTML: &[u8] = b"<!doctype html><html><body>Welcome to the proxy</body></html>";

async fn fault_of(answer: Vec<u8>, is_stream: bool) -> FaultKind {
    let fake = Fake::saying(answer).await;
    let outcome = outcome::of(&fake.adapter(Dialect::OpenAi), &plain_call(is_stream)).await;
    match outcome {
        Err(fault) => fault.kind,
        Ok(Outcome::Stream(told)) => told.ending.expect("an ending").expect_err("a fault").kind,
        Ok(whole @ Outcome::Whole(_)) => panic!("{whole:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_answer_is_garbled() {
    for is_stream in [false, true] {
        for (content_type, body) in [
            ("text/html", HTML),
            ("application/json", HTML),
            ("text/event-stream", HTML),
            ("application/json", b"{\"choices\":[{\"index\":0"),
            ("application/json", b""),
            ("application/json", b"null"),
            ("application/json", b"[]"),
            ("application/json", b"{}"),
            ("application/json", b"\xff\xfe{}"),
            ("text/event-stream", b"data: {}\n\n"),
            ("text/event-stream", b"data: 7\n\n"),
            ("text/event-stream", b": only comments\n\n: and more\n\n"),
            ("text/event-stream", b"data: \xff\xff\n\n"),
        ] {
            let kind = fault_of(whole("200 OK", content_type, body), is_stream).await;
            assert_eq!(
                kind,
                FaultKind::Garbled,
                "{content_type}: {:?}",
                String::from_utf8_lossy(body)
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_beyond_all_bounds_is_not_read() {
    let begin = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99999999999\r\n\r\n[".to_vec();
    let fake = Fake::start(move |_| {
        let blank = vec![b' '; 1 << 20];
        let mut acts = vec![Act::Send(begin.clone())];
        acts.extend((0..40).map(|_| Act::Send(blank.clone())));
        acts.push(Act::Stall);
        acts
    })
    .await;
    let outcome = outcome::of(&fake.adapter(Dialect::OpenAi), &plain_call(false)).await;
    assert_eq!(outcome.expect_err("a fault").kind, FaultKind::Garbled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_event_passes_in_small_pieces() {
    let text = "Grüße 🦀 ".repeat(60_000);
    let frame = format!(
        "data: {{\"id\":\"a\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\r\n\r\n"
    );
    let stop = "data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let bytes = [frame.as_bytes(), stop.as_bytes()].concat();
    assert!(bytes.len() > 700_000);
    // A chunk of 1021 bytes ends inside of characters.
    let pieces: Vec<&[u8]> = bytes.chunks(1021).collect();
    let fake = Fake::saying(streamed(&pieces)).await;
    let outcome = outcome::of(&fake.adapter(Dialect::OpenAi), &plain_call(true)).await;
    let Ok(Outcome::Stream(told)) = outcome else {
        panic!("{outcome:?}")
    };
    assert!(told.ending.expect("an ending").is_ok());
    assert_eq!(told.output_bytes, u64::try_from(text.len()).expect("small"));
    assert!(
        String::from_utf8(told.content)
            .expect("text")
            .contains(&text)
    );
}
