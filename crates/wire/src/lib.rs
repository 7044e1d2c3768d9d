#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

pub mod chat;
pub mod embeddings;
pub mod error;
pub mod goduration;
mod json;
pub mod models;
pub mod priced;
pub mod sse;
pub mod talk;
