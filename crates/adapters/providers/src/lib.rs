#![doc = include_str!("../README.md")]
#![deny(missing_docs)]
#![expect(
    clippy::result_large_err,
    reason = "the port's own error type, and never made on the path of an answer"
)]

mod openai;
mod simulator;
mod usage;

pub use openai::{
    Attribution, Dialect, HttpClient, InvalidSettings, OpenAiSettings, OpenAiShaped, Patience,
    install_crypto,
};
pub use simulator::Simulator;
