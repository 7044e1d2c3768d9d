//! Ready-made answers in the wires of three providers.

use std::rc::Rc;

/// An answer as the pieces that go out one by one.
pub(super) type Script = Rc<[Vec<u8>]>;

/// A completion as OpenAI answers it.
pub(super) const COMPLETION: &str = r#"{"id":"chatcmpl-mock0000000000000000000000000","object":"chat.completion","created":1700000000,"model":"gpt-4o-mini","choices":[{"index":0,"message":{"role":"assistant","content":"A gateway stands between a caller and the one who answers, and writes down what passed.","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":38,"completion_tokens":19,"total_tokens":57,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}},"system_fingerprint":"fp_mock"}"#;

/// A plain answer.
pub(super) fn answer(status: &str, body: &str) -> Script {
    let text = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    Rc::from([text.into_bytes()])
}

/// A stream of these events, each sent by itself.
fn events(events: impl IntoIterator<Item = String>) -> Script {
    let mut pieces = vec![
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n"
            .to_vec(),
    ];
    pieces.extend(
        events
            .into_iter()
            .map(|event| format!("{:x}\r\n{event}\r\n", event.len()).into_bytes()),
    );
    if let Some(last) = pieces.last_mut() {
        last.extend_from_slice(b"0\r\n\r\n");
    }
    Rc::from(pieces)
}

/// The whole stream, frame by frame, each a chunk of its own.
pub(super) fn stream(chunks: usize, usage: bool) -> Script {
    const HEAD: &str = r#"data: {"id":"chatcmpl-mock0000000000000000000000000","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4o-mini","system_fingerprint":"fp_mock","#;
    let mut frames = Vec::with_capacity(chunks + 3);
    for number in 0..chunks {
        let role = if number == 0 {
            r#""role":"assistant","#
        } else {
            ""
        };
        frames.push(format!(
            "{HEAD}\"choices\":[{{\"index\":0,\"delta\":{{{role}\"content\":\" word{number:03}\"}},\"finish_reason\":null}}]}}\n\n"
        ));
    }
    frames.push(format!(
        "{HEAD}\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"stop\"}}]}}\n\n"
    ));
    if usage {
        frames.push(format!(
            "{HEAD}\"choices\":[],\"usage\":{{\"prompt_tokens\":38,\"completion_tokens\":{chunks},\"total_tokens\":{}}}}}\n\n",
            chunks + 38
        ));
    }
    frames.push("data: [DONE]\n\n".to_owned());
    events(frames)
}

/// The same in Anthropic's wire.
pub(super) fn anthropic(chunks: usize) -> Script {
    let event =
        |kind: &str, more: &str| format!("event: {kind}\ndata: {{\"type\":\"{kind}\"{more}}}\n\n");
    let mut frames = vec![
        event(
            "message_start",
            r#","message":{"id":"msg_mock","type":"message","role":"assistant","content":[],"model":"claude-mock","stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":38,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":1}}"#,
        ),
        event(
            "content_block_start",
            r#","index":0,"content_block":{"type":"text","text":""}"#,
        ),
    ];
    frames.extend((0..chunks).map(|number| {
        let delta =
            format!(r#","index":0,"delta":{{"type":"text_delta","text":" word{number:03}"}}"#);
        event("content_block_delta", &delta)
    }));
    let usage = format!(
        r#","delta":{{"stop_reason":"end_turn","stop_sequence":null}},"usage":{{"input_tokens":38,"output_tokens":{chunks}}}"#
    );
    frames.push(event("content_block_stop", r#","index":0"#));
    frames.push(event("message_delta", &usage));
    frames.push(event("message_stop", ""));
    events(frames)
}

/// The same in Gemini's wire.
pub(super) fn gemini(chunks: usize) -> Script {
    events((0..chunks).map(|number| {
        let last = number + 1 == chunks;
        let finish = if last { r#","finishReason":"STOP""# } else { "" };
        format!(
            "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\" word{number:03}\"}}],\"role\":\"model\"}}{finish},\"index\":0}}],\"usageMetadata\":{{\"promptTokenCount\":38,\"candidatesTokenCount\":{},\"totalTokenCount\":{}}},\"modelVersion\":\"gemini-mock\",\"responseId\":\"mock\"}}\r\n\r\n",
            number + 1,
            number + 39,
        )
    }))
}

#[cfg(test)]
mod tests {
    use super::{answer, anthropic, gemini, stream};
    use crate::http1::Parser;

    #[test]
    fn scripts_are_valid_messages() {
        let mut parser = Parser::default();
        for piece in stream(50, true).iter() {
            assert_eq!(parser.feed(piece).unwrap(), piece.len());
        }
        assert!(parser.is_done());
        let body = String::from_utf8(parser.body().to_vec()).unwrap();
        assert_eq!(body.matches("data: ").count(), 53);
        assert!(body.contains("\"prompt_tokens\":38") && body.ends_with("data: [DONE]\n\n"));

        for script in [anthropic(50), gemini(50)] {
            let mut parser = Parser::default();
            for piece in script.iter() {
                assert_eq!(parser.feed(piece).unwrap(), piece.len());
            }
            assert!(parser.is_done());
            let body = String::from_utf8(parser.body().to_vec()).unwrap();
            assert_eq!(body.matches(" word").count(), 50);
        }

        let mut parser = Parser::default();
        parser
            .feed(&answer("200 OK", super::COMPLETION)[0])
            .unwrap();
        assert_eq!(
            (parser.status(), parser.body()),
            (200, super::COMPLETION.as_bytes())
        );
    }
}
