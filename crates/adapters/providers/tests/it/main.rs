//! The adapter against a provider that is played by hand.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod fake;
mod golden;
mod offsets;
mod outcome;
mod rubbish;
mod transport;
