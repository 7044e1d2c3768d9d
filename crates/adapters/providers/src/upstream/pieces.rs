//! The network side of a stream: reads, timers, and one ending.

use bytes::Bytes;
use futures_util::future::FutureExt as _;
use futures_util::stream;
use reqwest::Response;
use tokio::time::{Instant, timeout, timeout_at};
use vuzo_domain::chat::{ProviderFault, ReplyChunk, ReplyStream};

use super::client::Patience;
use super::fault;

/// How a stream ends: with its end, or with what went wrong.
pub(crate) type Ending = Result<ReplyChunk, ProviderFault>;

/// Makes of a provider's bytes what goes to the customer, and to the bill.
pub(crate) trait Relay: Send {
    /// Whether any event has come; keep-alives are none.
    fn has_begun(&self) -> bool;

    /// Takes reads that belong together. Nothing is pushed after an ending.
    fn push(&mut self, bytes: &[u8]) -> Option<Ending>;

    /// What the pushes since the last call gave the customer.
    fn content(&mut self) -> Option<ReplyChunk>;

    /// The connection is at its end. An answer whose content was complete is an answer;
    /// anything else broke off, for the stated reason.
    fn close(&mut self, reason: ProviderFault) -> Ending;
}

/// Reads that are there are taken together up to this much.
const MOST_AT_ONCE: usize = 64 << 10;

/// A stream that is being read. Dropping it closes the connection, which is how the
/// provider learns that nobody listens.
pub(super) struct Pieces<R> {
    response: Response,
    relay: R,
    /// Until when the first event has to come.
    first_by: Instant,
    patience: Patience,
    ready: Option<ReplyChunk>,
    ending: Option<Ending>,
    ended: bool,
}

impl<R: Relay + 'static> Pieces<R> {
    /// Boxed at once: whoever waits for the first event would make room for it anew.
    pub(super) fn new(
        mut response: Response,
        relay: R,
        by: Instant,
        patience: Patience,
    ) -> Box<Self> {
        // They are slices of the buffer that they were read into, and would keep it for
        // as long as the stream runs.
        response.headers_mut().clear();
        Box::new(Self {
            response,
            relay,
            first_by: by,
            patience,
            ready: None,
            ending: None,
            ended: false,
        })
    }

    /// Waits a moment for the first event: a fault there is a fault of the whole call.
    pub(super) async fn begin(mut self: Box<Self>) -> Result<ReplyStream, ProviderFault> {
        if let Ok(first) = timeout(self.patience.first_event, self.next()).await {
            match first {
                Some(Err(fault)) => return Err(fault),
                Some(Ok(end @ ReplyChunk::End { .. })) => {
                    self.ended = false;
                    self.ending = Some(Ok(end));
                }
                Some(Ok(content)) => self.ready = Some(content),
                None => return Err(fault::ended_early()),
            }
        }
        Ok(ReplyStream::new(stream::unfold(
            self,
            |mut pieces| async move {
                let piece = pieces.next().await?;
                Some((piece, pieces))
            },
        )))
    }

    /// The next piece. May be dropped while it waits; nothing is lost then.
    async fn next(&mut self) -> Option<Ending> {
        loop {
            if let Some(content) = self.ready.take() {
                return Some(Ok(content));
            }
            if let Some(ending) = self.ending.take() {
                self.ended = true;
                return Some(ending);
            }
            if self.ended {
                return None;
            }
            self.ready = self.relay.content();
            if self.ready.is_none() {
                self.ending = self.read().await;
                self.ready = self.relay.content();
            }
        }
    }

    /// Waits for the network, then takes everything that is there.
    async fn read(&mut self) -> Option<Ending> {
        let by = if self.relay.has_begun() {
            Instant::now() + self.patience.between_reads
        } else {
            self.first_by
        };
        let mut came = match timeout_at(by, self.response.chunk()).await {
            Ok(came) => came,
            Err(_elapsed) => return Some(self.relay.close(fault::silent())),
        };
        let mut taken: usize = 0;
        loop {
            match self.take(came) {
                Ok(length) => taken = taken.saturating_add(length),
                Err(ending) => return Some(ending),
            }
            if taken >= MOST_AT_ONCE {
                return None;
            }
            came = if let Some(next) = self.response.chunk().now_or_never() {
                next
            } else {
                // The connection hands reads over one at a time: let it run once, and
                // what it has read already leaves in the same piece.
                tokio::task::yield_now().await;
                match self.response.chunk().now_or_never() {
                    Some(next) => next,
                    None => return None,
                }
            };
        }
    }

    fn take(&mut self, came: Result<Option<Bytes>, reqwest::Error>) -> Result<usize, Ending> {
        match came {
            Ok(Some(bytes)) => match self.relay.push(&bytes) {
                Some(ending) => Err(ending),
                None => Ok(bytes.len()),
            },
            Ok(None) => Err(self.relay.close(fault::ended_early())),
            Err(error) => Err(self.relay.close(fault::broke_off(error))),
        }
    }
}
