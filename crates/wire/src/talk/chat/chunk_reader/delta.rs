//! What one delta, or one message, says: read in any order, told in one.

use std::borrow::Cow;

use super::Emit;
use super::calls::{Calls, Fragment};
use crate::json::{Cursor, JsonFault, Kind};
use crate::talk::Event;
use crate::talk::seal::Maker;

/// The members of a delta that say something.
#[derive(Default)]
pub(super) struct Delta<'a> {
    content: Vec<Cow<'a, str>>,
    refusal: Option<Cow<'a, str>>,
    thought: Option<Cow<'a, str>>,
    details: Option<&'a [u8]>,
    calls: Option<&'a [u8]>,
    function_call: Option<&'a [u8]>,
}

impl<'a> Delta<'a> {
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Result<Self, JsonFault> {
        let mut delta = Self::default();
        cursor.open_object()?;
        while let Some(key) = cursor.member()? {
            match (key.raw(), cursor.kind()) {
                (b"content", Kind::String) => delta.content.extend(text_of(cursor)?),
                (b"content", Kind::Array) => delta.parts(cursor)?,
                (b"refusal", Kind::String) => delta.refusal = text_of(cursor)?,
                (b"reasoning_content" | b"reasoning", Kind::String) => {
                    // Some providers say the same thought under both names.
                    let said = text_of(cursor)?;
                    delta.thought = delta.thought.take().or(said);
                }
                (b"reasoning_details", Kind::Array) => delta.details = Some(cursor.skip()?),
                (b"tool_calls", Kind::Array) => delta.calls = Some(cursor.skip()?),
                (b"function_call", Kind::Object) => delta.function_call = Some(cursor.skip()?),
                _ => cursor.skip().map(drop)?,
            }
        }
        Ok(delta)
    }

    /// Content in parts, as a few providers answer.
    fn parts(&mut self, cursor: &mut Cursor<'a>) -> Result<(), JsonFault> {
        cursor.open_array()?;
        while cursor.item()? {
            if cursor.kind() != Kind::Object {
                cursor.skip()?;
                continue;
            }
            cursor.open_object()?;
            while let Some(key) = cursor.member()? {
                match (key.raw(), cursor.kind()) {
                    (b"text", Kind::String) => self.content.extend(text_of(cursor)?),
                    (b"refusal", Kind::String) => self.refusal = text_of(cursor)?,
                    _ => cursor.skip().map(drop)?,
                }
            }
        }
        Ok(())
    }

    pub(super) fn says_something(&self) -> bool {
        !self.content.is_empty()
            || self.refusal.is_some()
            || self.thought.is_some()
            || self.details.is_some()
            || self.calls.is_some()
            || self.function_call.is_some()
    }

    /// Thoughts first, then text, then calls: as they are thought.
    pub(super) fn tell(
        self,
        choice: u32,
        calls: &mut Calls,
        answer: &str,
        emit: Emit<'_>,
    ) -> Result<(), JsonFault> {
        let is_shown = self.thought.is_some();
        if let Some(text) = self.thought {
            emit(Event::Thought { choice, text });
        }
        if let Some(details) = self.details {
            tell_details(details, choice, is_shown, emit)?;
        }
        for text in self.content {
            emit(Event::Text { choice, text });
        }
        if let Some(text) = self.refusal {
            emit(Event::Refusal { choice, text });
        }
        if let Some(list) = self.calls {
            let mut cursor = Cursor::new(list);
            cursor.open_array()?;
            while cursor.item()? {
                if cursor.kind() == Kind::Object {
                    let fragment = Fragment::read(&mut cursor)?;
                    calls.add(choice, fragment, answer, emit);
                } else {
                    cursor.skip()?;
                }
            }
        }
        if let Some(call) = self.function_call {
            let mut fragment = Fragment::default();
            fragment.function(&mut Cursor::new(call))?;
            calls.add(choice, fragment, answer, emit);
        }
        Ok(())
    }
}

/// `OpenRouter`'s `reasoning_details`. Their texts are those that `reasoning` shows, so that
/// only what it leaves out is told where there is one.
fn tell_details(
    details: &[u8],
    choice: u32,
    is_shown: bool,
    emit: Emit<'_>,
) -> Result<(), JsonFault> {
    let mut cursor = Cursor::new(details);
    cursor.open_array()?;
    while cursor.item()? {
        if cursor.kind() != Kind::Object {
            cursor.skip()?;
            continue;
        }
        let (mut text, mut signature, mut data) = (None, None, None);
        cursor.open_object()?;
        while let Some(key) = cursor.member()? {
            match (key.raw(), cursor.kind()) {
                (b"text" | b"summary", Kind::String) => text = text_of(&mut cursor)?.or(text),
                (b"signature", Kind::String) => signature = text_of(&mut cursor)?,
                (b"data", Kind::String) => data = text_of(&mut cursor)?,
                _ => cursor.skip().map(drop)?,
            }
        }
        if let Some(text) = text.filter(|_| !is_shown) {
            emit(Event::Thought { choice, text });
        }
        if let Some(signature) = signature {
            let signature = Cow::Owned(Maker::OpenRouter.adopt(signature.into_owned()));
            emit(Event::Signature { choice, signature });
        }
        if let Some(data) = data {
            let data = Cow::Owned(Maker::OpenRouter.adopt(data.into_owned()));
            emit(Event::SealedThought { choice, data });
        }
    }
    Ok(())
}

/// A string that is not empty. Bytes that are no text are replaced rather than lost.
pub(super) fn text_of<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Cow<'a, str>>, JsonFault> {
    let text = cursor.string()?;
    let decoded = text
        .decode()
        .unwrap_or_else(|| String::from_utf8_lossy(text.raw()));
    Ok(Some(decoded).filter(|text| !text.is_empty()))
}
