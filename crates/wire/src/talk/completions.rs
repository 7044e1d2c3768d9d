//! The legacy completions wire: a prompt in, text out.

mod read;
mod writer;

pub use read::read;
pub use writer::CompletionWriter;
