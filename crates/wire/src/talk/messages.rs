//! Anthropic's Messages wire: in both directions, and passed through.

mod native;
mod read;
mod reader;
mod write;
mod writer;

use std::borrow::Cow;

pub use native::{Native, NativeRelay, Passed, rewrite};
pub use read::{read, read_count};
pub use reader::MessageReader;
pub use write::{Options, answer_tool, write};
pub use writer::MessageWriter;

/// A tool id as the wire allows it: letters, digits, underscores and dashes.
///
/// The same id always becomes the same one, so that a result still finds its call.
fn tool_id(id: &str) -> Cow<'_, str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if id.is_empty() {
        Cow::Borrowed("toolu_0")
    } else if id.chars().all(allowed) {
        Cow::Borrowed(id)
    } else {
        let replaced = id.chars().map(|c| if allowed(c) { c } else { '_' });
        Cow::Owned(replaced.collect())
    }
}
