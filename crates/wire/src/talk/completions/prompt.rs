//! What there is to complete: texts, or tokens that the client has made itself.

use crate::chat::RequestFault;
use crate::chat::request::check::{self, Checked, Path, ROOT};
use crate::json::{Cursor, Kind};

/// So many prompts one request may have.
const MOST_PROMPTS: usize = 2_048;
/// So many tokens one request may have, all prompts together.
const MOST_TOKENS: usize = 2_000_000;
/// What a prompt costs a provider beside its text: the marks around it.
const PER_PROMPT: u64 = 16;

/// At least one prompt.
#[derive(Debug)]
pub(super) struct Prompts {
    /// How many.
    pub(super) count: u32,
    /// No provider makes more tokens of them.
    most_tokens: u64,
    /// The JSON string, where there is one prompt of text.
    pub(super) text: Option<Vec<u8>>,
    /// Whether they are tokens.
    pub(super) are_tokens: bool,
}

impl Prompts {
    /// Reads the value of `prompt`.
    pub(super) fn read(value: &[u8]) -> Checked<Self> {
        let mut cursor = Cursor::new(value);
        let at = ROOT.field("prompt");
        let mut prompts = Self {
            count: 0,
            most_tokens: 0,
            text: None,
            are_tokens: false,
        };
        match cursor.kind() {
            Kind::String => prompts.text(&mut cursor, &at)?,
            Kind::Array => match first_kind(&cursor) {
                Kind::Number => prompts.tokens(&mut cursor, &at)?,
                Kind::Array => {
                    check::some_items(&mut cursor, &at, MOST_PROMPTS, |cursor, at| {
                        prompts.tokens(cursor, at)
                    })?;
                }
                _ => {
                    check::some_items(&mut cursor, &at, MOST_PROMPTS, |cursor, at| {
                        prompts.text(cursor, at)
                    })?;
                }
            },
            _ => {
                let expected = "a string, an array of strings or an array of tokens";
                return Err(check::wrong_kind(&mut cursor, &at, expected));
            }
        }
        Ok(prompts)
    }

    /// What they weigh beyond the one that a chat can say.
    pub(super) fn extra_bytes(&self) -> u64 {
        match self.text {
            Some(_) => 0,
            None => self.most_tokens,
        }
    }

    fn text(&mut self, cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked {
        let start = cursor.pos();
        let raw = check::text(cursor, at)?;
        let Some(text) = raw.decode() else {
            return Err(RequestFault::value(at, "text without broken escapes"));
        };
        let bytes = text.len();
        self.text = (self.count == 0).then(|| cursor.since(start).to_vec());
        self.add(bytes);
        Ok(())
    }

    fn tokens(&mut self, cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked {
        self.are_tokens = true;
        let used = usize::try_from(self.most_tokens).unwrap_or(usize::MAX);
        let left = MOST_TOKENS.saturating_sub(used);
        let count = check::some_items(cursor, at, left, |cursor, at| {
            check::integer(cursor, at, 0..=i64::from(i32::MAX)).map(drop)
        })?;
        self.add(count);
        Ok(())
    }

    fn add(&mut self, most_tokens: usize) {
        let more = u64::try_from(most_tokens).unwrap_or(u64::MAX);
        self.count = self.count.saturating_add(1);
        self.most_tokens = self
            .most_tokens
            .saturating_add(more)
            .saturating_add(PER_PROMPT);
    }
}

/// What the first item of an array is; the cursor stays before the array.
fn first_kind(cursor: &Cursor<'_>) -> Kind {
    let mut ahead = cursor.clone();
    match ahead.open_array().and_then(|()| ahead.item()) {
        Ok(true) => ahead.kind(),
        _ => Kind::Nothing,
    }
}
