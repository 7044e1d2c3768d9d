//! Events and messages, their members unread as far as possible.

use std::borrow::Cow;

use super::count::whole;
use crate::json::{Cursor, JsonFault, Kind};
use crate::talk::ReadFault;

/// One event of a stream, its members unread.
#[derive(Default)]
pub(in super::super) struct Parts<'a> {
    pub(in super::super) kind: Option<Cow<'a, str>>,
    pub(in super::super) index: u64,
    pub(super) message: Option<&'a [u8]>,
    pub(super) block: Option<&'a [u8]>,
    pub(super) delta: Option<&'a [u8]>,
    pub(super) usage: Option<&'a [u8]>,
    pub(super) error: bool,
}

impl<'a> Parts<'a> {
    pub(in super::super) fn of(data: &'a [u8]) -> Result<Self, ReadFault> {
        let mut parts = Self::default();
        parts.read(data).map_err(super::unreadable)?;
        Ok(parts)
    }

    fn read(&mut self, data: &'a [u8]) -> Result<(), JsonFault> {
        let mut cursor = Cursor::new(data);
        cursor.open_object()?;
        while let Some(key) = cursor.member()? {
            match key.raw() {
                b"type" => self.kind = word(&mut cursor)?,
                b"index" => self.index = whole(&mut cursor)?.unwrap_or(0),
                b"message" => self.message = object(&mut cursor)?,
                b"content_block" => self.block = object(&mut cursor)?,
                b"delta" => self.delta = object(&mut cursor)?,
                b"usage" => self.usage = object(&mut cursor)?,
                b"error" => self.error = object(&mut cursor)?.is_some(),
                _ => cursor.skip().map(drop)?,
            }
        }
        cursor.end()
    }
}

/// What a message, or its end, says of itself.
#[derive(Default)]
pub(super) struct Head<'a> {
    pub(super) kind: Option<Cow<'a, str>>,
    pub(super) model: Option<Cow<'a, str>>,
    pub(super) content: Option<&'a [u8]>,
    pub(super) stop_reason: Option<Cow<'a, str>>,
    pub(super) stop_sequence: Option<Cow<'a, str>>,
    pub(super) usage: Option<&'a [u8]>,
    pub(super) error: bool,
}

impl<'a> Head<'a> {
    pub(super) fn read(message: &'a [u8]) -> Result<Self, JsonFault> {
        let mut cursor = Cursor::new(message);
        let mut head = Self::default();
        cursor.open_object()?;
        while let Some(key) = cursor.member()? {
            match key.raw() {
                b"type" => head.kind = word(&mut cursor)?,
                b"model" => head.model = word(&mut cursor)?.filter(|model| !model.is_empty()),
                b"content" if cursor.kind() == Kind::Array => head.content = Some(cursor.skip()?),
                b"stop_reason" => head.stop_reason = word(&mut cursor)?,
                b"stop_sequence" => head.stop_sequence = word(&mut cursor)?,
                b"usage" => head.usage = object(&mut cursor)?,
                b"error" => head.error = object(&mut cursor)?.is_some(),
                _ => cursor.skip().map(drop)?,
            }
        }
        cursor.end()?;
        Ok(head)
    }
}

/// A string, decoded; anything else counts as absent.
pub(super) fn word<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Cow<'a, str>>, JsonFault> {
    if cursor.kind() != Kind::String {
        return cursor.skip().map(|_| None);
    }
    Ok(cursor.string()?.decode())
}

/// The text of an object; anything else counts as absent.
pub(super) fn object<'a>(cursor: &mut Cursor<'a>) -> Result<Option<&'a [u8]>, JsonFault> {
    let kind = cursor.kind();
    let value = cursor.skip()?;
    Ok((kind == Kind::Object).then_some(value))
}
