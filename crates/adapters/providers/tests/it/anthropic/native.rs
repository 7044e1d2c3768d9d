//! Customers who speak the vendor's own wire.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use vuzo_domain::chat::{Endpoint, Envelope};

use super::{ANSWER, FRAMES, adapter, by, forwarded, native_call, recorded_stream};
use crate::fake::{Fake, plain_call, streamed, whole};
use crate::outcome::{self, Outcome};

const ID: &str = "gen_00000000000000000000000000000abc";

#[tokio::test(flavor = "multi_thread")]
async fn a_body_passes_but_for_what_is_the_gateways() {
    let body = r#"{ "model":"m","max_tokens": 9000, "service_tier":"auto", "sim":{}, "models":["x"],"fallbacks":["y"],"temperature":0.50,
 "messages":[{"role":"user","content":[{"type":"text","text":"h\u00e9","cache_control":{"type":"ephemeral","ttl":"1h"}}]}], "thinking":{"type":"adaptive"} }"#;
    let mut asked = by(Endpoint::Messages, body, false);
    let sent = forwarded(&asked).await;
    assert_eq!(
        String::from_utf8(sent.body).expect("text"),
        r#"{ "model":"upstream-model","max_tokens": 9000,"temperature":0.50,
 "messages":[{"role":"user","content":[{"type":"text","text":"h\u00e9","cache_control":{"type":"ephemeral","ttl":"1h"}}]}], "thinking":{"type":"adaptive"},"service_tier":"standard_only" }"#
    );
    asked.output_limit = Some(77);
    asked.capabilities = vec!["no_sampling_params".to_owned()].into();
    let body = String::from_utf8(forwarded(&asked).await.body).expect("text");
    assert!(body.contains(r#""max_tokens": 77,"#), "{body}");
    assert!(!body.contains("temperature"), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn trials_that_can_be_billed_are_told_and_others_are_not() {
    let with = |betas: &[&str]| {
        let mut asked = native_call(false);
        asked.envelope = Arc::new(Envelope {
            betas: betas.iter().map(ToString::to_string).collect(),
            ..Envelope::clone(&asked.envelope)
        });
        asked
    };
    let told = |head: &str| {
        let head = head.to_ascii_lowercase();
        let line = head.lines().find_map(|line| {
            let (_, value) = line.split_once("anthropic-beta: ")?;
            Some(value.to_owned())
        });
        line.unwrap_or_default()
    };
    for (betas, expected) in [
        (&[][..], ""),
        (&["files-api-2025-04-14"], ""),
        (
            &[
                "interleaved-thinking-2025-05-14",
                "context-1m-2025-08-07",
                "pdfs-2024-09-25",
            ],
            "interleaved-thinking-2025-05-14,pdfs-2024-09-25",
        ),
    ] {
        assert_eq!(told(&forwarded(&with(betas)).await.head), expected);
    }
    let unknown = with(&["pdfs-2024-09-25", "free-lunch-2026-01-01"]);
    let fake = Fake::saying(whole("200 OK", "application/json", ANSWER.as_bytes())).await;
    let outcome = outcome::of(&adapter(&fake.base_url), &unknown).await;
    let fault = outcome.expect_err("a refusal");
    assert!(
        fault.message.contains("'free-lunch-2026-01-01'"),
        "{fault:?}"
    );
    assert!(fake.seen().is_empty(), "the provider is not asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_keep_their_bytes_but_for_the_id() {
    let fake = Fake::saying(whole("200 OK", "application/json", ANSWER.as_bytes())).await;
    let outcome = outcome::of(&adapter(&fake.base_url), &native_call(false)).await;
    let Ok(Outcome::Whole(reply)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        String::from_utf8(reply.body.to_vec()).expect("text"),
        ANSWER.replace("msg_01", ID)
    );
    assert_eq!(reply.report.output_bytes, 2);

    let fake = Fake::saying(recorded_stream()).await;
    let outcome = outcome::of(&adapter(&fake.base_url), &native_call(true)).await;
    let Ok(Outcome::Stream(told)) = outcome else {
        panic!("{outcome:?}")
    };
    let begin = FRAMES[0].replace("msg_01", ID);
    let content = [&[begin.as_str()], &FRAMES[2..6]].concat().concat();
    assert_eq!(String::from_utf8(told.content).expect("text"), content);
    let end = told.ending.expect("an ending").expect("a good one");
    assert_eq!(end.frames, b"");
    // What ends the stream leaves after the settlement, and `message_stop` with it.
    assert_eq!(end.usage_frame.as_deref(), Some(FRAMES[6].as_bytes()));
    assert_eq!(end.report.served_model.as_deref(), Some("claude-9"));
    assert_eq!(end.report.output_bytes, told.output_bytes);
}

/// The recorded answers come to the same, whichever way they go through.
#[tokio::test(flavor = "multi_thread")]
async fn both_ways_count_the_same() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/metering");
    let mut played = 0;
    for entry in fs::read_dir(folder).expect("recorded answers") {
        let path = entry.expect("entry").path();
        let name = path.file_name().expect("name").to_string_lossy();
        if !name.starts_with("anthropic-") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("text");
        let (head, rest) = text.split_once("=== upstream\n").expect("an upstream");
        let (upstream, _) = rest.split_once("=== metered\n").expect("what it comes to");
        let is_stream = head.contains(" stream");
        let frames: Vec<&[u8]> = upstream
            .split_inclusive("\n\n")
            .map(str::as_bytes)
            .collect();
        let answer = if is_stream {
            streamed(&frames)
        } else {
            whole("200 OK", "application/json", upstream.as_bytes())
        };
        let fake = Fake::saying(answer).await;
        let mut reports = Vec::new();
        for asked in [plain_call(is_stream), native_call(is_stream)] {
            let outcome = outcome::of(&adapter(&fake.base_url), &asked).await;
            reports.push(match outcome {
                Ok(Outcome::Whole(reply)) => reply.report,
                Ok(Outcome::Stream(told)) => {
                    told.ending.expect("an ending").expect("a good one").report
                }
                Err(fault) => panic!("{name}: {fault:?}"),
            });
        }
        assert_eq!(reports[0], reports[1], "{name}");
        played += 1;
    }
    assert!(played >= 30, "only {played}");
}
