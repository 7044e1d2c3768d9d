//! An answer in OpenAI's chat wire on its way into another dialect.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream;
use vuzo_domain::chat::{Cutter, ProviderFault, ReplyChunk, ReplyStream, UsageReport, WholeReply};
use vuzo_domain::usage::Consumption;
use vuzo_wire::sse::FrameSplitter;
use vuzo_wire::talk::chat::ChunkReader;
use vuzo_wire::talk::{Answer, Choice, ReadFault, Reader as _, Usage, Writer};

use crate::upstream::fault;

/// No frame of ours is longer.
const LONGEST_FRAME: usize = 32 << 20;

/// The end of a stream, which the provider's own adapter has taken off.
const DONE: &[u8] = b"data: [DONE]\n\n";

/// One answer that is being translated. The provider has counted it already: its report
/// stays as it is.
pub(super) struct Passage {
    splitter: FrameSplitter,
    reader: ChunkReader,
    writer: Box<dyn Writer>,
    /// What went on so far, for the bill of a stream that is cut.
    output_bytes: u64,
}

impl Passage {
    pub(super) fn new(answers: u32, writer: Box<dyn Writer>) -> Self {
        Self {
            splitter: FrameSplitter::with_limit(LONGEST_FRAME),
            reader: ChunkReader::new(answers),
            writer,
            output_bytes: 0,
        }
    }

    /// Translates an answer in one piece.
    pub(super) fn whole(mut self, whole: WholeReply) -> Result<WholeReply, ProviderFault> {
        let WholeReply { body, report } = whole;
        let mut answer = Answer::default();
        let read = self.reader.whole(&body, &mut |event| answer.add(&event));
        if let Err(trouble) = read {
            return Err(unreadable(&trouble, &body, report));
        }
        if answer.choices.is_empty() {
            answer.choices.push(Choice::default());
        }
        self.tell_tier(&report);
        let usage = report.consumption.as_ref().map(counts);
        Ok(WholeReply {
            body: Bytes::from(self.writer.whole(&answer, usage.as_ref())),
            report,
        })
    }

    /// Translates a stream, piece by piece.
    pub(super) fn stream(self, source: ReplyStream) -> ReplyStream {
        let shared = Shared(Arc::new(Mutex::new(self)));
        let cutter = shared.clone();
        let pieces = stream::unfold(Some((source, shared)), async |state| {
            let (mut source, shared) = state?;
            loop {
                let piece = source.next().await?;
                let piece = piece.and_then(|piece| shared.passage().piece(piece));
                match piece {
                    // What says nothing in this dialect need not be sent.
                    Ok(ReplyChunk::Content {
                        frames,
                        output_bytes: 0,
                    }) if frames.is_empty() => {}
                    Ok(content @ ReplyChunk::Content { .. }) => {
                        return Some((Ok(content), Some((source, shared))));
                    }
                    last => return Some((last, None)),
                }
            }
        });
        ReplyStream::new(pieces).with_cutter(cutter)
    }

    fn piece(&mut self, piece: ReplyChunk) -> Result<ReplyChunk, ProviderFault> {
        match piece {
            ReplyChunk::Content {
                frames,
                output_bytes,
            } => {
                self.output_bytes = self.output_bytes.saturating_add(output_bytes);
                let mut out = Vec::with_capacity(frames.len());
                self.translate(&frames, &mut out)
                    .map_err(|trouble| unreadable(&trouble, &frames, self.so_far()))?;
                Ok(ReplyChunk::Content {
                    frames: Bytes::from(out),
                    output_bytes,
                })
            }
            ReplyChunk::End { frames, report, .. } => {
                let mut out = Vec::with_capacity(frames.len());
                // Answers that end without a word end here.
                let read = self
                    .translate(&frames, &mut out)
                    .and_then(|()| self.translate(DONE, &mut out));
                read.map_err(|trouble| unreadable(&trouble, &frames, report.clone()))?;
                Ok(self.end(out, report))
            }
        }
    }

    fn translate(&mut self, frames: &[u8], out: &mut Vec<u8>) -> Result<(), ReadFault> {
        let Self {
            splitter,
            reader,
            writer,
            ..
        } = self;
        splitter.push(frames);
        let too_long = |_| ReadFault::Garbled("an event is too long");
        while let Some(frame) = splitter.next_frame().map_err(too_long)? {
            reader.frame(&frame, &mut |event| writer.event(&event, out))?;
        }
        Ok(())
    }

    fn end(&mut self, mut frames: Vec<u8>, report: UsageReport) -> ReplyChunk {
        self.tell_tier(&report);
        self.writer.close(&mut frames);
        let usage = report.consumption.as_ref().map(counts);
        let usage_frame = self.writer.usage_frame(usage.as_ref());
        ReplyChunk::End {
            frames: Bytes::from(frames),
            usage_frame: usage_frame.map(Bytes::from),
            report,
        }
    }

    fn tell_tier(&mut self, report: &UsageReport) {
        if let Some(tier) = &report.served_tier {
            self.writer.served_tier(tier.name());
        }
    }

    fn so_far(&self) -> UsageReport {
        UsageReport {
            served_model: self.reader.served_model().map(str::to_owned),
            output_bytes: self.output_bytes,
            ..UsageReport::default()
        }
    }
}

/// The same passage for who reads it and for who may cut it.
#[derive(Clone)]
struct Shared(Arc<Mutex<Passage>>);

impl Shared {
    fn passage(&self) -> MutexGuard<'_, Passage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cutter for Shared {
    fn cut(self: Box<Self>) -> ReplyChunk {
        let mut passage = self.passage();
        let report = passage.so_far();
        passage.end(Vec::new(), report)
    }
}

/// The provider's own answer has been judged already, so that this is our own mistake or
/// a wire that nobody knows.
fn unreadable(trouble: &ReadFault, seen: &[u8], report: UsageReport) -> ProviderFault {
    let mut fault = match trouble {
        ReadFault::Stated(error) => fault::of_error(error, seen),
        ReadFault::Garbled(what) => fault::garbled(what, Some(seen)),
    };
    fault.report = Some(Box::new(report));
    fault
}

/// What was consumed, as the wire tells it.
fn counts(consumption: &Consumption) -> Usage {
    Usage {
        input: consumption.input,
        cache_read: consumption.cache_read,
        cache_write: consumption.cache_write,
        cache_write_long: consumption.cache_write_long,
        audio_input: consumption.audio_input,
        output: consumption.output,
        reasoning: consumption.reasoning,
    }
}
