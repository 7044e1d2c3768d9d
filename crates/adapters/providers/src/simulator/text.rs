use std::sync::Arc;

use super::tokens::BYTES_PER_TOKEN;

const WORDS: &[&str] = &[
    "lorem",
    "ipsum",
    "dolor",
    "sit",
    "amet",
    "consectetur",
    "adipiscing",
    "elit",
    "sed",
    "do",
    "eiusmod",
    "tempor",
    "incididunt",
    "ut",
    "labore",
    "et",
    "dolore",
    "magna",
    "aliqua",
    "enim",
    "ad",
    "minim",
    "veniam",
    "quis",
    "nostrud",
    "exercitation",
    "ullamco",
    "laboris",
    "nisi",
    "aliquip",
    "ex",
    "ea",
    "commodo",
    "consequat",
];

/// Words in a lorem text before it begins anew.
const LOREM_WORDS: usize = 500;

/// A text of any length out of a short one, handed out piece by piece, so that a long
/// answer takes no more memory than a short one.
#[derive(Clone, Debug)]
pub(super) struct Text {
    base: Arc<str>,
    at: usize,
    left: u64,
}

impl Text {
    pub(super) fn empty() -> Self {
        Self {
            base: Arc::from(""),
            at: 0,
            left: 0,
        }
    }

    /// The words as they are.
    pub(super) fn once(words: &Arc<str>) -> Self {
        let left = u64::try_from(words.len()).unwrap_or(u64::MAX);
        Self {
            base: Arc::clone(words),
            at: 0,
            left,
        }
    }

    /// The words again and again, for that many tokens.
    pub(super) fn repeat(words: &Arc<str>, tokens: u64) -> Self {
        let base = if words.is_empty() {
            Arc::from(" ")
        } else {
            Arc::from(format!("{words} "))
        };
        Self {
            base,
            at: 0,
            left: tokens.saturating_mul(BYTES_PER_TOKEN),
        }
    }

    /// Text that is the same for the same seed.
    pub(super) fn lorem(seed: u64, tokens: u64) -> Self {
        let mut state = seed;
        let mut base = String::new();
        for position in 0..LOREM_WORDS {
            let word = usize::try_from(next(&mut state) >> 33).unwrap_or(0) % WORDS.len();
            // The usual beginning, so that a reader knows what it is.
            let word = if position < 2 { position } else { word };
            base.push_str(WORDS.get(word).copied().unwrap_or("lorem"));
            base.push(' ');
        }
        Self {
            base: base.into(),
            at: 0,
            left: tokens.saturating_mul(BYTES_PER_TOKEN),
        }
    }

    /// Bytes that are still to come; a multi-byte character at the end may lack room.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    /// Cuts the rest to this many tokens; says whether that took anything away.
    pub(super) fn limit(&mut self, tokens: u64) -> bool {
        let most = tokens.saturating_mul(BYTES_PER_TOKEN);
        let cuts = self.left > most;
        self.left = self.left.min(most);
        cuts
    }

    /// The next piece of about `most` bytes, whole characters only.
    pub(super) fn take(&mut self, most: usize) -> Option<String> {
        let mut piece = String::new();
        while piece.len() < most {
            let room = usize::try_from(self.left).unwrap_or(usize::MAX);
            let rest = self.base.get(self.at..).unwrap_or_default();
            let run = whole_characters(rest, room.min(most.saturating_sub(piece.len())));
            let run = if run.is_empty() && piece.is_empty() {
                // One character always goes, if the answer has room for it.
                whole_characters(
                    rest,
                    rest.chars().next().map_or(0, char::len_utf8).min(room),
                )
            } else {
                run
            };
            if run.is_empty() {
                break;
            }
            piece.push_str(run);
            self.left = self
                .left
                .saturating_sub(u64::try_from(run.len()).unwrap_or(u64::MAX));
            let at = self.at.saturating_add(run.len());
            self.at = if at >= self.base.len() { 0 } else { at };
        }
        if piece.is_empty() {
            self.left = 0;
            return None;
        }
        Some(piece)
    }
}

/// The longest beginning of `text` that has at most so many bytes.
pub(super) fn whole_characters(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or_default()
}

/// A step of the well-known linear congruential generator of Knuth's MMIX.
fn next(state: &mut u64) -> u64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    *state
}
