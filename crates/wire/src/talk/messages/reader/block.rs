//! A block of content, or a piece of one.

use std::borrow::Cow;

use super::parts::{object, word};
use crate::json::{Cursor, JsonFault};

/// A call that has begun.
#[derive(Debug)]
pub(super) enum Open {
    /// A tool of the customer's.
    Call {
        /// Its number.
        call: u32,
        /// The arguments it was begun with, as long as no piece of them has come.
        input: Option<String>,
    },
    /// The tool whose arguments are the answer.
    Answer {
        /// As above.
        input: Option<String>,
    },
}

/// A block or a delta: they share their members' names.
#[derive(Default)]
pub(super) struct Block<'a> {
    kind: Option<Cow<'a, str>>,
    text: Option<Cow<'a, str>>,
    signature: Option<Cow<'a, str>>,
    data: Option<Cow<'a, str>>,
    id: Option<Cow<'a, str>>,
    name: Option<Cow<'a, str>>,
    input: Option<&'a [u8]>,
    partial_json: Option<Cow<'a, str>>,
}

impl<'a> Block<'a> {
    pub(super) fn read(block: &'a [u8]) -> Result<Self, JsonFault> {
        let mut cursor = Cursor::new(block);
        let mut found = Self::default();
        cursor.open_object()?;
        while let Some(key) = cursor.member()? {
            match key.raw() {
                b"type" => found.kind = word(&mut cursor)?,
                b"text" | b"thinking" => found.text = word(&mut cursor)?,
                b"signature" => found.signature = word(&mut cursor)?,
                b"data" => found.data = word(&mut cursor)?,
                b"id" => found.id = word(&mut cursor)?,
                b"name" => found.name = word(&mut cursor)?,
                b"input" => found.input = object(&mut cursor)?,
                b"partial_json" => found.partial_json = word(&mut cursor)?,
                _ => cursor.skip().map(drop)?,
            }
        }
        Ok(found)
    }

    pub(super) fn kind(&self) -> &str {
        self.kind.as_deref().unwrap_or_default()
    }

    pub(super) fn text(&self) -> Cow<'_, str> {
        borrowed(self.text.as_deref())
    }

    pub(super) fn signature(&self) -> Cow<'_, str> {
        borrowed(self.signature.as_deref())
    }

    pub(super) fn data(&self) -> Cow<'_, str> {
        borrowed(self.data.as_deref())
    }

    pub(super) fn id(&self) -> Cow<'_, str> {
        borrowed(self.id.as_deref())
    }

    pub(super) fn name(&self) -> Cow<'_, str> {
        borrowed(self.name.as_deref())
    }

    pub(super) fn partial_json(&self) -> Cow<'_, str> {
        borrowed(self.partial_json.as_deref())
    }

    /// The arguments that a call was begun with; `{}` where it has none yet.
    pub(super) fn input(&self) -> String {
        let input = self.input.unwrap_or(b"{}");
        String::from_utf8_lossy(input).into_owned()
    }
}

fn borrowed(text: Option<&str>) -> Cow<'_, str> {
    Cow::Borrowed(text.unwrap_or_default())
}
