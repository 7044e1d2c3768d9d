use super::*;
use crate::sse::FrameSplitter;
use crate::talk::Head;

#[test]
fn a_body_changes_only_where_it_must() {
    let body = br#"{ "model" : "fast", "max_tokens": 100,"sim":{}, "messages":[{"role":"user","content":"h\u00e9 \"x\""}], "temperature":0.50,"service_tier":"auto","models":["a"],"fallbacks":["b"] }"#;
    let native = Native {
        model: "claude-\"x\"",
        output_limit: None,
        without_sampling: false,
        service_tier: "standard_only",
    };
    let text = |native: &Native<'_>, body: &[u8]| {
        String::from_utf8(rewrite(body, native).unwrap()).unwrap()
    };
    assert_eq!(
        text(&native, body),
        r#"{ "model" : "claude-\"x\"", "max_tokens": 100, "messages":[{"role":"user","content":"h\u00e9 \"x\""}], "temperature":0.50,"service_tier":"standard_only" }"#
    );
    let native = Native {
        model: "m",
        output_limit: Some(7),
        without_sampling: true,
        service_tier: "auto",
    };
    assert_eq!(
        text(&native, body),
        r#"{ "model" : "m", "max_tokens": 7, "messages":[{"role":"user","content":"h\u00e9 \"x\""}],"service_tier":"auto" }"#
    );
    assert_eq!(
        text(&native, br#"{"model":"a"}"#),
        r#"{"model":"m","max_tokens":7,"service_tier":"auto"}"#
    );
    assert_eq!(
        text(&native, br#"{"m\u006fdel":"a","max_t\u006fkens":9}"#),
        r#"{"m\u006fdel":"m","max_t\u006fkens":7,"service_tier":"auto"}"#
    );
    assert!(rewrite(b"[]", &native).is_err());
    assert!(rewrite(br#"{"model":"#, &native).is_err());
}

const STREAM: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[],\"model\":\"claude-x\",\"usage\":{\"input_tokens\":47,\"output_tokens\":2}}   }\n\nevent: ping\ndata: {\"type\": \"ping\"}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\nevent: ping\ndata: {\"type\": \"ping\"}\n\nevent: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hi\"}  }\n\nevent: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":15}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

fn relay() -> NativeRelay {
    let head = Head {
        id: "gen_1".to_owned(),
        model: "fast".to_owned(),
        created: 1,
    };
    NativeRelay::new(head, false)
}

/// What came out of a stream until it broke off or was over.
fn play(stream: &str) -> (NativeRelay, String, u64, bool) {
    let mut splitter = FrameSplitter::new();
    splitter.push(stream.as_bytes());
    let mut relay = relay();
    let (mut out, mut bytes, mut over) = (Vec::new(), 0, false);
    while let Some(frame) = splitter.next_frame().unwrap() {
        let passed = relay.frame(&frame, &mut out).unwrap();
        bytes += passed.output_bytes;
        over |= passed.is_over;
    }
    (relay, String::from_utf8(out).unwrap(), bytes, over)
}

#[test]
fn a_stream_keeps_its_bytes_but_for_the_id() {
    let (mut relay, out, bytes, over) = play(STREAM);
    assert!(over && relay.is_complete() && relay.has_begun());
    let mut frames: Vec<&str> = STREAM.split_inclusive("\n\n").collect();
    let begin = frames[0].replace("msg_1", "gen_1");
    frames[0] = &begin;
    // The keep-alive before the content has nothing to keep alive yet, and the end is
    // kept back.
    frames.remove(1);
    let end = frames.split_off(frames.len() - 2);
    assert_eq!(out, frames.concat());
    assert_eq!((bytes, relay.output_bytes()), (2, 2));
    let mut closing = Vec::new();
    relay.close(&mut closing);
    assert_eq!(closing, b"");
    assert_eq!(relay.usage_frame().unwrap(), end[0].as_bytes());
    assert_eq!(
        relay.usage().map(|usage| (usage.input, usage.output)),
        Some((47, 15))
    );
    assert_eq!(relay.served_model(), Some("claude-x"));
}

#[test]
fn a_stream_that_is_cut_anywhere_is_closed_as_the_wire_wants() {
    for cut in 0..STREAM.len() {
        let (mut relay, mut out, _, over) = play(&STREAM[..cut]);
        assert!(!over);
        let mut closing = Vec::new();
        relay.close(&mut closing);
        closing.extend(relay.usage_frame().unwrap());
        out.push_str(std::str::from_utf8(&closing).unwrap());
        let events: Vec<&str> = out
            .split_terminator("\n\n")
            .map(|frame| frame.split_once('\n').unwrap().0)
            .filter(|event| *event != "event: ping" && *event != "event: content_block_delta")
            .collect();
        let with_block = [
            "event: message_start",
            "event: content_block_start",
            "event: content_block_stop",
            "event: message_delta",
        ];
        let without = [with_block[0], with_block[3]];
        assert!(
            events == with_block || events == without,
            "{cut}: {events:?}"
        );
        let reason = if relay.is_complete() {
            "end_turn"
        } else {
            "max_tokens"
        };
        assert!(
            out.contains(&format!("\"stop_reason\":\"{reason}\"")),
            "{cut}"
        );
        assert!(out.contains("\"id\":\"gen_1\""));
    }
}

#[test]
fn frames_that_clients_could_not_read_are_mended() {
    let odd = "data: {\"type\":\"message_start\",\ndata: \"message\":{\"id\":\"msg_1\",\"content\":[]}}\r\n\r\ndata: {\"type\":\"content_block_start\",\ndata: \"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"a\"}}\r\n\r\n";
    let (_, out, _, _) = play(odd);
    assert_eq!(
        out,
        "event: message_start\ndata: {\"type\":\"message_start\", \"message\":{\"id\":\"gen_1\",\"content\":[]}}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\", \"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"a\"}}\n\n"
    );
}

#[test]
fn several_ends_are_kept_in_their_order() {
    let more = STREAM.replace(
        "event: message_stop",
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{},\"usage\":{\"output_tokens\":16}}\n\nevent: message_stop",
    );
    let (mut relay, _, _, over) = play(&more);
    assert!(over);
    let mut closing = Vec::new();
    relay.close(&mut closing);
    assert!(
        String::from_utf8(closing)
            .unwrap()
            .contains("\"output_tokens\":15")
    );
    let last = relay.usage_frame().unwrap();
    assert!(
        String::from_utf8(last)
            .unwrap()
            .contains("\"output_tokens\":16")
    );
    assert_eq!(relay.usage().unwrap().output, 16);
}
