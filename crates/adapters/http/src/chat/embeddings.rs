use bytes::Bytes;
use vuzo_application::chat::{AnswerWire, Bill, CallError, CutReason};
use vuzo_wire::chat::completion::finish_completion;

use super::bill::{self, Counts, Texts};
use crate::error::Fault;

/// Answers with embeddings, which never come in pieces.
pub(super) struct OpenAiEmbeddings;

impl AnswerWire for OpenAiEmbeddings {
    fn whole(&self, body: &Bytes, bill: &Bill) -> Bytes {
        let texts = Texts::of(bill).or_counts(&Counts::of_prompt(bill));
        finish_completion(body, &texts.finish(bill)).into()
    }

    fn usage_frame(&self, frame: &Bytes, _bill: &Bill) -> Bytes {
        frame.clone()
    }

    fn done(&self) -> Bytes {
        Bytes::new()
    }

    fn cut(&self, _bill: &Bill, _reason: CutReason) -> Bytes {
        Bytes::new()
    }

    fn fault(&self, fault: &CallError) -> Bytes {
        Fault::from(fault).to_sse().into()
    }

    fn heartbeat(&self) -> Bytes {
        Bytes::new()
    }

    fn content_type(&self, stream: bool) -> &'static str {
        bill::content_type(stream)
    }
}
