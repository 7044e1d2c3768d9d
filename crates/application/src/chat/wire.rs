use bytes::Bytes;
use vuzo_domain::id::GenerationId;
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::usage::Consumption;

use super::CallError;

/// What a call came to, as it is told beside the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// The call.
    pub generation: GenerationId,
    /// What it costs the customer.
    pub amount: Units,
    /// In this currency.
    pub currency: Currency,
    /// The model that was asked for.
    pub model: String,
    /// All completion tokens, where somebody counted.
    pub completion_tokens: Option<u64>,
    /// What it is charged for, whether somebody counted or it is an estimate.
    pub consumption: Consumption,
}

/// Why a stream is ended before its provider has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CutReason {
    /// For want of credit.
    #[error("the wallet carried no more")]
    Funds,
    /// No stream runs longer than an hour.
    #[error("the answer took longer than an hour")]
    Time,
}

/// How answers are written for the customer: the last touch of the wire that the call
/// came in by. What it makes is what the customer gets, and what is kept for replay.
pub trait AnswerWire: Send + Sync + 'static {
    /// A whole answer with the call's id and cost in it.
    fn whole(&self, body: &Bytes, bill: &Bill) -> Bytes;

    /// The frame that tells the usage, with the cost in it.
    fn usage_frame(&self, frame: &Bytes, bill: &Bill) -> Bytes;

    /// The frame that tells the usage to a customer who asked for it, where the provider
    /// told none; `None` where the wire's last frames have it in them.
    fn owed_usage(&self, _bill: &Bill) -> Option<Bytes> {
        None
    }

    /// What follows the last frame of a stream that came to its end.
    fn done(&self) -> Bytes;

    /// The last frames of a stream that is ended before its provider has.
    fn cut(&self, bill: &Bill, reason: CutReason) -> Bytes;

    /// The last frame of a stream that broke off.
    fn fault(&self, fault: &CallError) -> Bytes;

    /// Keeps the connection alive where nothing happens.
    fn heartbeat(&self) -> Bytes;

    /// The content type of an answer.
    fn content_type(&self, stream: bool) -> &'static str;
}
