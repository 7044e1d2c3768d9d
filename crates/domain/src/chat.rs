//! One metered call, seen from outside: an envelope, never a message.

mod envelope;
mod estimate;
mod kept;
mod record;
mod reply;

pub use envelope::{Endpoint, Envelope, UpstreamCall};
pub use estimate::{most_tokens, typical_tokens};
pub use kept::{KeptAnswer, KeptBody};
pub use record::{Attempt, AttemptStatus, CallRecord, CallStatus, LoggedCall};
pub use reply::{
    Cutter, FaultKind, ProviderFault, Reply, ReplyChunk, ReplyStream, UsageReport, WholeReply,
};
