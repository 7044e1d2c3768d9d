//! Answers on their way to a customer who speaks the provider's own wire.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use vuzo_domain::chat::{
    Cutter, Envelope, FaultKind, ProviderFault, ReplyChunk, UsageReport, WholeReply,
};
use vuzo_domain::pricing::ServedTier;
use vuzo_wire::chat::chunk::replace_id;
use vuzo_wire::sse::{Frame, FrameSplitter};
use vuzo_wire::talk::messages::{MessageReader, NativeRelay};
use vuzo_wire::talk::{Head, Reader as _};

use super::fault;
use crate::translate::{Facts, consumption};
use crate::upstream::{Ending, Relay, fault as trouble};

/// One stream on its way through. Clones are the same stream: one reads it, one may cut
/// it. It holds at most one incomplete frame and what ends the message.
#[derive(Clone)]
pub(super) struct Passage(Arc<Mutex<Desk>>);

struct Desk {
    splitter: FrameSplitter,
    relay: NativeRelay,
    facts: Facts,
    /// Frames for the customer that have not been taken yet.
    out: Vec<u8>,
    out_bytes: u64,
}

enum Progress {
    On,
    Over,
}

impl Passage {
    pub(super) fn new(head: Head, envelope: &Envelope) -> Self {
        Self(Arc::new(Mutex::new(Desk {
            splitter: FrameSplitter::new(),
            relay: NativeRelay::new(head, envelope.long_cache),
            facts: Facts::of(envelope),
            out: Vec::new(),
            out_bytes: 0,
        })))
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Relay for Passage {
    fn has_begun(&self) -> bool {
        self.desk().relay.has_begun()
    }

    fn push(&mut self, bytes: &[u8]) -> Option<Ending> {
        let mut desk = self.desk();
        desk.splitter.push(bytes);
        loop {
            match desk.next() {
                Ok(Some(Progress::On)) => {}
                Ok(Some(Progress::Over)) => return Some(desk.over()),
                Ok(None) => return None,
                Err(fault) => return Some(Err(desk.charge(fault))),
            }
        }
    }

    fn content(&mut self) -> Option<ReplyChunk> {
        let mut desk = self.desk();
        if desk.out.is_empty() {
            return None;
        }
        Some(ReplyChunk::Content {
            frames: Bytes::from(core::mem::take(&mut desk.out)),
            output_bytes: core::mem::take(&mut desk.out_bytes),
        })
    }

    fn close(&mut self, reason: ProviderFault) -> Ending {
        let mut desk = self.desk();
        match desk.rest() {
            // An error that the provider states is why it ended.
            Err(fault) if fault.kind != FaultKind::Garbled => Err(desk.charge(fault)),
            _ if desk.relay.is_complete() => Ok(desk.end()),
            _ => Err(desk.charge(reason)),
        }
    }
}

impl Cutter for Passage {
    fn cut(self: Box<Self>) -> ReplyChunk {
        self.desk().end()
    }
}

impl Desk {
    /// Takes the next whole frame, if there is one.
    fn next(&mut self) -> Result<Option<Progress>, ProviderFault> {
        let Self {
            splitter,
            relay,
            out,
            out_bytes,
            ..
        } = self;
        match splitter.next_frame() {
            Ok(Some(frame)) => take(relay, &frame, out, out_bytes).map(Some),
            Ok(None) => Ok(None),
            Err(too_long) => Err(trouble::garbled(&too_long.to_string(), None)),
        }
    }

    /// Takes what is left at the end of the connection.
    fn rest(&mut self) -> Result<(), ProviderFault> {
        let Self {
            splitter,
            relay,
            out,
            out_bytes,
            ..
        } = self;
        match splitter.finish() {
            Some(frame) => take(relay, &frame, out, out_bytes).map(drop),
            None => Ok(()),
        }
    }

    /// The provider says that it is done.
    fn over(&mut self) -> Ending {
        if self.relay.is_complete() {
            return Ok(self.end());
        }
        let reason = trouble::garbled("its stream ends without an answer", None);
        Err(self.charge(reason))
    }

    fn end(&mut self) -> ReplyChunk {
        let mut frames = Vec::new();
        self.relay.close(&mut frames);
        ReplyChunk::End {
            frames: frames.into(),
            usage_frame: self.relay.usage_frame().map(Bytes::from),
            report: self.report(),
        }
    }

    fn report(&self) -> UsageReport {
        let usage = self.relay.usage();
        UsageReport {
            consumption: usage.and_then(|usage| consumption(usage, self.facts)),
            served_model: self.relay.served_model().map(str::to_owned),
            served_tier: self.relay.served_tier().and_then(ServedTier::from_word),
            stated_cost: None,
            output_bytes: self.relay.output_bytes(),
        }
    }

    /// Notes on a fault what had been consumed until then.
    fn charge(&self, mut fault: ProviderFault) -> ProviderFault {
        fault.report = Some(Box::new(self.report()));
        fault
    }
}

fn take(
    relay: &mut NativeRelay,
    frame: &Frame<'_>,
    out: &mut Vec<u8>,
    out_bytes: &mut u64,
) -> Result<Progress, ProviderFault> {
    let passed = relay
        .frame(frame, out)
        .map_err(|trouble| fault::of_read(&trouble, frame.raw))?;
    *out_bytes = out_bytes.saturating_add(passed.output_bytes);
    Ok(if passed.is_over {
        Progress::Over
    } else {
        Progress::On
    })
}

/// Judges an answer in one piece. It keeps its bytes but for its id.
pub(super) fn whole(
    id: &str,
    envelope: &Envelope,
    body: &[u8],
) -> Result<WholeReply, ProviderFault> {
    let mut reader = MessageReader::new().with_long_cache(envelope.long_cache);
    let mut output_bytes: u64 = 0;
    let read = reader.whole(body, &mut |event| {
        output_bytes = output_bytes.saturating_add(event.output_bytes());
    });
    let facts = Facts::of(envelope);
    let report = UsageReport {
        consumption: reader.usage().and_then(|usage| consumption(usage, facts)),
        served_model: reader.served_model().map(str::to_owned),
        served_tier: reader.served_tier().and_then(ServedTier::from_word),
        stated_cost: None,
        output_bytes,
    };
    if let Err(trouble) = read {
        let mut fault = fault::of_read(&trouble, body);
        fault.report = Some(Box::new(report));
        return Err(fault);
    }
    let mut out = Vec::with_capacity(body.len().saturating_add(64));
    replace_id(body, id, &mut out);
    Ok(WholeReply {
        body: out.into(),
        report,
    })
}
