#![doc = include_str!("../README.md")]

mod address;
mod admin;
mod auth;
mod billing;
mod body;
mod chat;
mod credentials;
mod dto;
mod edge;
mod error;
mod fields;
mod gate;
mod generations;
mod health;
mod keys;
mod me;
mod models;
mod money;
mod page;
mod path;
mod query;
mod routes;
mod server;
mod settings;
mod usage;
mod vuzo;

pub use dto::model_import::{ImportView, read_models};
pub use error::{Fault, Rule, rules};
pub use gate::Backends;
pub use health::Probe;
pub use server::{Bound, Gateway, bind};
pub use settings::{BodyRules, HttpSettings};
