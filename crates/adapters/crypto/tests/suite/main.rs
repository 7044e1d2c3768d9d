//! What the crate promises, seen from outside.

#![expect(
    clippy::unwrap_used,
    reason = "a test whose preparations fail has failed"
)]

mod hasher;
mod signer;
