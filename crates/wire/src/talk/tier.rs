//! Words for the class of service that answered, in the dialects that answers are
//! written in.

use std::borrow::Cow;

/// What OpenAI calls the classes beside its standard one; strict clients know no others.
const OPENAI: [&str; 4] = ["flex", "scale", "priority", "fast"];
/// Those that Anthropic or the others call so.
const MESSAGES: [&str; 5] = ["priority", "batch", "flex", "scale", "fast"];
/// What the standard class is called.
const STANDARD: [&str; 2] = ["standard", "default"];
/// Longer words are no names.
const LONGEST: usize = 32;

fn known<const N: usize>(words: [&'static str; N], word: &str) -> Option<&'static str> {
    words
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(word))
}

/// A provider's word, to be kept. Hardly any needs memory of its own.
pub(crate) fn keep(word: &str) -> Option<Cow<'static, str>> {
    let usual = known(MESSAGES, word).or_else(|| known(STANDARD, word));
    match usual {
        Some(usual) => Some(Cow::Borrowed(usual)),
        None if word.len() > LONGEST => None,
        None => Some(Cow::Owned(word.to_owned())),
    }
}

/// A class of service in OpenAI's words.
pub(super) fn in_openai(word: &str) -> &'static str {
    known(OPENAI, word).unwrap_or("default")
}

/// A class of service in Anthropic's words.
pub(super) fn in_messages(word: &str) -> &'static str {
    known(MESSAGES, word).unwrap_or("standard")
}

#[cfg(test)]
mod tests;
