use core::time::Duration;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use vuzo_domain::chat::Envelope;
use vuzo_domain::id::GenerationId;
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::{Admitted, Claim};
use vuzo_domain::time::Timestamp;

use super::{AnswerWire, CacheMark, CacheWish, CallError};
use crate::access::Caller;

/// A call as it comes in.
pub struct CallRequest {
    /// Who calls.
    pub caller: Caller,
    /// What for.
    pub envelope: Envelope,
    /// What the customer sent to have it happen once.
    pub idempotency_key: Option<String>,
    /// What the customer wants of answers that were given before.
    pub cache: Option<CacheWish>,
    /// How the answer is written.
    pub wire: Arc<dyn AnswerWire>,
}

/// What is told beside an answer.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The call.
    pub generation: GenerationId,
    /// The model that answers.
    pub model: String,
    /// What is left of the limits.
    pub limits: Admitted,
    /// The output limit, where it was lowered to what the wallet carries.
    pub clamped: Option<u64>,
    /// Whether it was given before, where the customer asked for that.
    pub cache: Option<CacheMark>,
    /// What the wallet has left for other calls.
    pub available: Units,
    /// In this currency.
    pub currency: Currency,
    /// The part of the time that was not the provider's.
    pub overhead: Duration,
}

/// An answer.
#[derive(Debug)]
pub enum Answered {
    /// In one piece.
    Whole {
        /// What is told beside it.
        facts: Facts,
        /// What it cost.
        cost: Units,
        /// The body as it leaves.
        body: Bytes,
    },
    /// In pieces, ready to leave; the channel ends with the answer.
    Stream {
        /// What is told beside it.
        facts: Facts,
        /// The pieces.
        frames: mpsc::Receiver<Bytes>,
    },
    /// The answer of an earlier request with the same idempotency key.
    Replay {
        /// The call that made it.
        generation: GenerationId,
        /// Its content type.
        content_type: String,
        /// Its body.
        body: Bytes,
    },
}

/// A call that is not answered.
#[derive(Debug)]
pub struct Failure {
    /// Why.
    pub error: CallError,
    /// The call, by which the operator finds it.
    pub generation: GenerationId,
    /// What is left of the limits, where it got that far.
    pub limits: Admitted,
}

/// What a call would cost.
#[derive(Clone, Debug)]
pub struct Estimate {
    /// The model that would answer.
    pub model: String,
    /// What the prompt usually comes to.
    pub prompt_tokens: u64,
    /// The most that is answered.
    pub max_completion_tokens: u64,
    /// What would be held.
    pub worst_case: Units,
    /// What it would usually cost.
    pub expected: Units,
    /// In this currency.
    pub currency: Currency,
    /// What the wallet has for it.
    pub available: Units,
    /// Whether the wallet carries the worst case.
    pub affordable: bool,
    /// With how many output tokens it would fit.
    pub max_tokens_affordable: Option<u64>,
}

/// The call on its way.
pub(super) struct Call {
    pub(super) id: GenerationId,
    pub(super) caller: Caller,
    pub(super) envelope: Arc<Envelope>,
    pub(super) wire: Arc<dyn AnswerWire>,
    pub(super) claim: Option<Claim>,
    pub(super) cache: Option<CacheWish>,
    pub(super) created_at: Timestamp,
    pub(super) begun: Instant,
}

/// Where the beginning of the answer goes.
pub(super) type Reply = oneshot::Sender<Result<Answered, Failure>>;
