//! Embeddings: texts or tokens go in, one vector for each comes out.
//!
//! Nothing is streamed, and there is no completion: only the prompt is counted.

mod answer;
mod base64;
mod request;

pub use answer::{AnswerSummary, NotEmbeddings, VectorsOut, read_answer};
pub use request::{EmbeddingsRequest, Encoding, Input};

#[cfg(test)]
mod tests;
