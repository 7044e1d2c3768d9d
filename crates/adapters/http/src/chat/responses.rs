use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use vuzo_application::chat::{AnswerWire, Bill, CallError, CutReason};
use vuzo_domain::port::Clock;
use vuzo_wire::chat::completion::finish_completion;
use vuzo_wire::priced::{UsagePlace, price_frame};

use super::bill::{self, Texts, named_event};
use crate::error::Fault;

/// Whoever sorts events by their number finds our own last.
const LAST: i32 = i32::MAX;

/// Answers in OpenAI's responses wire. The usage stands in the response inside the last
/// event, and nothing follows it.
pub(super) struct OpenAiResponses {
    clock: Arc<dyn Clock>,
}

impl OpenAiResponses {
    /// The wire; the clock dates the events that are our own.
    pub(super) const fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }
}

impl AnswerWire for OpenAiResponses {
    fn whole(&self, body: &Bytes, bill: &Bill) -> Bytes {
        let texts = Texts::of(bill).or_counts(&Usage::of(bill));
        finish_completion(body, &texts.finish(bill)).into()
    }

    fn usage_frame(&self, frame: &Bytes, bill: &Bill) -> Bytes {
        let texts = Texts::of(bill).or_counts(&Usage::of(bill));
        let place = UsagePlace::Within("response");
        price_frame(frame, place, &texts.finish(bill)).into()
    }

    fn done(&self) -> Bytes {
        Bytes::new()
    }

    fn cut(&self, bill: &Bill, reason: CutReason) -> Bytes {
        let id = bill.generation.to_string();
        let event = Incomplete {
            kind: "response.incomplete",
            sequence_number: LAST,
            response: Response {
                id: &id,
                object: "response",
                created_at: self.clock.now().as_secs().max(0),
                status: "incomplete",
                error: None,
                incomplete_details: Details {
                    reason: "max_output_tokens",
                    native_reason: bill::word(reason),
                },
                model: &bill.model,
                output: [],
                parallel_tool_calls: true,
                tool_choice: "auto",
                tools: [],
                usage: Usage::of(bill),
            },
        };
        self.usage_frame(&named_event("response.incomplete", &event), bill)
    }

    /// The facts of the event stand where OpenAI has them; official clients raise an
    /// exception for the object `error`.
    fn fault(&self, fault: &CallError) -> Bytes {
        let fault = Fault::from(fault);
        let body = fault.body();
        let event = ErrorEvent {
            kind: "error",
            code: body.error.code,
            message: &body.error.message,
            param: body.error.param,
            sequence_number: LAST,
            error: &body.error,
        };
        named_event("error", &event)
    }

    fn heartbeat(&self) -> Bytes {
        Bytes::from_static(b": keep-alive\n\n")
    }

    fn content_type(&self, stream: bool) -> &'static str {
        bill::content_type(stream)
    }
}

#[derive(Serialize)]
struct ErrorEvent<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    code: Option<&'a str>,
    message: &'a str,
    param: Option<&'a str>,
    sequence_number: i32,
    error: &'a vuzo_wire::error::ErrorDetail<'a>,
}

/// The last event of a stream whose provider left nothing to close.
#[derive(Serialize)]
struct Incomplete<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    sequence_number: i32,
    response: Response<'a>,
}

#[derive(Serialize)]
struct Response<'a> {
    id: &'a str,
    object: &'static str,
    created_at: i64,
    status: &'static str,
    error: Option<()>,
    incomplete_details: Details,
    model: &'a str,
    output: [(); 0],
    parallel_tool_calls: bool,
    tool_choice: &'static str,
    tools: [(); 0],
    usage: Usage,
}

#[derive(Serialize)]
struct Details {
    reason: &'static str,
    native_reason: &'static str,
}

#[derive(Serialize)]
struct Usage {
    input_tokens: u64,
    input_tokens_details: Cached,
    output_tokens: u64,
    output_tokens_details: Thought,
    total_tokens: u64,
}

impl Usage {
    /// What the customer pays for, counted or estimated.
    fn of(bill: &Bill) -> Self {
        Self {
            input_tokens: bill.consumption.prompt_tokens(),
            input_tokens_details: Cached {
                cached_tokens: bill.consumption.cache_read,
                cache_write_tokens: bill
                    .consumption
                    .cache_write
                    .saturating_add(bill.consumption.cache_write_long),
            },
            output_tokens: bill.consumption.completion_tokens(),
            output_tokens_details: Thought {
                reasoning_tokens: bill.consumption.reasoning,
            },
            total_tokens: bill.consumption.total_tokens(),
        }
    }
}

#[derive(Serialize)]
struct Cached {
    cached_tokens: u64,
    /// Official clients of late take an answer without it for broken.
    cache_write_tokens: u64,
}

#[derive(Serialize)]
struct Thought {
    reasoning_tokens: u64,
}

#[cfg(test)]
mod tests {
    use vuzo_domain::chat::{FaultKind, ProviderFault};
    use vuzo_domain::time::Timestamp;
    use vuzo_memory::ManualClock;

    use super::super::bill::sample::{COST, ID, bill};
    use super::*;

    fn wire() -> OpenAiResponses {
        let noon = Timestamp::from_secs(1_795_168_800);
        OpenAiResponses::new(Arc::new(ManualClock::at(noon)))
    }

    fn event(frame: &Bytes, name: &str) -> serde_json::Value {
        let text = core::str::from_utf8(frame).unwrap();
        let data = text
            .strip_prefix(&format!("event: {name}\ndata: "))
            .unwrap();
        serde_json::from_str(data.trim_end()).unwrap()
    }

    #[test]
    fn the_cost_stands_in_the_usage_of_the_response() {
        let body = Bytes::from_static(br#"{"id":"resp_1","usage":{"output_tokens":2}}"#);
        let expected = format!(r#"{{"id":"{ID}","usage":{{"output_tokens":2,{COST}}}}}"#);
        assert_eq!(wire().whole(&body, &bill()), expected);
        let frame = Bytes::from_static(
            b"event: response.completed\ndata: {\"response\":{\"usage\":{\"output_tokens\":2}}}\n\n",
        );
        assert_eq!(
            wire().usage_frame(&frame, &bill()),
            format!(
                "event: response.completed\ndata: {{\"response\":{{\"usage\":{{\"output_tokens\":2,{COST}}}}}}}\n\n"
            )
        );
    }

    #[test]
    fn an_answer_without_usage_tells_what_was_charged_for() {
        let usage = format!(
            r#"{{"input_tokens":9,"input_tokens_details":{{"cached_tokens":0,"cache_write_tokens":0}},"output_tokens":2,"output_tokens_details":{{"reasoning_tokens":0}},"total_tokens":11,{COST}}}"#
        );
        for stated in [
            r#"{"status":"completed","usage":null}"#,
            r#"{"status":"completed"}"#,
        ] {
            let frame = format!(
                "event: response.completed\ndata: {{\"type\":\"response.completed\",\"response\":{stated}}}\n\n"
            );
            assert_eq!(
                wire().usage_frame(&Bytes::from(frame), &bill()),
                format!(
                    "event: response.completed\ndata: {{\"type\":\"response.completed\",\"response\":{{\"status\":\"completed\",\"usage\":{usage}}}}}\n\n"
                )
            );
            let whole = wire().whole(&Bytes::from(stated), &bill());
            assert_eq!(
                whole,
                format!(r#"{{"status":"completed","id":"{ID}","usage":{usage}}}"#)
            );
        }
    }

    #[test]
    fn a_cut_is_an_incomplete_response() {
        let event = event(
            &wire().cut(&bill(), CutReason::Funds),
            "response.incomplete",
        );
        let response = &event["response"];
        assert_eq!(response["id"], ID);
        assert_eq!(response["status"], "incomplete");
        assert_eq!(
            response["incomplete_details"]["reason"],
            "max_output_tokens"
        );
        assert_eq!(response["usage"]["total_tokens"], 11);
        assert_eq!(response["usage"]["cost_details"]["amount"], "0.00014");
    }

    #[test]
    fn a_fault_is_an_error_event_that_clients_raise() {
        let fault = CallError::Provider(ProviderFault::new(FaultKind::Failing, "it failed"));
        let event = event(&wire().fault(&fault), "error");
        assert_eq!(event["type"], "error");
        assert_eq!(event["code"], "provider_error");
        assert_eq!(event["message"], "It failed.");
        assert_eq!(event["error"]["message"], "It failed.");
        assert_eq!(event["param"], serde_json::Value::Null);
    }
}
