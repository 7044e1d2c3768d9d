//! The limiter, the failover, the cache of answers and the feed against real Redis servers.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test whose preparations fail has failed"
)]

mod agreement;
mod answers;
mod failover;
mod feed;
mod laws;
mod limiter;
mod model;
mod outage;
mod server;
