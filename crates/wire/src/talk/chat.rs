//! OpenAI's chat wire, to and from the canonical conversation.

mod chunk_reader;
mod chunk_writer;
mod read;
mod seals;
mod write;

pub use chunk_reader::ChunkReader;
pub use chunk_writer::ChunkWriter;
pub use read::{offers_functions, read};
pub use seals::{Unmarked, without_foreign_seals};
pub use write::{Style, write};

pub(super) use chunk_writer::{Counts, push_head, push_number};
pub(super) use read::fault::{invalid, unsupported};

#[cfg(test)]
mod tests;
