//! The ledger against a small, naive model of it.
//!
//! A case is fifty random operations on one wallet. After each one the model has said
//! what must come out; after all of them sources and transfers must be those of the
//! model, and the books must prove themselves. Many cases run side by side on
//! accounts of their own, one operation of each at a time, so that a store with group
//! commit is quick and its batches are mixed.

mod case;
mod lane;
mod model;
mod run;
mod store;
mod subject;

pub use case::{Step, Tick};
pub use run::{CASES, STEPS, check, check_store};
pub use subject::{Command, Outcome, Subject};
