//! Responses of a provider that speaks this wire: bytes pass through.

mod facts;
mod relay;
mod rewrite;
mod transcript;

pub use facts::{EventFacts, ResponseFacts, Turn};
pub use relay::{relay_event, relay_response};
pub use rewrite::{Change, rewrite};
pub use transcript::Transcript;

#[cfg(test)]
mod tests;
