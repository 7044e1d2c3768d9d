#![doc = include_str!("../README.md")]

mod accounts;
mod answers;
mod audit;
mod catalog;
mod changes;
mod clock;
mod id_gen;
mod keys;
mod ledger_audit;
mod limiter;

mod list;
mod provider_keys;
mod providers;

mod store;
mod usage;
mod wallets;

pub use answers::LocalAnswers;
pub use changes::LocalFeed;
pub use clock::ManualClock;
pub use id_gen::SequentialIds;

pub use limiter::LocalLimiter;
pub use providers::{Script, ScriptedProvider};
pub use store::MemoryStore;

#[cfg(test)]
mod tests;
