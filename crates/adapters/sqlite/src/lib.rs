#![doc = include_str!("../README.md")]

mod accounts;
mod audit;
mod batch;
mod catalog;
mod changes;
mod connect;
mod fault;
mod functions;
mod keys;
mod ledger_audit;
mod migrations;
mod page;
mod provider_keys;
mod reader;
mod spend;
mod statements;
mod store;
mod usage;
mod wallets;
mod writer;

pub use store::SqliteStore;
