//! The legacy completions wire: a prompt in, text out.

mod legacy;
mod native;
mod prompt;
mod read;
mod writer;

pub use native::{Change, rewrite};
pub use read::{Admitted, admit, read};
pub use writer::CompletionWriter;
