//! One metered call, step by step, against the memory store and a scripted provider.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends by panicking"
)]
#![expect(
    clippy::unnecessary_wraps,
    reason = "the pieces of a scripted stream may be faults"
)]

mod bench;
mod cache;
mod claims;
mod customers;
mod funds;
mod ledger_away;
mod limits;
mod providers;
mod routing;
mod silent;
mod standing_in;
mod streams;
mod tiers;
