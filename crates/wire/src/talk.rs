//! The canonical conversation: what every wire is read into, and written from.
//!
//! A request in any dialect becomes a [`Talk`], and a `Talk` becomes a request in any
//! provider's wire. An answer in any provider's wire becomes a sequence of [`Event`]s, and
//! those become an answer in any dialect. No two wires know each other.
//!
//! | wire | request in | request out | answer in | answer out |
//! |---|---|---|---|---|
//! | OpenAI chat | `chat::read` | [`chat::write`] | [`chat::ChunkReader`] | [`chat::ChunkWriter`] |
//! | OpenAI completions | [`completions::read`] | – | – | [`completions::CompletionWriter`] |
//! | OpenAI responses | [`responses::read`] | – | – | [`responses::ResponseWriter`] |
//! | Anthropic messages | [`messages::read`] | [`messages::write`] | [`messages::MessageReader`] | [`messages::MessageWriter`] |
//! | Gemini | – | [`gemini::write`] | [`gemini::GeminiReader`] | – |

mod answer;
pub mod chat;
pub mod completions;
mod event;
pub mod gemini;
pub mod messages;
mod request;
pub mod responses;
mod seal;
mod tier;
mod usage;

pub use answer::{Answer, Choice, Item};
pub use event::{Event, Finish, ReadFault, Reader, Writer};
pub use request::{
    CacheLife, Effort, Format, Head, Media, Part, Request, Role, Sampling, Talk, Tool, ToolChoice,
    Turn, Weight,
};
pub(crate) use tier::keep as keep_tier;
pub use usage::Usage;
