//! From a provider's events to the customer's, and to the bill.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use vuzo_domain::chat::{Cutter, FaultKind, ProviderFault, ReplyChunk, UpstreamCall};
use vuzo_wire::sse::{Frame, FrameSplitter, is_done};
use vuzo_wire::talk::responses::native::{
    EventFacts, ResponseFacts, Transcript, Turn, relay_event, relay_response,
};

use super::count;
use crate::upstream::{Ending, Relay, fault};
use crate::usage::UsageTally;

/// The last event of a stream repeats the whole answer.
const LONGEST_EVENT: usize = 16 << 20;

/// What comes before the provider has looked at the request. It is kept back until
/// something else comes: what goes wrong until then goes wrong with the whole call, and
/// another provider may be asked.
const OPENING: [&str; 3] = [
    "response.created",
    "response.in_progress",
    "response.queued",
];

/// One stream on its way through. Clones are the same stream: one reads it, one may cut
/// it.
#[derive(Clone)]
pub(super) struct NativeRelay(Arc<Mutex<Stream>>);

struct Stream {
    splitter: FrameSplitter,
    passage: Passage,
}

struct Passage {
    id: String,
    /// The customer's notes, as JSON of one line.
    metadata: Option<String>,
    wants_usage: bool,
    begun: bool,
    /// Whether nothing has come yet that the provider gave thought to.
    opening: bool,
    tally: UsageTally,
    transcript: Transcript,
    /// Frames for the customer that have not been taken yet.
    out: Vec<u8>,
    out_bytes: u64,
    /// The last event, which holds everything.
    last: Option<Vec<u8>>,
}

enum Progress {
    On,
    Done,
}

impl NativeRelay {
    pub(super) fn new(call: &UpstreamCall, tally: UsageTally) -> Self {
        let metadata = call.envelope.metadata.as_deref();
        Self(Arc::new(Mutex::new(Stream {
            splitter: FrameSplitter::with_limit(LONGEST_EVENT),
            passage: Passage {
                id: call.generation.to_string(),
                metadata: metadata.map(|notes| notes.replace(['\n', '\r'], " ")),
                wants_usage: call.envelope.wants_usage,
                begun: false,
                opening: true,
                tally,
                transcript: Transcript::default(),
                out: Vec::new(),
                out_bytes: 0,
                last: None,
            },
        })))
    }

    fn stream(&self) -> MutexGuard<'_, Stream> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Relay for NativeRelay {
    fn has_begun(&self) -> bool {
        self.stream().passage.begun
    }

    fn push(&mut self, bytes: &[u8]) -> Option<Ending> {
        let mut stream = self.stream();
        let Stream { splitter, passage } = &mut *stream;
        splitter.push(bytes);
        loop {
            let outcome = match splitter.next_frame() {
                Ok(Some(event)) => passage.event(&event),
                Ok(None) => return None,
                Err(too_long) => Err(fault::garbled(&too_long.to_string(), None)),
            };
            match outcome {
                Ok(Progress::On) => {}
                Ok(Progress::Done) => return Some(Ok(passage.end())),
                Err(trouble) => return Some(Err(passage.charge(trouble))),
            }
        }
    }

    fn content(&mut self) -> Option<ReplyChunk> {
        self.stream().passage.content()
    }

    fn close(&mut self, reason: ProviderFault) -> Ending {
        let mut stream = self.stream();
        let Stream { splitter, passage } = &mut *stream;
        let outcome = match splitter.finish() {
            Some(rest) => passage.event(&rest),
            None => Ok(Progress::On),
        };
        match outcome {
            Ok(Progress::Done) => Ok(passage.end()),
            Ok(Progress::On) => Err(passage.charge(reason)),
            // Half an event at the end is the break itself, not what caused it.
            Err(trouble) if trouble.kind == FaultKind::Garbled => Err(passage.charge(reason)),
            Err(trouble) => Err(passage.charge(trouble)),
        }
    }
}

impl Cutter for NativeRelay {
    fn cut(self: Box<Self>) -> ReplyChunk {
        self.stream().passage.cut()
    }
}

impl Passage {
    fn event(&mut self, event: &Frame<'_>) -> Result<Progress, ProviderFault> {
        if event.is_comment_only || event.data.is_empty() {
            return Ok(Progress::On);
        }
        self.begun = true;
        if is_done(&event.data) {
            return Err(fault::garbled("its stream ends without an answer", None));
        }
        let data = &*event.data;
        let Some(mut facts) = EventFacts::of(data) else {
            return Err(fault::garbled("an event is not a JSON object", Some(data)));
        };
        facts.kind = facts.kind.or(event.event);
        if let Some(response) = facts.response {
            count(&ResponseFacts::of(response), &mut self.tally);
        }
        match facts.turn() {
            Turn::Failed => Err(fault::of_error(&facts.fault(), data)),
            Turn::Over => {
                self.opening = false;
                let mut last = Vec::new();
                self.relay(data, &facts, &mut last);
                self.last = Some(last);
                Ok(Progress::Done)
            }
            Turn::On => {
                self.opening &= facts.kind.is_some_and(|kind| OPENING.contains(&kind));
                self.note(&facts);
                let mut out = core::mem::take(&mut self.out);
                self.relay(data, &facts, &mut out);
                self.out = out;
                Ok(Progress::On)
            }
        }
    }

    fn relay(&self, data: &[u8], facts: &EventFacts<'_>, out: &mut Vec<u8>) {
        relay_event(data, facts, &self.id, self.metadata.as_deref(), out);
    }

    fn note(&mut self, facts: &EventFacts<'_>) {
        self.tally.output(facts.output_bytes);
        self.out_bytes = self.out_bytes.saturating_add(facts.output_bytes);
        let response = facts.response.map(|response| {
            let mut ours = Vec::with_capacity(response.len().saturating_add(128));
            relay_response(response, &self.id, self.metadata.as_deref(), &mut ours);
            ours
        });
        self.transcript.note(facts, response.as_deref());
    }

    fn content(&mut self) -> Option<ReplyChunk> {
        if self.out.is_empty() || self.opening {
            return None;
        }
        Some(ReplyChunk::Content {
            frames: Bytes::from(core::mem::take(&mut self.out)),
            output_bytes: core::mem::take(&mut self.out_bytes),
        })
    }

    fn end(&mut self) -> ReplyChunk {
        let last = self.last.take().map(Bytes::from);
        self.ending(Bytes::new(), last)
    }

    fn cut(&mut self) -> ReplyChunk {
        let mut frames = core::mem::take(&mut self.out);
        self.transcript.close(&mut frames);
        let last = self.transcript.incomplete().map(Bytes::from);
        self.ending(Bytes::from(frames), last)
    }

    /// The last event tells the usage, and belongs to the answer all the same.
    fn ending(&self, frames: Bytes, last: Option<Bytes>) -> ReplyChunk {
        let (frames, usage_frame) = match last {
            Some(last) if !self.wants_usage => ([frames, last].concat().into(), None),
            last => (frames, last),
        };
        ReplyChunk::End {
            frames,
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
