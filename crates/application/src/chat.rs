//! One metered call, from the request to the ledger.
//!
//! A call goes one way: `admit` → `quote` → `hold` → `open` → `relay` or `whole` →
//! `settle`, one file each; `cache` may stand in for `open`. Each step takes what the one before has proved, so the
//! order cannot be broken. All of it runs in a task of its own on the main runtime:
//! the customer may leave at any moment, the money is seen to its end.

mod admit;
mod cache;
mod call;
mod engine;
mod error;
mod estimate;
mod hints;
mod hold;
mod open;
mod outcome;
mod quote;
mod relay;
mod route;
mod settle;
mod tally;
mod tier;
mod trail;
mod turn;
mod whole;
mod wire;

pub use cache::{CacheMark, CacheWish};
pub use call::{Answered, CallRequest, Estimate, Facts, Failure};
pub use engine::Calls;
pub use error::{CallError, TierNotSold};
pub use route::{BreakerState, TargetView};
pub use tally::TallyView;
pub use wire::{AnswerWire, Bill, CutReason};
