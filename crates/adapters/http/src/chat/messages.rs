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
        let texts = Texts::of(bill).or_counts(&Counted::of(bill));
        finish_completion(body, &texts.finish(bill)).into()
    }

    fn usage_frame(&self, frame: &Bytes, bill: &Bill) -> Bytes {
        let texts = Texts::of(bill).or_counts(&Counted::of(bill));
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
            usage: Counted::of(bill),
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
    usage: Counted,
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

/// What the customer pays for, counted or estimated: three disjoint parts of the prompt,
/// and the output.
#[derive(Serialize)]
struct Counted {
    #[serde(rename = "input_tokens")]
    input: u64,
    #[serde(rename = "cache_creation_input_tokens")]
    written: u64,
    #[serde(rename = "cache_read_input_tokens")]
    read: u64,
    #[serde(rename = "output_tokens")]
    output: u64,
}

impl Counted {
    fn of(bill: &Bill) -> Self {
        let consumption = &bill.consumption;
        let read = consumption.cache_read;
        let written = consumption
            .cache_write
            .saturating_add(consumption.cache_write_long);
        let cached = read.saturating_add(written);
        Self {
            input: consumption.prompt_tokens().saturating_sub(cached),
            written,
            read,
            output: consumption.completion_tokens(),
        }
    }
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
    fn an_answer_without_usage_tells_what_was_charged_for() {
        let mut bill = bill();
        bill.consumption.cache_read = 30;
        bill.consumption.cache_write = 4;
        bill.consumption.cache_write_long = 5;
        let usage = format!(
            r#""usage":{{"input_tokens":9,"cache_creation_input_tokens":9,"cache_read_input_tokens":30,"output_tokens":2,{COST}}}"#
        );
        for stated in [
            r#"{"type":"message","usage":null}"#,
            r#"{"type":"message"}"#,
        ] {
            let whole = AnthropicMessages.whole(&Bytes::from(stated), &bill);
            assert_eq!(
                whole,
                format!(r#"{{"type":"message","id":"{ID}",{usage}}}"#)
            );
        }
        let frame = |more: &str| {
            format!("event: message_delta\ndata: {{\"type\":\"message_delta\"{more}}}\n\n")
        };
        for stated in ["", ",\"usage\":null"] {
            let priced = AnthropicMessages.usage_frame(&frame(stated).into(), &bill);
            assert_eq!(priced, frame(&format!(",{usage}")));
        }
    }

    #[test]
    fn a_cut_and_a_fault_are_events_with_names() {
        let cut = AnthropicMessages.cut(&bill(), CutReason::Funds);
        assert_eq!(
            cut,
            format!(
                "event: message_delta\ndata: {{\"type\":\"message_delta\",\"delta\":{{\"stop_reason\":\"max_tokens\",\"stop_sequence\":null,\"stop_details\":{{\"type\":\"insufficient_credits\"}}}},\"usage\":{{\"input_tokens\":9,\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,\"output_tokens\":2,{COST}}}}}\n\n"
            )
        );
        for kind in [FaultKind::RateLimited, FaultKind::Overloaded] {
            let fault = CallError::Provider(ProviderFault::new(kind, "busy"));
            assert_eq!(
                AnthropicMessages.fault(&fault),
                "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Busy.\",\"details\":{\"error_code\":\"provider_overloaded\"}}}\n\n"
            );
        }
    }
}
