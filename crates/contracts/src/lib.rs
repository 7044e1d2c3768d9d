#![doc = include_str!("../README.md")]
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "laws are tests that other crates run: they end by panicking"
)]

mod at_once;
mod listing;
pub mod sample;
mod store;
mod ticker;
mod world;

pub mod accounts;
pub mod answer_cache;
pub mod audit;
pub mod catalog;
pub mod changes;
pub mod hold_settle;
pub mod keys;
pub mod ledger_audit;
pub mod ledger_model;
pub mod limiter;
pub mod provider_keys;
pub mod usage;
pub mod wallets;

pub use at_once::at_once;
pub use store::Store;
pub use ticker::{FIRST_MOMENT, Ticker};
pub use world::{Customer, Figures, World};
