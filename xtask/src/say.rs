//! The two channels: progress goes to stderr, answers go to stdout.

use std::fmt::Display;
use std::io::Write as _;

/// Tells the person at the terminal something.
///
/// A closed terminal is no reason to leave servers behind, so a failed write is ignored.
pub(crate) fn say(text: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "xtask: {text}");
}

/// Writes what was asked for, so that it can be piped into something.
pub(crate) fn answer(text: impl Display) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}
