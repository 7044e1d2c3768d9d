//! Who may answer a call, in which order, and who is better left alone for a while.

mod breaker;
mod candidate;
mod health;
mod key;
mod next;
mod order;

pub use breaker::BreakerState;
pub(super) use breaker::LONG_SILENCE;
pub(super) use candidate::{Candidate, Route, Seeker, find_route};
pub use health::TargetView;
pub(super) use health::{Health, Target};
pub(super) use key::{ChosenKey, choose_key};
pub(super) use next::{Reach, pause_before_repeating, reach};
pub(super) use order::seed_of;
