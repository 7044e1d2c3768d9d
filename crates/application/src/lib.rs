#![doc = include_str!("../README.md")]

pub mod access;
mod announce;
mod application;
pub mod billing;
pub mod chat;
pub mod keys;
pub mod models;
pub mod operator;
pub mod people;
mod ports;
pub mod provider_keys;
pub mod seed;
pub mod usage;
mod workers;

pub use announce::Announcer;
pub use application::Application;
pub use ports::{Policy, Ports, TrialPolicy};
