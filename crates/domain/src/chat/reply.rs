use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use bytes::Bytes;
use futures_core::Stream;

use crate::money::Units;
use crate::pricing::ServedTier;
use crate::usage::Consumption;

/// What a provider said of a call that it served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageReport {
    /// What was consumed; absent where the provider did not say.
    pub consumption: Option<Consumption>,
    /// The model that answered, by the provider's name.
    pub served_model: Option<String>,
    /// The service tier that was given; absent where the provider did not say.
    pub served_tier: Option<ServedTier>,
    /// What the provider says that it charges, in US dollars.
    pub stated_cost: Option<Units>,
    /// Bytes of text, tool arguments and reasoning in the answer.
    pub output_bytes: u64,
}

/// What came back.
pub enum Reply {
    /// The whole answer.
    Whole(WholeReply),
    /// An answer that comes in pieces.
    Stream(ReplyStream),
}

impl core::fmt::Debug for Reply {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Whole(whole) => formatter.debug_tuple("Whole").field(whole).finish(),
            Self::Stream(_) => formatter.write_str("Stream"),
        }
    }
}

/// An answer in one piece, in the wire of its endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeReply {
    /// The body, as the provider sent it.
    pub body: Bytes,
    /// What it consumed.
    pub report: UsageReport,
}

/// Pieces of a streamed answer. The stream ends after [`ReplyChunk::End`]; if it
/// ends without one, the provider broke off.
pub struct ReplyStream {
    pieces: Pin<Box<dyn Stream<Item = Result<ReplyChunk, ProviderFault>> + Send>>,
    cutter: Option<Box<dyn Cutter>>,
}

/// Ends an answer early, in the wire of its endpoint: what has begun in it is closed,
/// as if its output limit were reached. Only who wrote the frames so far can tell what
/// that takes.
pub trait Cutter: Send {
    /// The frames that are missing, as a [`ReplyChunk::End`].
    fn cut(self: Box<Self>) -> ReplyChunk;
}

impl ReplyStream {
    /// A stream in a wire in which nothing has to be closed.
    pub fn new(
        pieces: impl Stream<Item = Result<ReplyChunk, ProviderFault>> + Send + 'static,
    ) -> Self {
        Self {
            pieces: Box::pin(pieces),
            cutter: None,
        }
    }

    /// The same stream with somebody who knows how to close it early.
    #[must_use]
    pub fn with_cutter(mut self, cutter: impl Cutter + 'static) -> Self {
        self.cutter = Some(Box::new(cutter));
        self
    }

    /// Gives up the rest of the answer. `None` in a wire in which nothing has to be
    /// closed.
    pub fn cut(self) -> Option<ReplyChunk> {
        let Self { pieces, cutter } = self;
        drop(pieces);
        cutter.map(Cutter::cut)
    }
}

impl Stream for ReplyStream {
    type Item = Result<ReplyChunk, ProviderFault>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.pieces.as_mut().poll_next(context)
    }
}

/// A piece of a streamed answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplyChunk {
    /// Whole frames, ready for the customer, that were there together.
    Content {
        /// The frames, with the customer's id in them.
        frames: Bytes,
        /// Bytes of text, tool arguments and reasoning in them.
        output_bytes: u64,
    },
    /// The provider is done. These frames leave once the call has been settled.
    End {
        /// The last content frames, with the reason of the end.
        frames: Bytes,
        /// The frame that tells the usage, where the customer asked for it.
        usage_frame: Option<Bytes>,
        /// What the whole answer consumed.
        report: UsageReport,
    },
}

/// What went wrong at a provider, by what follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// No connection, or it broke before the answer began.
    Unreachable,
    /// No answer in time.
    TimedOut,
    /// The provider wants us to slow down.
    RateLimited,
    /// The provider has too much to do, whoever asks (503, 529).
    Overloaded,
    /// The provider is broken (5xx).
    Failing,
    /// A complaint about our account there: never the customer's fault.
    OurAccount,
    /// The account there does not get this model, or no more of it today: not the
    /// customer's fault either, and no reason to leave its other models alone.
    NotServed,
    /// The provider does not take the request. The customer can mend it.
    BadRequest {
        /// The status to answer with, 4xx.
        status: u16,
        /// Which field.
        param: Option<String>,
        /// The provider's code.
        code: Option<String>,
    },
    /// The answer could not be understood, or broke off.
    Garbled,
}

/// A provider that did not do its part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ProviderFault {
    /// What follows from it.
    pub kind: FaultKind,
    /// What happened, fit for a customer's eyes.
    pub message: String,
    /// What happened, for the operator only.
    pub detail: Option<String>,
    /// When to try again, where the provider said.
    pub retry_after: Option<Duration>,
    /// What the provider reports to have charged all the same.
    pub report: Option<Box<UsageReport>>,
}

impl ProviderFault {
    /// A fault with a message and nothing else.
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            detail: None,
            retry_after: None,
            report: None,
        }
    }

    /// Adds what only the operator should read.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Whether another attempt may go better.
    pub const fn is_passing(&self) -> bool {
        matches!(
            self.kind,
            FaultKind::Unreachable
                | FaultKind::TimedOut
                | FaultKind::RateLimited
                | FaultKind::Overloaded
                | FaultKind::Failing
        )
    }
}
