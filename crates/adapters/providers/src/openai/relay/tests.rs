use std::sync::Arc;

use vuzo_domain::catalog::ModelId;
use vuzo_domain::chat::{Endpoint, Envelope, FaultKind};
use vuzo_domain::id::GenerationId;

use super::super::dialect::Dialect;
use super::*;
use crate::upstream::Relay as _;

fn relay(wants_usage: bool) -> Relay {
    relay_of(Dialect::OpenAi, wants_usage)
}

fn relay_of(dialect: Dialect, wants_usage: bool) -> Relay {
    let call = UpstreamCall {
        capabilities: Vec::new().into(),
        model_most: 4_096,
        secret: None,
        generation: GenerationId::from_uuid(uuid::Uuid::from_u128(1)),
        model: ModelId::new("m").unwrap(),
        upstream_model: "m".to_owned(),
        output_limit: None,
        service_tier: None,
        envelope: Arc::new(Envelope {
            endpoint: Endpoint::ChatCompletions,
            model: "m".to_owned(),
            fallbacks: Vec::new(),
            stream: true,
            wants_usage,
            output_limit: None,
            answers: 1,
            prompt_bytes: 1,
            images: 0,
            audio_bytes: 0,
            long_cache: false,
            betas: Vec::new(),
            service_tier: vuzo_domain::pricing::TierWish::Standard,
            metadata: None,
            body: Bytes::new(),
        }),
    };
    Relay::new(&call, dialect.habits())
}

fn chunk(text: &str) -> String {
    format!(
        "data: {{\"id\":\"x\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}},\"finish_reason\":null}}]}}\n\n"
    )
}

const STOP: &str =
    "data: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";

#[test]
fn frames_that_came_together_leave_together() {
    let mut relay = relay(false);
    assert!(
        relay
            .push(format!("{}{}", chunk("a"), chunk("bc")).as_bytes())
            .is_none()
    );
    let Some(ReplyChunk::Content {
        frames,
        output_bytes,
    }) = relay.content()
    else {
        panic!("content");
    };
    assert_eq!(frames.windows(6).filter(|six| six == b"data: ").count(), 2);
    assert_eq!(output_bytes, 3);
    assert!(relay.content().is_none());
}

#[test]
fn the_same_comes_of_every_way_of_cutting_the_bytes() {
    let text = format!(
        ": hi\r\n\r\n{}{}{STOP}data: [DONE]\n\n",
        chunk("Grüße"),
        chunk("🦀")
    );
    let bytes = text.replace("\n\n", "\r\n\r\n").into_bytes();
    let run = |step: usize| {
        let mut relay = relay(true);
        let mut content = Vec::new();
        for piece in bytes.chunks(step) {
            let ending = relay.push(piece);
            if let Some(ReplyChunk::Content { frames, .. }) = relay.content() {
                content.extend_from_slice(&frames);
            }
            if let Some(ending) = ending {
                return (content, ending);
            }
        }
        panic!("no ending in steps of {step}");
    };
    let at_once = run(bytes.len());
    assert!(at_once.1.is_ok());
    for step in 1..bytes.len() {
        assert_eq!(run(step), at_once, "in steps of {step}");
    }
}

#[test]
fn a_large_event_passes_and_a_larger_one_does_not() {
    let mut relay_of_most = relay(false);
    let large = chunk(&"x".repeat((1 << 20) - 200));
    for piece in large.as_bytes().chunks(9_000) {
        assert!(relay_of_most.push(piece).is_none());
    }
    assert!(relay_of_most.content().is_some());

    let mut relay = relay(false);
    let larger = chunk(&"x".repeat(1 << 20));
    let ending = larger
        .as_bytes()
        .chunks(9_000)
        .find_map(|piece| relay.push(piece));
    let fault = ending.expect("an ending").expect_err("a fault");
    assert_eq!(fault.kind, FaultKind::Garbled);
}

#[test]
fn an_endless_tail_is_cut_off() {
    let mut relay = relay(false);
    assert!(relay.push(STOP.as_bytes()).is_none());
    let tail = chunk(&"x".repeat(100_000));
    let ending = (0..1_000).find_map(|_| relay.push(tail.as_bytes()));
    assert_eq!(
        ending.expect("an ending").expect_err("a fault").kind,
        FaultKind::Garbled
    );
}

#[test]
fn a_done_without_an_answer_is_none() {
    let mut relay = relay(false);
    let fault = relay
        .push(b"data: [DONE]\n\n")
        .expect("an ending")
        .expect_err("a fault");
    assert_eq!(fault.kind, FaultKind::Garbled);
    assert!(fault.report.is_some());
}

/// Prints what a chunk costs: `cargo test --release -p vuzo-providers a_chunk_costs -- --nocapture`.
#[test]
fn what_a_chunk_costs() {
    let frame = "data: {\"id\":\"chatcmpl-A1\",\"object\":\"chat.completion.chunk\",\"created\":1795168800,\"model\":\"gpt-4o-2024-08-06\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n";
    for wants_usage in [true, false] {
        let mut relay = relay(wants_usage);
        let begin = std::time::Instant::now();
        let mut bytes = 0;
        for _ in 0..20_000 {
            assert!(relay.push(frame.as_bytes()).is_none());
            if let Some(ReplyChunk::Content { frames, .. }) = relay.content() {
                bytes += frames.len();
            }
        }
        let each = begin.elapsed() / 20_000;
        println!(
            "{} bytes, usage kept {wants_usage}: {each:?} a chunk",
            frame.len()
        );
        assert!(bytes > 20_000 * 200);
        assert!(relay.splitter.pending() == 0 && relay.passage.kept_back.is_empty());
    }
}

#[test]
fn an_end_for_which_no_reason_is_given_is_given_one() {
    let chunk = |delta: &str, reason: &str| {
        format!(
            "data: {{\"id\":\"x\",\"model\":\"g\",\"choices\":[{{\"index\":0,\"delta\":{delta}{reason}}}]}}\n\n"
        )
    };
    let empty = ",\"finish_reason\":\"\"";
    let call = r#"{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}"#;
    let text = r#"{"content":"Hi"}"#;
    for (content, last, reason) in [
        (chunk(call, ""), chunk("{}", empty), Some("tool_calls")),
        (chunk(call, empty), String::new(), Some("tool_calls")),
        (chunk(text, ""), chunk("{}", empty), Some("stop")),
        (
            chunk(text, empty),
            chunk("{}", ",\"finish_reason\":\"length\""),
            Some("length"),
        ),
        (chunk(text, ""), String::new(), None),
    ] {
        let mut relay = relay_of(Dialect::XAi, false);
        let stream = format!("{content}{last}data: [DONE]\n\n");
        let Some(Ok(ReplyChunk::End { frames, .. })) = relay.push(stream.as_bytes()) else {
            panic!("no end of {stream}");
        };
        let frames = String::from_utf8(frames.to_vec()).expect("text");
        let told: Vec<&str> = frames.matches("\"finish_reason\":\"").collect();
        assert_eq!(told.len(), usize::from(reason.is_some()), "{frames}");
        let stated = reason.map(|reason| format!("\"finish_reason\":\"{reason}\""));
        assert!(frames.contains(&stated.unwrap_or_default()), "{frames}");
    }
}
