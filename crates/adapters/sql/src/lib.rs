#![doc = include_str!("../README.md")]

pub mod fault;
pub mod json;
pub mod rows;
pub mod schema;
pub mod types;

mod counterpart;
mod expiry;
mod number;

pub use counterpart::counterpart;
pub use expiry::grant_expiry_id;
pub use fault::RowFault;
pub use number::{signed, unsigned};
pub use types::{RawId, Uid};
