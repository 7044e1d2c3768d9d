//! What can be wrong with JSON text, and where.

use std::fmt;

use super::MAX_DEPTH;

/// A position in the text and what is wrong there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct JsonFault {
    pub(crate) at: usize,
    pub(crate) problem: Problem,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Problem {
    /// The text ends inside a value.
    End,
    /// This byte cannot stand here.
    Unexpected(u8),
    /// Something follows the value.
    Trailing,
    /// Containers nest deeper than [`MAX_DEPTH`].
    TooDeep,
    /// A raw control character inside a string.
    Control(u8),
    /// A backslash is not followed by a known escape.
    Escape,
    /// A number does not follow the grammar.
    Number,
}

impl fmt::Display for JsonFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at;
        match self.problem {
            Problem::End => write!(f, "it ends inside a value at byte {at}"),
            Problem::Unexpected(byte) if byte.is_ascii_graphic() => {
                write!(f, "unexpected `{}` at byte {at}", char::from(byte))
            }
            Problem::Unexpected(byte) => write!(f, "unexpected byte 0x{byte:02x} at byte {at}"),
            Problem::Trailing => write!(f, "something follows the object at byte {at}"),
            Problem::TooDeep => write!(f, "it nests deeper than {MAX_DEPTH} levels at byte {at}"),
            Problem::Control(byte) => {
                write!(
                    f,
                    "a string holds the raw control character 0x{byte:02x} at byte {at}; escape it"
                )
            }
            Problem::Escape => write!(f, "a string holds an invalid escape at byte {at}"),
            Problem::Number => write!(f, "a number is malformed at byte {at}"),
        }
    }
}
