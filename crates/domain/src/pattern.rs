//! Model patterns such as `openai/gpt-4*`, as rules and allow-lists use them.

use core::fmt;

/// A pattern over model names, in which `*` stands for any run of characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ModelPattern(String);

/// Why a text cannot be a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a model pattern has 1 to 128 characters, no spaces, and at most 8 stars")]
pub struct InvalidPattern;

impl ModelPattern {
    /// Checks and takes a pattern.
    pub fn new(text: &str) -> Result<Self, InvalidPattern> {
        let stars = text.bytes().filter(|b| *b == b'*').count();
        let plain = text.bytes().all(|b| b.is_ascii_graphic());
        if text.is_empty() || text.len() > 128 || stars > 8 || !plain {
            return Err(InvalidPattern);
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether the whole name fits the pattern.
    pub fn matches(&self, name: &str) -> bool {
        let mut pieces = self.0.split('*');
        let first = pieces.next().unwrap_or_default();
        let Some(mut rest) = name.strip_prefix(first) else {
            return false;
        };
        let mut pieces = pieces.peekable();
        if pieces.peek().is_none() {
            return rest.is_empty();
        }
        while let Some(piece) = pieces.next() {
            if pieces.peek().is_none() {
                return rest.ends_with(piece);
            }
            match rest.find(piece) {
                Some(at) => {
                    rest = rest
                        .get(at.saturating_add(piece.len())..)
                        .unwrap_or_default();
                }
                None => return false,
            }
        }
        true
    }

    /// How many characters it has: of two that match, the longer says more.
    pub fn specificity(&self) -> usize {
        self.0.len()
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModelPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_run() {
        for (pattern, name, fits) in [
            ("*", "anything/at-all", true),
            ("gpt-4o", "gpt-4o", true),
            ("gpt-4o", "gpt-4o-mini", false),
            ("gpt-4*", "gpt-4o-mini", true),
            ("*-mini", "gpt-4o-mini", true),
            ("openai/*-mini", "openai/gpt-4o-mini", true),
            ("openai/*-mini", "xai/grok-mini", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("ab*ba", "aba", false),
            ("**", "", true),
        ] {
            assert_eq!(
                ModelPattern::new(pattern).unwrap().matches(name),
                fits,
                "{pattern} {name}"
            );
        }
    }

    #[test]
    fn patterns_are_bounded() {
        for bad in ["", "a b", "*********", "ü"] {
            assert_eq!(ModelPattern::new(bad), Err(InvalidPattern), "{bad}");
        }
    }
}
