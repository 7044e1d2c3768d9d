//! The adapter on real sockets, over the application with memory adapters.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test whose preparations fail has failed"
)]

mod admin;
mod answers;
mod bad;
mod bodies;
mod cache;
mod chat;
mod client;
mod dialects;
mod drain;
mod errors;
mod import;
mod keys;
mod messages;
mod neighbours;
mod people;
mod provider_keys;
mod receipts;
mod service_tiers;
mod stand_ins;
mod vuzo;
mod world;
