use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use vuzo_application::chat::{AnswerWire, Bill, CallError, CutReason};
use vuzo_domain::port::Clock;

use super::{float, refusal};
use crate::chat::OpenAiChat;
use crate::error::Fault;

/// Answers to chats as the package reads them: the text is never null, and the three
/// counts are always there. Streams are OpenAI's.
pub(crate) struct VuzoChat {
    chat: OpenAiChat,
    clock: Arc<dyn Clock>,
}

impl VuzoChat {
    /// The wire; the clock dates what no provider dates.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            chat: OpenAiChat::new(Arc::clone(&clock)),
            clock,
        }
    }
}

impl AnswerWire for VuzoChat {
    fn whole(&self, body: &Bytes, bill: &Bill) -> Bytes {
        let now = self.clock.now().as_secs().max(0);
        match serde_json::from_slice::<Given<'_>>(body) {
            Ok(given) => Answer::of(&given, bill, now).to_json().into(),
            Err(_other) => self.chat.whole(body, bill),
        }
    }

    fn usage_frame(&self, frame: &Bytes, bill: &Bill) -> Bytes {
        self.chat.usage_frame(frame, bill)
    }

    fn owed_usage(&self, bill: &Bill) -> Option<Bytes> {
        self.chat.owed_usage(bill)
    }

    fn done(&self) -> Bytes {
        self.chat.done()
    }

    fn cut(&self, bill: &Bill, reason: CutReason) -> Bytes {
        self.chat.cut(bill, reason)
    }

    /// The package takes it for a chunk, misses what a chunk must have, and raises.
    fn fault(&self, fault: &CallError) -> Bytes {
        let mut out = b"data: ".to_vec();
        out.extend(refusal(&Fault::from(fault)));
        out.extend_from_slice(b"\n\n");
        out.into()
    }

    fn heartbeat(&self) -> Bytes {
        self.chat.heartbeat()
    }

    fn content_type(&self, stream: bool) -> &'static str {
        self.chat.content_type(stream)
    }
}

/// What matters here of an answer in OpenAI's chat wire.
#[derive(Deserialize)]
struct Given<'a> {
    created: Option<i64>,
    #[serde(borrow)]
    model: Option<Cow<'a, str>>,
    #[serde(borrow)]
    choices: Vec<GivenChoice<'a>>,
}

#[derive(Deserialize)]
struct GivenChoice<'a> {
    index: Option<u32>,
    #[serde(borrow)]
    message: GivenMessage<'a>,
    #[serde(borrow)]
    finish_reason: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct GivenMessage<'a> {
    #[serde(borrow)]
    content: Option<Cow<'a, str>>,
    #[serde(borrow)]
    refusal: Option<Cow<'a, str>>,
    #[serde(borrow)]
    tool_calls: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Answer<'a> {
    id: String,
    object: &'static str,
    created: i64,
    model: &'a str,
    choices: Vec<Choice<'a>>,
    usage: Usage,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: usize,
    message: Message<'a>,
    finish_reason: Option<&'a str>,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Usage {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    cost: Box<RawValue>,
}

impl<'a> Answer<'a> {
    fn of(given: &'a Given<'a>, bill: &'a Bill, now: i64) -> Self {
        let choices = given.choices.iter().enumerate();
        Self {
            id: bill.generation.to_string(),
            object: "chat.completion",
            created: given.created.unwrap_or(now),
            model: given.model.as_deref().unwrap_or(&bill.model),
            choices: choices.map(|(at, choice)| Choice::of(at, choice)).collect(),
            usage: Usage {
                prompt_tokens: bill.consumption.prompt_tokens(),
                completion_tokens: bill.consumption.completion_tokens(),
                total_tokens: bill.consumption.total_tokens(),
                cost: float(bill.currency, bill.amount),
            },
        }
    }

    fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl<'a> Choice<'a> {
    fn of(at: usize, given: &'a GivenChoice<'a>) -> Self {
        let message = &given.message;
        let said = message.content.as_deref().or(message.refusal.as_deref());
        let index = given.index.and_then(|index| usize::try_from(index).ok());
        Self {
            index: index.unwrap_or(at),
            message: Message {
                role: "assistant",
                content: said.unwrap_or_default(),
                tool_calls: message.tool_calls,
            },
            finish_reason: given.finish_reason.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use vuzo_domain::chat::{FaultKind, ProviderFault};
    use vuzo_domain::id::GenerationId;
    use vuzo_domain::money::{Currency, Units};
    use vuzo_domain::time::Timestamp;
    use vuzo_domain::usage::Consumption;
    use vuzo_memory::ManualClock;

    use super::*;

    fn wire() -> VuzoChat {
        VuzoChat::new(Arc::new(ManualClock::at(Timestamp::from_secs(
            1_795_168_800,
        ))))
    }

    fn bill() -> Bill {
        Bill {
            generation: GenerationId::from_uuid(uuid::Uuid::from_u128(7)),
            amount: Units(140_000),
            currency: Currency::USD,
            model: "gpt-4o".to_owned(),
            completion_tokens: None,
            consumption: Consumption {
                input: 9,
                output: 2,
                ..Consumption::default()
            },
        }
    }

    #[test]
    fn the_text_is_never_null_and_the_counts_are_always_there() {
        const HEAD: &str =
            r#"{"id":"gen_00000000000000000000000000000007","object":"chat.completion","#;
        const TAIL: &str = r#""usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11,"cost":0.00014}}"#;
        for (body, middle) in [
            (
                r#"{"id":"x","created":5,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hi \"you\""},"finish_reason":"stop"}],"usage":null}"#,
                r#""created":5,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hi \"you\""},"finish_reason":"stop"}],"#,
            ),
            (
                r#"{"choices":[{"message":{"content":null,"tool_calls":[{"id":"c"}]},"finish_reason":"tool_calls"}]}"#,
                r#""created":1795168800,"model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":"","tool_calls":[{"id":"c"}]},"finish_reason":"tool_calls"}],"#,
            ),
            (
                r#"{"choices":[{"message":{"refusal":"No."}}]}"#,
                r#""created":1795168800,"model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":"No."},"finish_reason":null}],"#,
            ),
        ] {
            let answer = wire().whole(&Bytes::from(body), &bill());
            assert_eq!(answer, format!("{HEAD}{middle}{TAIL}"));
        }
    }

    #[test]
    fn a_fault_is_no_chunk() {
        let fault = ProviderFault::new(FaultKind::Garbled, "the answer broke off");
        assert_eq!(
            wire().fault(&CallError::Provider(fault)),
            "data: {\"detail\":\"The answer broke off.\"}\n\n"
        );
    }
}
