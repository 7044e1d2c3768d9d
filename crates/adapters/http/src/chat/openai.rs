use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use vuzo_application::chat::{AnswerWire, Bill, CallError, CutReason};
use vuzo_domain::port::Clock;
use vuzo_wire::chat::completion::{finish_completion, finish_usage_chunk};

use super::bill::{self, Counts, Texts};
use crate::error::Fault;

/// Answers in OpenAI's chat wire.
pub(crate) struct OpenAiChat {
    clock: Arc<dyn Clock>,
}

impl OpenAiChat {
    /// The wire; the clock dates the chunks that are our own.
    pub(crate) const fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }

    /// A chunk of this kind that has nothing in it but what was charged for.
    pub(super) fn usage_chunk(&self, object: &'static str, bill: &Bill) -> Bytes {
        let chunk = UsageChunk {
            object,
            created: self.clock.now().as_secs().max(0),
            model: &bill.model,
            choices: [],
        };
        let json = serde_json::to_vec(&chunk).unwrap_or_default();
        let mut out = b"data: ".to_vec();
        out.extend_from_slice(&self.whole(&json.into(), bill));
        out.extend_from_slice(b"\n\n");
        out.into()
    }
}

impl AnswerWire for OpenAiChat {
    fn whole(&self, body: &Bytes, bill: &Bill) -> Bytes {
        let texts = Texts::of(bill).or_counts(&Counts::of(bill));
        finish_completion(body, &texts.finish(bill)).into()
    }

    fn usage_frame(&self, frame: &Bytes, bill: &Bill) -> Bytes {
        let texts = Texts::of(bill);
        let data = frame.strip_prefix(b"data:").unwrap_or(frame).trim_ascii();
        let mut out = Vec::with_capacity(frame.len() + 192);
        out.extend_from_slice(b"data: ");
        finish_usage_chunk(data, &texts.finish(bill), &mut out);
        out.extend_from_slice(b"\n\n");
        out.into()
    }

    fn owed_usage(&self, bill: &Bill) -> Option<Bytes> {
        Some(self.usage_chunk("chat.completion.chunk", bill))
    }

    fn done(&self) -> Bytes {
        Bytes::from_static(b"data: [DONE]\n\n")
    }

    fn cut(&self, bill: &Bill, reason: CutReason) -> Bytes {
        let id = bill.generation.to_string();
        let chunk = CutChunk {
            id: &id,
            object: "chat.completion.chunk",
            created: self.clock.now().as_secs().max(0),
            model: &bill.model,
            choices: [CutChoice {
                index: 0,
                delta: Empty {},
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
        Fault::from(fault).to_sse().into()
    }

    fn heartbeat(&self) -> Bytes {
        Bytes::from_static(b": keep-alive\n\n")
    }

    fn content_type(&self, stream: bool) -> &'static str {
        bill::content_type(stream)
    }
}

/// The last chunk of a stream whose provider tells no usage.
#[derive(Serialize)]
struct UsageChunk<'a> {
    object: &'static str,
    created: i64,
    model: &'a str,
    choices: [(); 0],
}

/// The last chunk of a stream that the wallet carries no further. The reason stands
/// where OpenRouter's clients look for it; others see an answer that was too long.
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
    index: u32,
    delta: Empty,
    logprobs: Option<()>,
    finish_reason: &'static str,
    native_finish_reason: &'static str,
}

#[derive(Serialize)]
struct Empty {}

#[cfg(test)]
mod tests {
    use super::super::bill::sample::{COST, ID, bill};
    use super::*;
    use vuzo_domain::chat::{FaultKind, ProviderFault};
    use vuzo_domain::time::Timestamp;
    use vuzo_memory::ManualClock;

    fn wire() -> OpenAiChat {
        OpenAiChat::new(Arc::new(ManualClock::at(Timestamp::from_secs(
            1_795_168_800,
        ))))
    }

    #[test]
    fn answers_carry_id_and_cost() {
        let body = Bytes::from_static(br#"{"id":"chatcmpl-1","usage":{"total_tokens":3}}"#);
        let expected = format!(r#"{{"id":"{ID}","usage":{{"total_tokens":3,{COST}}}}}"#);
        assert_eq!(wire().whole(&body, &bill()), expected);
        let whole = String::from_utf8(body.to_vec()).unwrap();
        for frame in [
            format!("data: {whole}\n\n"),
            format!("data:{whole}\r\n\r\n"),
        ] {
            let finished = wire().usage_frame(&Bytes::from(frame), &bill());
            assert_eq!(finished, format!("data: {expected}\n\n"));
        }
    }

    #[test]
    fn what_the_provider_does_not_tell_is_told_as_it_was_charged() {
        let usage = format!(
            r#""usage":{{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11,{COST}}}"#
        );
        for stated in [r#"{"id":"x"}"#, r#"{"id":"x","usage":null}"#] {
            let whole = wire().whole(&Bytes::from_static(stated.as_bytes()), &bill());
            assert_eq!(whole, format!(r#"{{"id":"{ID}",{usage}}}"#));
        }
        assert_eq!(
            wire().owed_usage(&bill()).unwrap(),
            format!(
                "data: {{\"object\":\"chat.completion.chunk\",\"created\":1795168800,\"model\":\"gpt-4o\",\"choices\":[],\"id\":\"{ID}\",{usage}}}\n\n"
            )
        );
    }

    #[test]
    fn a_cut_is_an_end_that_every_client_understands() {
        let frame = wire().cut(&bill(), CutReason::Funds);
        let json = frame.strip_prefix(b"data: ").unwrap();
        let chunk: serde_json::Value = serde_json::from_slice(json).unwrap();
        assert_eq!(chunk["id"], ID);
        assert_eq!(chunk["object"], "chat.completion.chunk");
        assert!(chunk["created"].is_u64());
        assert_eq!(chunk["choices"][0]["finish_reason"], "length");
        assert_eq!(
            chunk["choices"][0]["native_finish_reason"],
            "insufficient_credits"
        );
        assert!(frame.ends_with(b"\n\n"));
    }

    #[test]
    fn a_fault_is_an_error_event() {
        let fault = ProviderFault::new(FaultKind::Garbled, "the answer broke off");
        let frame = wire().fault(&CallError::Provider(fault));
        assert_eq!(
            frame,
            "data: {\"error\":{\"message\":\"The answer broke off.\",\"type\":\"api_error\",\"param\":null,\"code\":\"provider_invalid_response\"}}\n\n"
        );
    }
}
