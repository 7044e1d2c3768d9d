use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use vuzo_application::chat::{AnswerWire, Bill, CallError, CutReason};
use vuzo_domain::port::Clock;

use super::bill;
use super::openai::OpenAiChat;

/// Answers in OpenAI's older completions wire: that of chats, but for the shape of a chunk.
pub(super) struct OpenAiCompletions {
    chat: OpenAiChat,
    clock: Arc<dyn Clock>,
}

impl OpenAiCompletions {
    /// The wire; the clock dates the chunks that are our own.
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            chat: OpenAiChat::new(Arc::clone(&clock)),
            clock,
        }
    }
}

impl AnswerWire for OpenAiCompletions {
    fn whole(&self, body: &Bytes, bill: &Bill) -> Bytes {
        self.chat.whole(body, bill)
    }

    fn usage_frame(&self, frame: &Bytes, bill: &Bill) -> Bytes {
        self.chat.usage_frame(frame, bill)
    }

    fn owed_usage(&self, bill: &Bill) -> Option<Bytes> {
        Some(self.chat.usage_chunk("text_completion", bill))
    }

    fn done(&self) -> Bytes {
        self.chat.done()
    }

    fn cut(&self, bill: &Bill, reason: CutReason) -> Bytes {
        let id = bill.generation.to_string();
        let chunk = CutChunk {
            id: &id,
            object: "text_completion",
            created: self.clock.now().as_secs().max(0),
            model: &bill.model,
            choices: [CutChoice {
                text: "",
                index: 0,
                logprobs: None,
                finish_reason: "length",
                native_finish_reason: bill::word(reason),
            }],
        };
        let mut out = b"data: ".to_vec();
        out.extend(serde_json::to_vec(&chunk).unwrap_or_default());
        out.extend_from_slice(b"\n\n");
        out.into()
    }

    fn fault(&self, fault: &CallError) -> Bytes {
        self.chat.fault(fault)
    }

    fn heartbeat(&self) -> Bytes {
        self.chat.heartbeat()
    }

    fn content_type(&self, stream: bool) -> &'static str {
        bill::content_type(stream)
    }
}

#[derive(Serialize)]
struct CutChunk<'a> {
    id: &'a str,
    object: &'static str,
    created: i64,
    model: &'a str,
    choices: [CutChoice; 1],
}

#[derive(Serialize)]
struct CutChoice {
    text: &'static str,
    index: u32,
    logprobs: Option<()>,
    finish_reason: &'static str,
    native_finish_reason: &'static str,
}
