//! From a provider's events to the customer's, and to the bill.

use bytes::Bytes;
use vuzo_domain::chat::{ProviderFault, ReplyChunk, UpstreamCall};
use vuzo_wire::chat::ChunkFacts;
use vuzo_wire::chat::chunk::relay as write_payload;
use vuzo_wire::sse::{Frame, FrameSplitter, is_done};

use super::dialect::Habits;
use super::frame;
use crate::upstream::{self, Ending, fault};
use crate::usage::{PromptFacts, UsageTally};

/// What is kept back after the end of the content; providers send a frame or two.
const MOST_KEPT_BACK: usize = 4 << 20;

/// One stream on its way through. It holds at most one incomplete frame and what is
/// kept back for the end, so its memory does not grow with the answer.
#[derive(Debug)]
pub(super) struct Relay {
    splitter: FrameSplitter,
    passage: Passage,
}

impl Relay {
    pub(super) fn new(call: &UpstreamCall, habits: &'static Habits) -> Self {
        let envelope = &call.envelope;
        Self {
            splitter: FrameSplitter::new(),
            passage: Passage {
                habits,
                id: call.generation.to_string(),
                wants_usage: envelope.wants_usage,
                answers: envelope.answers.max(1),
                begun: false,
                finished: 0,
                told_apart: false,
                vague: Vague::default(),
                kept_back: Vec::new(),
                usage_payload: None,
                tally: UsageTally::new(habits.convention, PromptFacts::of(envelope)),
                out: Vec::new(),
                out_bytes: 0,
            },
        }
    }
}

impl upstream::Relay for Relay {
    fn has_begun(&self) -> bool {
        self.passage.begun
    }

    fn push(&mut self, bytes: &[u8]) -> Option<Ending> {
        self.splitter.push(bytes);
        loop {
            let outcome = match self.splitter.next_frame() {
                Ok(Some(event)) => self.passage.event(&event),
                Ok(None) => return None,
                Err(too_long) => Err(fault::garbled(&too_long.to_string(), None)),
            };
            match outcome {
                Ok(Progress::On) => {}
                Ok(Progress::Done) => return Some(Ok(self.passage.end())),
                Err(trouble) => return Some(Err(self.passage.charge(trouble))),
            }
        }
    }

    fn content(&mut self) -> Option<ReplyChunk> {
        self.passage.content()
    }

    fn close(&mut self, reason: ProviderFault) -> Ending {
        let outcome = match self.splitter.finish() {
            Some(rest) => self.passage.event(&rest),
            None => Ok(Progress::On),
        };
        match outcome {
            Ok(Progress::Done) => Ok(self.passage.end()),
            _ if self.passage.is_complete() => Ok(self.passage.end()),
            Ok(Progress::On) => Err(self.passage.charge(reason)),
            // Half an event at the end is the break itself, not what caused it.
            Err(trouble) => {
                let stated = trouble.kind != vuzo_domain::chat::FaultKind::Garbled;
                Err(self.passage.charge(if stated { trouble } else { reason }))
            }
        }
    }
}

enum Progress {
    On,
    Done,
}

/// What is known of an answer's end where the provider's finish reasons may say nothing.
#[derive(Debug, Default)]
struct Vague {
    /// Whether a tool was called.
    calls_tools: bool,
    /// The last chunk whose finish reason said nothing.
    end: Option<Vec<u8>>,
}

impl Vague {
    fn look_at(&mut self, payload: &[u8]) {
        self.calls_tools |= frame::calls_tools(payload);
        if frame::has_empty_reason(payload) {
            self.end = Some(payload.to_vec());
        }
    }
}

#[derive(Debug)]
struct Passage {
    habits: &'static Habits,
    id: String,
    wants_usage: bool,
    answers: u32,
    begun: bool,
    /// Frames that ended an answer.
    finished: u32,
    /// Whether usage came in a frame of its own, which providers send last.
    told_apart: bool,
    vague: Vague,
    /// The frames from the last finish reason on.
    kept_back: Vec<u8>,
    usage_payload: Option<Vec<u8>>,
    tally: UsageTally,
    /// Frames for the customer that have not been taken yet.
    out: Vec<u8>,
    out_bytes: u64,
}

impl Passage {
    fn event(&mut self, event: &Frame<'_>) -> Result<Progress, ProviderFault> {
        if event.is_comment_only || event.data.is_empty() {
            return Ok(Progress::On);
        }
        self.begun = true;
        if is_done(&event.data) {
            return if self.has_answered() {
                self.say_why_it_ends();
                Ok(Progress::Done)
            } else {
                Err(fault::garbled("its stream is empty", None))
            };
        }
        let repaired = if self.habits.blurs_finish_reason {
            self.vague.look_at(&event.data);
            frame::with_open_end(&event.data)
        } else {
            None
        };
        self.payload(repaired.as_deref().unwrap_or(&event.data))
    }

    /// Gives an answer that has come to its end a finish reason, where the provider only
    /// ever gave an empty one.
    fn say_why_it_ends(&mut self) {
        let Some(payload) = self.vague.end.take() else {
            return;
        };
        if self.finished > 0 || self.answers > 1 {
            return;
        }
        if let Some(chunk) = frame::ended(&payload, self.vague.calls_tools, self.wants_usage) {
            write_frame(&chunk, &self.id, !self.wants_usage, &mut self.kept_back);
        }
    }

    fn payload(&mut self, data: &[u8]) -> Result<Progress, ProviderFault> {
        let facts = ChunkFacts::of(data);
        if !facts.whole {
            return Err(fault::garbled("an event is not a JSON object", Some(data)));
        }
        if let Some(model) = facts.model {
            self.tally.model(model);
        }
        if let Some(word) = facts.service_tier {
            self.tally.tier(word);
        }
        if let Some(usage) = facts.usage() {
            self.tally.usage(usage);
        }
        // Beside an error nothing in the frame is an answer.
        if let Some(error) = facts.error().or_else(|| stated_apart(&facts, data)) {
            return Err(fault::of_error(&error, data));
        }
        self.tally.output(facts.output_bytes);
        match (facts.choices, facts.usage) {
            // Neither an answer nor an account of one: nothing that the wire knows.
            (None, None) => {}
            (None | Some(0), Some(_)) => {
                self.told_apart = true;
                self.usage_payload = self.wants_usage.then(|| data.to_vec());
            }
            (Some(_), Some(_)) => {
                if self.wants_usage {
                    self.usage_payload = frame::usage_alone(data);
                }
                if let Some(content) = frame::without_usage(data, self.wants_usage) {
                    self.content_frame(&content, &facts)?;
                }
            }
            (Some(_), None) => self.content_frame(data, &facts)?,
        }
        Ok(Progress::On)
    }

    fn content_frame(&mut self, data: &[u8], facts: &ChunkFacts<'_>) -> Result<(), ProviderFault> {
        let says_nothing = facts.output_bytes == 0 && facts.finish_reason.is_none();
        if self.is_closing() && says_nothing {
            return Ok(());
        }
        if facts.finish_reason.is_some() {
            self.finished = self.finished.saturating_add(1);
        }
        let closing = self.is_closing();
        let target = if closing {
            &mut self.kept_back
        } else {
            &mut self.out
        };
        if !closing {
            self.out_bytes = self.out_bytes.saturating_add(facts.output_bytes);
        }
        write_frame(data, &self.id, !self.wants_usage, target);
        if self.kept_back.len() > MOST_KEPT_BACK {
            return Err(fault::garbled("it does not stop after the end", None));
        }
        Ok(())
    }

    /// Whether every answer has its finish reason.
    fn is_closing(&self) -> bool {
        self.finished >= self.answers
    }

    /// Whether the customer has the whole answer, as far as one can tell.
    fn is_complete(&self) -> bool {
        self.is_closing() || (self.finished > 0 && self.told_apart)
    }

    fn has_answered(&self) -> bool {
        self.finished > 0 || self.told_apart || self.tally.has_usage() || self.has_spoken()
    }

    fn has_spoken(&self) -> bool {
        self.tally.report().output_bytes > 0
    }

    fn content(&mut self) -> Option<ReplyChunk> {
        if self.out.is_empty() {
            return None;
        }
        let frames = Bytes::from(core::mem::take(&mut self.out));
        let output_bytes = core::mem::take(&mut self.out_bytes);
        Some(ReplyChunk::Content {
            frames,
            output_bytes,
        })
    }

    fn end(&mut self) -> ReplyChunk {
        let usage_frame = self.usage_payload.take().map(|payload| {
            let mut frame = Vec::with_capacity(payload.len().saturating_add(64));
            write_frame(&payload, &self.id, false, &mut frame);
            Bytes::from(frame)
        });
        ReplyChunk::End {
            frames: Bytes::from(core::mem::take(&mut self.kept_back)),
            usage_frame,
            report: self.tally.report(),
        }
    }

    /// Notes on a fault what had been consumed until then.
    fn charge(&self, mut trouble: ProviderFault) -> ProviderFault {
        trouble.report = Some(Box::new(self.tally.report()));
        trouble
    }
}

/// An error without choices beside it may have its code at the top, as xAI writes it.
fn stated_apart(facts: &ChunkFacts<'_>, data: &[u8]) -> Option<vuzo_wire::error::UpstreamFault> {
    if facts.choices.is_some() || facts.usage.is_some() {
        return None;
    }
    vuzo_wire::error::UpstreamFault::read(data)
}

/// Writes a payload as one event of one line. A line break between its tokens is blank
/// space to JSON and the end of the line to SSE.
fn write_frame(payload: &[u8], id: &str, strip_usage: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(b"data: ");
    let begin = out.len();
    write_payload(payload, id, strip_usage, out);
    if payload.contains(&b'\n') {
        for byte in out.iter_mut().skip(begin).filter(|byte| **byte == b'\n') {
            *byte = b' ';
        }
    }
    out.extend_from_slice(b"\n\n");
}

#[cfg(test)]
mod tests;
