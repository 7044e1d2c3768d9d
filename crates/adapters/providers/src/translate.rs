//! Answers of a provider whose wire is not the customer's: read as events, written in the
//! customer's dialect.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use vuzo_domain::chat::{
    Cutter, Envelope, FaultKind, ProviderFault, ReplyChunk, UsageReport, WholeReply,
};
use vuzo_domain::pricing::ServedTier;
use vuzo_domain::usage::Consumption;
use vuzo_wire::sse::{Frame, FrameSplitter};
use vuzo_wire::talk::{Answer, Choice, Event, ReadFault, Reader, Usage, Writer};

use crate::upstream::{Ending, Relay, fault};

/// What is kept back for the end; all calls of an answer's tools may be in it.
const MOST_KEPT_BACK: usize = 16 << 20;

/// One translated stream. Clones are the same stream: one reads it, one may cut it.
#[derive(Clone)]
pub(crate) struct Translation(Arc<Mutex<Passage>>);

struct Passage {
    splitter: FrameSplitter,
    begun: bool,
    desk: Desk,
}

/// The two who translate, and what they have made so far.
struct Desk {
    reader: Box<dyn Reader>,
    writer: Box<dyn Writer>,
    judge: Judge,
    facts: Facts,
    /// Frames for the customer that have not been taken yet.
    out: Vec<u8>,
    out_bytes: u64,
    /// The frames from the end of the first answer on.
    kept_back: Vec<u8>,
    output_bytes: u64,
}

/// What the request says that the answer does not.
#[derive(Clone, Copy)]
pub(crate) struct Facts {
    images: u64,
}

impl Facts {
    pub(crate) fn of(envelope: &Envelope) -> Self {
        Self {
            images: envelope.images,
        }
    }
}

/// What follows from an error that a provider states inside its answer.
pub(crate) type Judge = fn(&ReadFault, &[u8]) -> ProviderFault;

impl Translation {
    pub(crate) fn new(
        envelope: &Envelope,
        reader: Box<dyn Reader>,
        writer: Box<dyn Writer>,
        judge: Judge,
    ) -> Self {
        Self(Arc::new(Mutex::new(Passage {
            splitter: FrameSplitter::with_limit(MOST_KEPT_BACK),
            begun: false,
            desk: Desk {
                reader,
                writer,
                judge,
                facts: Facts::of(envelope),
                out: Vec::new(),
                out_bytes: 0,
                kept_back: Vec::new(),
                output_bytes: 0,
            },
        })))
    }

    fn passage(&self) -> MutexGuard<'_, Passage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Relay for Translation {
    fn has_begun(&self) -> bool {
        self.passage().begun
    }

    fn push(&mut self, bytes: &[u8]) -> Option<Ending> {
        let mut passage = self.passage();
        let Passage {
            splitter,
            begun,
            desk,
        } = &mut *passage;
        splitter.push(bytes);
        loop {
            let outcome = match splitter.next_frame() {
                Ok(Some(frame)) => {
                    *begun |= !is_comment(&frame);
                    desk.frame(&frame)
                }
                Ok(None) => return None,
                Err(too_long) => Err(fault::garbled(&too_long.to_string(), None)),
            };
            match outcome {
                Ok(()) if desk.reader.is_over() => return Some(desk.over()),
                Ok(()) => {}
                Err(trouble) => return Some(Err(desk.charge(trouble))),
            }
        }
    }

    fn content(&mut self) -> Option<ReplyChunk> {
        self.passage().desk.content()
    }

    fn close(&mut self, reason: ProviderFault) -> Ending {
        let mut passage = self.passage();
        let Passage { splitter, desk, .. } = &mut *passage;
        let outcome = match splitter.finish() {
            Some(rest) => desk.frame(&rest),
            None => Ok(()),
        };
        match outcome {
            Ok(()) if desk.reader.is_complete() => Ok(desk.end()),
            Ok(()) => Err(desk.charge(reason)),
            // Half an event at the end is the break itself, not what caused it.
            Err(trouble) if trouble.kind == FaultKind::Garbled => {
                if desk.reader.is_complete() {
                    Ok(desk.end())
                } else {
                    Err(desk.charge(reason))
                }
            }
            Err(trouble) => Err(desk.charge(trouble)),
        }
    }
}

impl Cutter for Translation {
    fn cut(self: Box<Self>) -> ReplyChunk {
        self.passage().desk.end()
    }
}

impl Desk {
    fn frame(&mut self, frame: &Frame<'_>) -> Result<(), ProviderFault> {
        if is_comment(frame) {
            return Ok(());
        }
        let Self {
            reader,
            writer,
            judge,
            out,
            out_bytes,
            kept_back,
            output_bytes,
            ..
        } = self;
        let read = reader.frame(frame, &mut |event| {
            let bytes = event.output_bytes();
            *output_bytes = output_bytes.saturating_add(bytes);
            // Once an answer is over, what follows waits for the settlement, so that
            // frames leave in their order.
            if kept_back.is_empty() && !matches!(event, Event::Finish { .. }) {
                *out_bytes = out_bytes.saturating_add(bytes);
                writer.event(&event, out);
            } else {
                writer.event(&event, kept_back);
            }
        });
        if let Some(word) = reader.served_tier() {
            writer.served_tier(word);
        }
        read.map_err(|trouble| judge(&trouble, frame.raw))?;
        if kept_back.len() > MOST_KEPT_BACK {
            return Err(fault::garbled("it does not stop after the end", None));
        }
        Ok(())
    }

    fn content(&mut self) -> Option<ReplyChunk> {
        if self.out.is_empty() {
            return None;
        }
        Some(ReplyChunk::Content {
            frames: Bytes::from(core::mem::take(&mut self.out)),
            output_bytes: core::mem::take(&mut self.out_bytes),
        })
    }

    /// The provider says that it is done.
    fn over(&mut self) -> Ending {
        if self.reader.is_complete() {
            Ok(self.end())
        } else {
            let reason = fault::garbled("its stream ends without an answer", None);
            Err(self.charge(reason))
        }
    }

    fn end(&mut self) -> ReplyChunk {
        let mut frames = core::mem::take(&mut self.kept_back);
        self.writer.close(&mut frames);
        let usage = self.reader.usage();
        ReplyChunk::End {
            frames: frames.into(),
            usage_frame: self.writer.usage_frame(usage.as_ref()).map(Bytes::from),
            report: self.report(),
        }
    }

    fn report(&self) -> UsageReport {
        report(&*self.reader, self.facts, self.output_bytes)
    }

    /// Notes on a fault what had been consumed until then.
    fn charge(&self, mut trouble: ProviderFault) -> ProviderFault {
        trouble.report = Some(Box::new(self.report()));
        trouble
    }
}

/// Translates an answer that came in one piece.
pub(crate) fn whole(
    envelope: &Envelope,
    body: &[u8],
    mut reader: Box<dyn Reader>,
    mut writer: Box<dyn Writer>,
    judge: Judge,
) -> Result<WholeReply, ProviderFault> {
    let facts = Facts::of(envelope);
    let mut answer = Answer::default();
    let mut output_bytes: u64 = 0;
    let read = reader.whole(body, &mut |event| {
        output_bytes = output_bytes.saturating_add(event.output_bytes());
        answer.add(&event);
    });
    let report = report(&*reader, facts, output_bytes);
    if let Err(trouble) = read {
        let mut fault = judge(&trouble, body);
        fault.report = Some(Box::new(report));
        return Err(fault);
    }
    if answer.choices.is_empty() {
        answer.choices.push(Choice::default());
    }
    if let Some(word) = reader.served_tier() {
        writer.served_tier(word);
    }
    let usage = reader.usage();
    Ok(WholeReply {
        body: writer.whole(&answer, usage.as_ref()).into(),
        report,
    })
}

fn report(reader: &dyn Reader, facts: Facts, output_bytes: u64) -> UsageReport {
    UsageReport {
        consumption: reader.usage().and_then(|usage| consumption(usage, facts)),
        served_model: reader.served_model().map(str::to_owned),
        served_tier: reader.served_tier().and_then(ServedTier::from_word),
        stated_cost: None,
        output_bytes,
    }
}

/// The counts of the wire are disjoint already.
pub(crate) fn consumption(usage: Usage, facts: Facts) -> Option<Consumption> {
    let counted = Consumption {
        input: usage.input,
        cache_read: usage.cache_read,
        cache_write: usage.cache_write,
        cache_write_long: usage.cache_write_long,
        audio_input: usage.audio_input,
        output: usage.output,
        reasoning: usage.reasoning,
        // A stated zero is zero, images included.
        images: if usage.prompt() == 0 { 0 } else { facts.images },
    };
    counted.checked().ok()
}

fn is_comment(frame: &Frame<'_>) -> bool {
    // What stands in no field at all may still be an error: Google sends some bare.
    frame.is_comment_only
        && frame
            .raw
            .trim_ascii_start()
            .first()
            .is_none_or(|byte| *byte == b':')
}
