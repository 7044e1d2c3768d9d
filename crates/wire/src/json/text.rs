//! A JSON string as it stands in the text.

use std::borrow::Cow;

/// A string token whose syntax has been checked; it is decoded only when asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'a> {
    quoted: &'a [u8],
    escaped: bool,
}

impl<'a> Text<'a> {
    pub(super) fn new(quoted: &'a [u8], escaped: bool) -> Self {
        Self { quoted, escaped }
    }

    /// The bytes between the quotes, escapes as they are.
    pub(crate) fn raw(&self) -> &'a [u8] {
        match self.quoted {
            [_, inner @ .., _] => inner,
            _ => &[],
        }
    }

    /// The string; `None` when it is not UTF-8 or holds a lone surrogate.
    pub(crate) fn decode(&self) -> Option<Cow<'a, str>> {
        if self.escaped {
            serde_json::from_slice::<String>(self.quoted)
                .ok()
                .map(Cow::Owned)
        } else {
            std::str::from_utf8(self.raw()).ok().map(Cow::Borrowed)
        }
    }

    /// Whether the decoded string is `word`.
    pub(crate) fn is(&self, word: &str) -> bool {
        if self.escaped {
            self.decode().is_some_and(|text| text == word)
        } else {
            self.raw() == word.as_bytes()
        }
    }
}
