//! What the domain promises of money, held against arithmetic that shares nothing
//! with it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod ledger;
mod prices;
