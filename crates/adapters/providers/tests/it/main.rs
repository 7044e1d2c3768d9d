//! The adapter against a provider that is played by hand.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod anthropic;
mod bridge;
mod catalogue;
mod completions;
mod embeddings;
mod failing;
mod fake;
mod gemini;
mod golden;
mod golden_metering;
mod images;
mod offsets;
mod outcome;
mod responses;
mod rubbish;
mod seals;
mod service_tiers;
mod transport;
