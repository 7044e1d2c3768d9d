//! The events of a stream.

use super::{Current, ResponseWriter, Status, whole::token_logprobs};
use crate::talk::{
    Event, Usage,
    responses::{
        object::frame,
        output::{Body, Item, Said, State, write_summary},
        seal::Seal,
    },
};

impl ResponseWriter {
    pub(super) fn write_event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        match event {
            Event::Text { choice: 0, text } if !text.is_empty() => {
                self.said(text, Current::Text, out);
            }
            Event::Refusal { choice: 0, text } if !text.is_empty() => {
                self.said(text, Current::Refusal, out);
            }
            Event::Thought { choice: 0, text } if !text.is_empty() => self.thought(text, out),
            Event::Signature {
                choice: 0,
                signature,
            } => self.signature(signature, out),
            Event::SealedThought { choice: 0, data } => self.seal(Seal::Thought(data), out),
            Event::Call {
                choice: 0,
                call,
                id,
                name,
                seal,
            } => {
                if let Some(seal) = seal {
                    self.seal(Seal::Call { id, seal }, out);
                }
                let index = self.open(
                    Body::Call {
                        call_id: id.to_string(),
                        name: name.to_string(),
                        arguments: String::new(),
                    },
                    out,
                );
                self.calls.push((*call, index));
            }
            Event::Arguments {
                choice: 0,
                call,
                json,
            } if !json.is_empty() => self.arguments(*call, json, out),
            Event::Logprobs { choice: 0, json } => self.logprobs(json, out),
            Event::Finish { choice: 0, why } => self.why = Some(why.clone()),
            // There is one answer in a response.
            _ => {}
        }
    }

    /// Closes what is open.
    pub(super) fn write_close(&mut self, out: &mut Vec<u8>) {
        self.begin(out);
        self.flush(out);
        self.current = None;
        let is_cut = matches!(self.status(), Status::Incomplete(_));
        for index in 0..self.items.len() {
            let last = index + 1 == self.items.len();
            let state = match self.items.get(index) {
                Some(item) if is_cut && (last || !item.is_whole()) => State::Incomplete,
                _ => State::Completed,
            };
            self.close_item(index, state, out);
        }
    }

    /// The last event, which holds everything.
    pub(super) fn write_end(&mut self, usage: Option<&Usage>) -> Vec<u8> {
        let status = self.status();
        let kind = match status {
            Status::Incomplete(_) => "response.incomplete",
            Status::Completed | Status::InProgress => "response.completed",
        };
        let mut out = Vec::with_capacity(1024);
        // A stream that said nothing has to be begun all the same.
        self.begin(&mut out);
        frame(kind, self.sequence, &mut out, |object| {
            object.with("response", |out| self.response(status, usage, out));
        });
        self.sequence += 1;
        out
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if self.begun {
            return;
        }
        self.begun = true;
        for kind in ["response.created", "response.in_progress"] {
            frame(kind, self.sequence, out, |object| {
                object.with("response", |out| {
                    self.response(Status::InProgress, None, out);
                });
            });
            self.sequence += 1;
        }
    }

    /// Begins an item, and ends those to which nothing more can come.
    fn open(&mut self, body: Body, out: &mut Vec<u8>) -> usize {
        self.begin(out);
        self.flush(out);
        self.current = None;
        for index in 0..self.items.len() {
            if self.items.get(index).is_some_and(Item::is_whole_and_open) {
                self.close_item(index, State::Completed, out);
            }
        }
        let index = self.items.len();
        let id = self.id_of(&body);
        self.items.push(Item {
            id,
            state: State::Open,
            body,
        });
        self.item_frame("response.output_item.added", index, out);
        index
    }

    fn said(&mut self, text: &str, what: Current, out: &mut Vec<u8>) {
        self.flush(out);
        let refused = what == Current::Refusal;
        if self.current != Some(what) {
            self.begin_part(refused, out);
            self.current = Some(what);
        }
        if let Some(said) = self.last_said() {
            said.text.push_str(text);
        }
        if refused {
            self.said_frame("response.refusal.delta", out, |_, object| {
                object.text("delta", text);
            });
        } else if self.echo.logprobs {
            self.waiting.push_str(text);
        } else {
            self.text_delta(text, "", out);
        }
    }

    /// Begins a part of the current message, or of a new one.
    fn begin_part(&mut self, refused: bool, out: &mut Vec<u8>) {
        if matches!(self.current, Some(Current::Text | Current::Refusal)) {
            self.close_part(out);
        } else {
            self.open(Body::Message(Vec::new()), out);
        }
        let said = Said {
            refused,
            ..Said::default()
        };
        if let Some(Item {
            body: Body::Message(parts),
            ..
        }) = self.items.last_mut()
        {
            parts.push(said);
        }
        self.said_frame("response.content_part.added", out, |said, object| {
            object.with("part", |out| said.write(out));
        });
    }

    /// Ends the last part of the last message.
    fn close_part(&mut self, out: &mut Vec<u8>) {
        let refused = self.last_said().is_some_and(|said| said.refused);
        if refused {
            self.said_frame("response.refusal.done", out, |said, object| {
                object.text("refusal", &said.text);
            });
        } else {
            self.said_frame("response.output_text.done", out, |said, object| {
                object.text("text", &said.text);
                object.with("logprobs", |out| said.write_logprobs(out));
            });
        }
        self.said_frame("response.content_part.done", out, |said, object| {
            object.with("part", |out| said.write(out));
        });
    }

    fn last_said(&mut self) -> Option<&mut Said> {
        match &mut self.items.last_mut()?.body {
            Body::Message(parts) => parts.last_mut(),
            Body::Reasoning { .. } | Body::Call { .. } => None,
        }
    }

    /// Sends the text that waits for its probabilities without them.
    fn flush(&mut self, out: &mut Vec<u8>) {
        if !self.waiting.is_empty() {
            let text = core::mem::take(&mut self.waiting);
            self.text_delta(&text, "", out);
        }
    }

    fn logprobs(&mut self, json: &str, out: &mut Vec<u8>) {
        if self.current != Some(Current::Text) || !self.echo.logprobs {
            return;
        }
        let Some(tokens) = token_logprobs(json).filter(|tokens| !tokens.is_empty()) else {
            return;
        };
        if let Some(said) = self.last_said() {
            if !said.logprobs.is_empty() {
                said.logprobs.push(',');
            }
            said.logprobs.push_str(&tokens);
        }
        let text = core::mem::take(&mut self.waiting);
        if !text.is_empty() {
            self.text_delta(&text, &tokens, out);
        }
    }

    fn thought(&mut self, text: &str, out: &mut Vec<u8>) {
        if self.current != Some(Current::Thought) {
            self.open(
                Body::Reasoning {
                    summary: String::new(),
                    sealed: None,
                },
                out,
            );
            self.current = Some(Current::Thought);
            self.summary_frame("response.reasoning_summary_part.added", out, |_, object| {
                object.with("part", |out| write_summary("", out));
            });
        }
        if let Some(Item {
            body: Body::Reasoning { summary, .. },
            ..
        }) = self.items.last_mut()
        {
            summary.push_str(text);
        }
        self.summary_frame("response.reasoning_summary_text.delta", out, |_, object| {
            object.text("delta", text);
        });
    }

    fn signature(&mut self, text: &str, out: &mut Vec<u8>) {
        let begun = matches!(self.current, Some(Current::Thought | Current::Signature));
        if begun {
            self.current = Some(Current::Signature);
        }
        if !self.echo.seals {
            return;
        }
        if !begun {
            self.open(
                Body::Reasoning {
                    summary: String::new(),
                    sealed: None,
                },
                out,
            );
            self.current = Some(Current::Signature);
        }
        if let Some(Item {
            body: Body::Reasoning { sealed, .. },
            ..
        }) = self.items.last_mut()
        {
            match sealed {
                Some(begun) => begun.push_str(text),
                None => *sealed = Some(Seal::Signature(text).close()),
            }
        }
    }

    /// Hands out what is sealed, in an item of its own, if the customer wants it.
    fn seal(&mut self, seal: Seal<'_>, out: &mut Vec<u8>) {
        if !self.echo.seals {
            return;
        }
        let sealed = Some(seal.close());
        let summary = String::new();
        let index = self.open(Body::Reasoning { summary, sealed }, out);
        self.close_item(index, State::Completed, out);
    }

    fn arguments(&mut self, call: u32, json: &str, out: &mut Vec<u8>) {
        let found = self.calls.iter().rev().find(|(number, _)| *number == call);
        let Some((_, index)) = found.copied() else {
            return;
        };
        if let Some(Item {
            state: State::Open,
            body: Body::Call { arguments, .. },
            ..
        }) = self.items.get_mut(index)
        {
            arguments.push_str(json);
            self.arguments_delta(index, json, out);
        }
    }

    /// Ends an item, unless it is over.
    fn close_item(&mut self, index: usize, state: State, out: &mut Vec<u8>) {
        let Some(item) = self.items.get_mut(index).filter(|item| item.is_open()) else {
            return;
        };
        item.state = state;
        match &mut item.body {
            Body::Message(_) => self.close_part(out),
            Body::Reasoning { summary, .. } if summary.is_empty() => {}
            Body::Reasoning { .. } => {
                let kind = "response.reasoning_summary_text.done";
                self.summary_frame(kind, out, |summary, object| object.text("text", summary));
                let kind = "response.reasoning_summary_part.done";
                self.summary_frame(kind, out, |summary, object| {
                    object.with("part", |out| write_summary(summary, out));
                });
            }
            Body::Call { arguments, .. } => {
                if arguments.is_empty() && state == State::Completed {
                    // No arguments are an object without members to every client.
                    arguments.push_str("{}");
                    self.arguments_delta(index, "{}", out);
                }
                self.arguments_done(index, out);
            }
        }
        self.item_frame("response.output_item.done", index, out);
    }
}
