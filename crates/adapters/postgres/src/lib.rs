#![doc = include_str!("../README.md")]

mod accounts;
mod audit;
mod batch;
mod catalog;
mod changes;
mod connect;
mod database;
mod keys;
mod ledger_audit;
mod migrate;
mod page;
mod provider_keys;
mod spend;
mod statements;
mod store;
mod tls;
mod usage;
mod wallets;
mod writer;

pub use connect::InvalidUrl;
pub use database::Settings;
pub use migrate::MigrateError;
pub use store::PgStore;
