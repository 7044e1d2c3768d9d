#![doc = include_str!("../README.md")]
#![deny(missing_docs)]
#![expect(
    clippy::result_large_err,
    reason = "the port's own error type, and never made on the path of an answer"
)]

mod anthropic;
mod bridge;
mod dialects;
mod gemini;
mod images;
mod openai;
mod simulator;
mod translate;
mod upstream;
mod usage;

pub use anthropic::{Anthropic, AnthropicSettings};
pub use bridge::Bridged;
pub use gemini::{Gemini, GeminiSettings};
pub use images::{Images, Reach};
pub use openai::{Attribution, Dialect, OpenAiSettings, OpenAiShaped};
pub use simulator::Simulator;
pub use upstream::{HttpClient, InvalidSettings, Patience, install_crypto};
