use bytes::Bytes;
use serde::Serialize;
use vuzo_application::chat::{AnswerWire, Bill, CallError, CutReason};
use vuzo_wire::chat::completion::finish_completion;
use vuzo_wire::priced::{UsagePlace, price_frame};

use super::bill::{self, Texts, named_event};
use crate::error::{Fault, anthropic};

/// Answers in Anthropic's messages wire. The usage stands in the event `message_delta`,
/// and `message_stop` follows it.
pub(super) struct AnthropicMessages;

impl AnswerWire for AnthropicMessages {
    fn whole(&self, body: &Bytes, bill: &Bill) -> Bytes {
        let texts = Texts::of(bill);
        finish_completion(body, &texts.finish(bill)).into()
    }

    fn usage_frame(&self, frame: &Bytes, bill: &Bill) -> Bytes {
        let texts = Texts::of(bill);
        price_frame(frame, UsagePlace::Event, &texts.finish(bill)).into()
    }

    fn done(&self) -> Bytes {
        Bytes::from_static(b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")
    }

    fn cut(&self, bill: &Bill, reason: CutReason) -> Bytes {
        let event = MessageDelta {
            kind: "message_delta",
            delta: Delta {
                reason: "max_tokens",
                sequence: None,
                details: Details {
                    kind: bill::word(reason),
                },
            },
            usage: Output {
                output_tokens: bill.consumption.completion_tokens(),
            },
        };
        self.usage_frame(&named_event("message_delta", &event), bill)
    }

    fn fault(&self, fault: &CallError) -> Bytes {
        named_event("error", &anthropic::body(&Fault::from(fault), None))
    }

    fn heartbeat(&self) -> Bytes {
        Bytes::from_static(b"event: ping\ndata: {\"type\": \"ping\"}\n\n")
    }

    fn content_type(&self, stream: bool) -> &'static str {
        bill::content_type(stream)
    }
}

#[derive(Serialize)]
struct MessageDelta {
    #[serde(rename = "type")]
    kind: &'static str,
    delta: Delta,
    usage: Output,
}

#[derive(Serialize)]
struct Delta {
    #[serde(rename = "stop_reason")]
    reason: &'static str,
    #[serde(rename = "stop_sequence")]
    sequence: Option<()>,
    #[serde(rename = "stop_details")]
    details: Details,
}

#[derive(Serialize)]
struct Details {
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct Output {
    output_tokens: u64,
}

#[cfg(test)]
mod tests {
    use vuzo_domain::chat::{FaultKind, ProviderFault};

    use super::super::bill::sample::{COST, ID, bill};
    use super::*;

    #[test]
    fn the_cost_stands_in_the_usage() {
        let body = Bytes::from_static(br#"{"id":"msg_1","usage":{"output_tokens":2}}"#);
        let expected = format!(r#"{{"id":"{ID}","usage":{{"output_tokens":2,{COST}}}}}"#);
        assert_eq!(AnthropicMessages.whole(&body, &bill()), expected);
        let frame = Bytes::from_static(
            b"event: message_delta\ndata: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":2}}\n\n",
        );
        assert_eq!(
            AnthropicMessages.usage_frame(&frame, &bill()),
            format!(
                "event: message_delta\ndata: {{\"type\":\"message_delta\",\"usage\":{{\"output_tokens\":2,{COST}}}}}\n\n"
            )
        );
    }

    #[test]
    fn a_cut_and_a_fault_are_events_with_names() {
        let cut = AnthropicMessages.cut(&bill(), CutReason::Funds);
        assert_eq!(
            cut,
            format!(
                "event: message_delta\ndata: {{\"type\":\"message_delta\",\"delta\":{{\"stop_reason\":\"max_tokens\",\"stop_sequence\":null,\"stop_details\":{{\"type\":\"insufficient_credits\"}}}},\"usage\":{{\"output_tokens\":2,{COST}}}}}\n\n"
            )
        );
        let fault = CallError::Provider(ProviderFault::new(FaultKind::RateLimited, "busy"));
        assert_eq!(
            AnthropicMessages.fault(&fault),
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Busy.\",\"details\":{\"error_code\":\"provider_overloaded\"}}}\n\n"
        );
    }
}
