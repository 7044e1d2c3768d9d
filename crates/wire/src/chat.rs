//! Chat completions: the request, its rewriting, the stream's chunks and the answer.

pub mod chunk;
pub mod completion;
pub mod request;
pub mod rewrite;

pub use chunk::{ChunkFacts, Usage};
pub use completion::{CompletionSummary, Finish};
pub use request::{ChatRequest, LimitField, RequestFault};
pub use rewrite::Rewrite;
