//! An answer as the provider sends it, streamed or whole.

mod block;
mod count;
mod parts;

use std::borrow::Cow;

use super::super::seal::Maker;
use super::super::{Event, Finish, ReadFault, Reader, Usage};
use crate::error::UpstreamFault;
use crate::json::{Cursor, JsonFault};
use crate::sse::Frame;
use block::{Block, Open};
use count::Count;
use parts::Head;
pub(super) use parts::Parts;

const NOT_JSON: ReadFault = ReadFault::Garbled("an event is not a JSON object");
const NOT_A_MESSAGE: ReadFault = ReadFault::Garbled("its answer is no message");

/// Reads one answer of the Messages wire.
#[derive(Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts about one answer, not a state"
)]
pub struct MessageReader {
    count: Count,
    model: Option<String>,
    /// The tool whose arguments are the answer itself.
    answer_tool: Option<String>,
    /// Calls that have begun and not ended; well-behaved providers have one at a time.
    open: Vec<(u64, Open)>,
    /// The number of the next call.
    calls: u32,
    /// Content that came with the beginning, in case nothing else comes.
    at_once: Option<Vec<u8>>,
    /// Whether the thought that is being told has a signature.
    is_signed: bool,
    has_begun: bool,
    has_blocks: bool,
    finish: Option<Finish>,
    has_finished: bool,
    is_over: bool,
}

impl MessageReader {
    /// A reader for the answer to any request of the wire's own.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the arguments of this tool for the answer itself.
    #[must_use]
    pub fn with_answer_tool(mut self, tool: Option<&str>) -> Self {
        self.answer_tool = tool.map(str::to_owned);
        self
    }

    /// Tells whether the prompt asked for the long-lived cache, for answers that do not
    /// say which one was written to.
    #[must_use]
    pub fn with_long_cache(mut self, long_cache: bool) -> Self {
        self.count.long_cache = long_cache;
        self
    }

    /// Whether an event has come that belongs to an answer.
    pub fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Takes one event that has been taken apart.
    pub(super) fn event(
        &mut self,
        parts: &Parts<'_>,
        data: &[u8],
        emit: &mut dyn FnMut(Event<'_>),
    ) -> Result<(), ReadFault> {
        let kind = parts.kind.as_deref().unwrap_or_default();
        match kind {
            "error" => return Err(stated(data)),
            "message_start" => self.start(parts.message.unwrap_or_default()),
            "content_block_start" => {
                let block = Block::read(parts.block.unwrap_or_default()).map_err(unreadable)?;
                self.begin(parts.index, &block, emit);
            }
            "content_block_delta" => {
                let delta = Block::read(parts.delta.unwrap_or_default()).map_err(unreadable)?;
                self.delta(parts.index, &delta, emit);
            }
            "content_block_stop" => self.end(parts.index, emit),
            "message_delta" => {
                if let Some(usage) = parts.usage {
                    self.count.take(usage);
                }
                self.stop_reason(parts.delta.unwrap_or_default());
                if self.finish.is_some() {
                    self.conclude(emit);
                }
            }
            "message_stop" => {
                self.is_over = true;
                if self.finish.is_none() && (self.has_blocks || self.at_once.is_some()) {
                    self.finish = Some(self.why("end_turn", None));
                }
                self.conclude(emit);
            }
            // An error without a type is an error all the same; the rest is new to us.
            _ if parts.error => return Err(stated(data)),
            _ => return Ok(()),
        }
        self.has_begun = true;
        Ok(())
    }

    /// Takes what an answer begins with. It may come twice, and the second time says
    /// nothing new of an answer that has ended.
    fn start(&mut self, message: &[u8]) {
        let Ok(head) = Head::read(message) else {
            return;
        };
        if let Some(usage) = head.usage {
            self.count.begin(usage);
        }
        if let Some(model) = head.model {
            self.model = Some(model.into_owned());
        }
        let is_empty = |content: &[u8]| content.iter().all(|byte| b"[] \r\n\t".contains(byte));
        self.at_once = head
            .content
            .filter(|content| !is_empty(content))
            .map(<[u8]>::to_vec);
    }

    fn begin(&mut self, index: u64, block: &Block<'_>, emit: &mut dyn FnMut(Event<'_>)) {
        self.has_blocks = true;
        self.open.retain(|(other, _)| *other != index);
        let opened = match block.kind() {
            "text" => {
                self.said(
                    Event::Text {
                        choice: 0,
                        text: block.text(),
                    },
                    emit,
                );
                return;
            }
            "thinking" => {
                self.said(
                    Event::Thought {
                        choice: 0,
                        text: block.text(),
                    },
                    emit,
                );
                self.is_signed = false;
                self.sign(block, emit);
                return;
            }
            "redacted_thinking" => {
                let data = Cow::Owned(Maker::Anthropic.adopt(block.data().into_owned()));
                emit(Event::SealedThought { choice: 0, data });
                return;
            }
            "tool_use" if self.is_answer(block) => {
                self.count.is_wrapped = true;
                Open::Answer {
                    input: Some(block.input()),
                }
            }
            "tool_use" => {
                let call = self.calls;
                self.calls = self.calls.saturating_add(1);
                let id = match block.id() {
                    id if id.is_empty() => Cow::Owned(format!("toolu_{call}")),
                    id => id,
                };
                let name = block.name();
                self.count.said(name.len());
                emit(Event::Call {
                    choice: 0,
                    call,
                    id,
                    name,
                    seal: None,
                });
                Open::Call {
                    call,
                    input: Some(block.input()),
                }
            }
            _ => return,
        };
        self.open.push((index, opened));
    }

    fn is_answer(&self, block: &Block<'_>) -> bool {
        self.answer_tool.is_some() && self.answer_tool.as_deref() == Some(&*block.name())
    }

    fn delta(&mut self, index: u64, delta: &Block<'_>, emit: &mut dyn FnMut(Event<'_>)) {
        match delta.kind() {
            "text_delta" => self.said(
                Event::Text {
                    choice: 0,
                    text: delta.text(),
                },
                emit,
            ),
            "thinking_delta" => self.said(
                Event::Thought {
                    choice: 0,
                    text: delta.text(),
                },
                emit,
            ),
            "signature_delta" => self.sign(delta, emit),
            "input_json_delta" => {
                let json = delta.partial_json();
                if json.is_empty() {
                    return;
                }
                let open = self.open.iter_mut().find(|(other, _)| *other == index);
                match open {
                    Some((_, Open::Call { call, input })) => {
                        // What comes in pieces stands for what came at once.
                        *input = None;
                        let call = *call;
                        self.said(
                            Event::Arguments {
                                choice: 0,
                                call,
                                json,
                            },
                            emit,
                        );
                    }
                    Some((_, Open::Answer { input })) => {
                        *input = None;
                        self.said(
                            Event::Text {
                                choice: 0,
                                text: json,
                            },
                            emit,
                        );
                    }
                    None => {}
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, index: u64, emit: &mut dyn FnMut(Event<'_>)) {
        let Some(at) = self.open.iter().position(|(other, _)| *other == index) else {
            return;
        };
        let (_, open) = self.open.swap_remove(at);
        self.close(open, emit);
    }

    fn close(&mut self, open: Open, emit: &mut dyn FnMut(Event<'_>)) {
        match open {
            // Nothing came in pieces: what came at once stands, which is `{}` for none.
            Open::Call {
                call,
                input: Some(input),
            } => {
                let json = Cow::Owned(input);
                self.said(
                    Event::Arguments {
                        choice: 0,
                        call,
                        json,
                    },
                    emit,
                );
            }
            Open::Answer { input: Some(input) } => {
                let text = Cow::Owned(input);
                self.said(Event::Text { choice: 0, text }, emit);
            }
            _ => {}
        }
    }

    fn sign(&mut self, block: &Block<'_>, emit: &mut dyn FnMut(Event<'_>)) {
        let signature = block.signature();
        if !signature.is_empty() {
            // One that comes in pieces says with its first whose it is.
            let is_first = !std::mem::replace(&mut self.is_signed, true);
            let signature = if is_first {
                Cow::Owned(Maker::Anthropic.adopt(signature.into_owned()))
            } else {
                signature
            };
            emit(Event::Signature {
                choice: 0,
                signature,
            });
        }
    }

    fn said(&mut self, event: Event<'_>, emit: &mut dyn FnMut(Event<'_>)) {
        let bytes = event.output_bytes();
        if bytes > 0 {
            self.count.output_bytes = self.count.output_bytes.saturating_add(bytes);
            emit(event);
        }
    }

    fn stop_reason(&mut self, delta: &[u8]) {
        let Ok(head) = Head::read(delta) else {
            return;
        };
        if let Some(reason) = head.stop_reason.as_deref() {
            self.finish = Some(self.why(reason, head.stop_sequence));
        }
    }

    fn why(&self, reason: &str, sequence: Option<Cow<'_, str>>) -> Finish {
        match reason {
            "max_tokens" | "model_context_window_exceeded" => Finish::Length,
            "refusal" => Finish::Filtered,
            "tool_use" if self.calls == 0 && self.count.is_wrapped => Finish::Stop,
            "tool_use" => Finish::Calls,
            "stop_sequence" => sequence.map_or(Finish::Stop, |sequence| {
                Finish::StopSequence(sequence.into_owned())
            }),
            // Also `pause_turn`, `compaction` and whatever comes to be.
            _ => Finish::Stop,
        }
    }

    /// Tells the end of the answer, once.
    fn conclude(&mut self, emit: &mut dyn FnMut(Event<'_>)) {
        if !self.has_blocks
            && let Some(content) = self.at_once.take()
        {
            // The answer came with its beginning and never again.
            let _readable = self.blocks(&content, emit);
        }
        for (_, open) in std::mem::take(&mut self.open) {
            self.close(open, emit);
        }
        if self.has_finished {
            return;
        }
        self.has_finished = true;
        if let Some(why) = self.finish.clone() {
            emit(Event::Finish { choice: 0, why });
        }
    }

    /// Takes whole blocks.
    fn blocks(&mut self, content: &[u8], emit: &mut dyn FnMut(Event<'_>)) -> Result<(), JsonFault> {
        let mut cursor = Cursor::new(content);
        cursor.open_array()?;
        let mut index = 0;
        while cursor.item()? {
            let block = Block::read(cursor.skip()?)?;
            self.begin(index, &block, emit);
            self.end(index, emit);
            index += 1;
        }
        Ok(())
    }
}

impl Reader for MessageReader {
    fn frame(
        &mut self,
        frame: &Frame<'_>,
        emit: &mut dyn FnMut(Event<'_>),
    ) -> Result<(), ReadFault> {
        if frame.data.is_empty() || self.is_over {
            return Ok(());
        }
        self.event(&Parts::of(&frame.data)?, &frame.data, emit)
    }

    fn whole(&mut self, body: &[u8], emit: &mut dyn FnMut(Event<'_>)) -> Result<(), ReadFault> {
        let head = Head::read(body).map_err(|_unreadable| NOT_A_MESSAGE)?;
        if head.kind.as_deref() == Some("error") || (head.error && head.content.is_none()) {
            return Err(stated(body));
        }
        let Some(content) = head.content else {
            return Err(NOT_A_MESSAGE);
        };
        self.has_begun = true;
        if let Some(usage) = head.usage {
            self.count.take(usage);
        }
        self.model = head.model.map(Cow::into_owned);
        self.blocks(content, emit)
            .map_err(|_unreadable| NOT_A_MESSAGE)?;
        self.has_blocks = true;
        let reason = head.stop_reason.as_deref().unwrap_or("end_turn");
        self.finish = Some(self.why(reason, head.stop_sequence));
        self.is_over = true;
        self.conclude(emit);
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.is_over
    }

    fn is_complete(&self) -> bool {
        self.finish.is_some()
    }

    fn usage(&self) -> Option<Usage> {
        self.count.usage()
    }

    fn served_model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    fn served_tier(&self) -> Option<&str> {
        self.count.tier()
    }
}

fn unreadable(_: JsonFault) -> ReadFault {
    NOT_JSON
}

/// The error that the provider reports.
fn stated(data: &[u8]) -> ReadFault {
    ReadFault::Stated(UpstreamFault::read(data).unwrap_or_else(|| UpstreamFault {
        message: "The provider reported an error without saying which.".to_owned(),
        ..UpstreamFault::default()
    }))
}

#[cfg(test)]
mod tests;
