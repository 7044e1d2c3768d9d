//! Good streams in the wires of the providers.

use super::{chunks, upstream::chunk};

/// The wire that a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    OpenAi,
    Anthropic,
    Gemini,
}

pub(crate) const WIRES: [Wire; 3] = [Wire::OpenAi, Wire::Anthropic, Wire::Gemini];

impl Wire {
    /// A model on sale whose provider speaks it.
    pub(crate) fn model(self) -> &'static str {
        match self {
            Self::OpenAi => "test/flat",
            Self::Anthropic => "test/flat-anthropic",
            Self::Gemini => "test/flat-gemini",
        }
    }

    /// The provider in the catalogue.
    pub(crate) fn provider(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "google",
        }
    }

    /// The events of a good stream with so many pieces of text.
    pub(crate) fn events(self, texts: usize) -> Vec<String> {
        match self {
            Self::OpenAi => chunks(texts),
            Self::Anthropic => anthropic(texts),
            Self::Gemini => gemini(texts),
        }
    }

    /// A good stream, byte by byte as it travels.
    pub(crate) fn stream(self, texts: usize) -> Vec<u8> {
        let mut bytes = STREAM_HEAD.to_vec();
        for event in self.events(texts) {
            bytes.extend(chunk(event.as_bytes()));
        }
        bytes.extend(b"0\r\n\r\n");
        bytes
    }
}

pub(crate) const STREAM_HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

fn anthropic(texts: usize) -> Vec<String> {
    let event =
        |kind: &str, more: &str| format!("event: {kind}\ndata: {{\"type\":\"{kind}\"{more}}}\n\n");
    let mut events = vec![
        event(
            "message_start",
            r#","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"flat","stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":5,"output_tokens":1}}"#,
        ),
        event(
            "content_block_start",
            r#","index":0,"content_block":{"type":"text","text":""}"#,
        ),
    ];
    events.extend((0..texts).map(|_| {
        event(
            "content_block_delta",
            r#","index":0,"delta":{"type":"text_delta","text":"żó "}"#,
        )
    }));
    events.push(event("content_block_stop", r#","index":0"#));
    events.push(event(
        "message_delta",
        r#","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"input_tokens":5,"output_tokens":2}"#,
    ));
    events.push(event("message_stop", ""));
    events
}

fn gemini(texts: usize) -> Vec<String> {
    let event = |text: &str, finish: &str| {
        format!(
            "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"{text}\"}}],\"role\":\"model\"}}{finish},\"index\":0}}],\"usageMetadata\":{{\"promptTokenCount\":5,\"candidatesTokenCount\":2,\"totalTokenCount\":7}},\"modelVersion\":\"flat\",\"responseId\":\"r\"}}\r\n\r\n"
        )
    };
    let mut events: Vec<String> = (0..texts).map(|_| event("żó ", "")).collect();
    events.push(event("", r#","finishReason":"STOP""#));
    events
}
