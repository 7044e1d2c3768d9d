//! Everything that the relay wants to know about one payload, in one pass.

use super::Usage;
use crate::{
    error::UpstreamFault,
    json::{Cursor, JsonFault, Kind},
};

/// String members of a delta or message that a provider bills as output.
const SPOKEN: &[&str] = &["content", "refusal", "reasoning_content", "reasoning"];

/// What one chunk, or one whole completion, says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChunkFacts<'a> {
    /// The provider's id.
    pub id: Option<&'a str>,
    /// The model that served.
    pub model: Option<&'a str>,
    /// The class of service that was given.
    pub service_tier: Option<&'a str>,
    /// The number of choices; `None` without the member.
    pub choices: Option<usize>,
    /// The first finish reason that is neither null nor empty.
    pub finish_reason: Option<&'a str>,
    /// Bytes of text, refusal, reasoning and tool arguments, counted as they stand in JSON.
    pub output_bytes: u64,
    /// The JSON text of `usage` unless it is null.
    pub usage: Option<&'a [u8]>,
    /// The JSON text of the first `error` member, at the top or in a choice.
    pub error: Option<&'a [u8]>,
    /// Whether the payload was read to its end; if not, the facts are those before the fault.
    pub whole: bool,
    data: &'a [u8],
}

impl<'a> ChunkFacts<'a> {
    /// Reads a payload.
    pub fn of(data: &'a [u8]) -> Self {
        let mut facts = Self {
            data,
            ..Self::default()
        };
        facts.whole = facts.read(&mut Cursor::new(data)).is_ok();
        facts
    }

    /// The error, if there is one: stated at the top or in a choice, or only a finish reason `error`.
    pub fn error(&self) -> Option<UpstreamFault> {
        if let Some(fault) = self.error.and_then(UpstreamFault::of_value) {
            // xAI puts the code beside the error, where only the whole payload tells it.
            return match fault.code {
                Some(_) => Some(fault),
                None => UpstreamFault::read(self.data).or(Some(fault)),
            };
        }
        (self.finish_reason == Some("error")).then(|| UpstreamFault {
            message: "The provider ended its answer with an error.".to_owned(),
            ..UpstreamFault::default()
        })
    }

    /// The usage, if there is any.
    pub fn usage(&self) -> Option<Usage> {
        self.usage.and_then(|_| Usage::read(self.data))
    }

    fn read(&mut self, cursor: &mut Cursor<'a>) -> Result<(), JsonFault> {
        cursor.open_object()?;
        while let Some(key) = cursor.member()? {
            match key.raw() {
                b"id" => self.id = word(cursor)?,
                b"model" => self.model = word(cursor)?,
                b"service_tier" => self.service_tier = word(cursor)?,
                b"choices" if cursor.kind() == Kind::Array => self.choices(cursor)?,
                b"usage" if cursor.kind() == Kind::Object => self.usage = Some(cursor.skip()?),
                b"error" if !cursor.null()? => self.error = Some(cursor.skip()?),
                b"error" => {}
                _ => cursor.skip().map(drop)?,
            }
        }
        cursor.end()
    }

    fn choices(&mut self, cursor: &mut Cursor<'a>) -> Result<(), JsonFault> {
        let mut count = 0;
        cursor.open_array()?;
        while cursor.item()? {
            count += 1;
            if cursor.kind() == Kind::Object {
                self.choice(cursor)?;
            } else {
                cursor.skip()?;
            }
        }
        self.choices = Some(count);
        Ok(())
    }

    fn choice(&mut self, cursor: &mut Cursor<'a>) -> Result<(), JsonFault> {
        cursor.open_object()?;
        while let Some(key) = cursor.member()? {
            match key.raw() {
                b"delta" | b"message" if cursor.kind() == Kind::Object => self.delta(cursor)?,
                b"text" if cursor.kind() == Kind::String => self.spoken(cursor)?,
                b"finish_reason" => {
                    let reason = word(cursor)?.filter(|reason| !reason.is_empty());
                    self.finish_reason = self.finish_reason.or(reason);
                }
                b"error" if !cursor.null()? => {
                    let error = cursor.skip()?;
                    self.error = self.error.or(Some(error));
                }
                b"error" => {}
                _ => cursor.skip().map(drop)?,
            }
        }
        Ok(())
    }

    fn delta(&mut self, cursor: &mut Cursor<'a>) -> Result<(), JsonFault> {
        cursor.open_object()?;
        let mut reasoning = 0;
        while let Some(key) = cursor.member()? {
            let (start, name) = (self.output_bytes, key.raw());
            match name {
                _ if SPOKEN.iter().any(|word| word.as_bytes() == name) => self.spoken(cursor)?,
                b"tool_calls" if cursor.kind() == Kind::Array => {
                    cursor.open_array()?;
                    while cursor.item()? {
                        self.call(cursor)?;
                    }
                }
                b"function_call" | b"audio" => self.call(cursor)?,
                _ => cursor.skip().map(drop)?,
            }
            if name.starts_with(b"reasoning") {
                // Some providers say the same thought under both names: count the longer one.
                let thought = self.output_bytes - start;
                self.output_bytes = start + thought.saturating_sub(reasoning);
                reasoning = reasoning.max(thought);
            }
        }
        Ok(())
    }

    /// Looks through a tool call, or an audio answer, for what was said in it.
    fn call(&mut self, cursor: &mut Cursor<'a>) -> Result<(), JsonFault> {
        if cursor.kind() != Kind::Object {
            return cursor.skip().map(drop);
        }
        cursor.open_object()?;
        while let Some(key) = cursor.member()? {
            match key.raw() {
                b"function" | b"custom" => self.call(cursor)?,
                b"arguments" | b"input" | b"transcript" => self.spoken(cursor)?,
                _ => cursor.skip().map(drop)?,
            }
        }
        Ok(())
    }

    /// Counts a string; anything but null and strings counts with its whole text.
    fn spoken(&mut self, cursor: &mut Cursor<'a>) -> Result<(), JsonFault> {
        let bytes = match cursor.kind() {
            Kind::String => cursor.string()?.raw().len(),
            Kind::Null => cursor.null().map(|_| 0)?,
            _ => cursor.skip()?.len(),
        };
        self.output_bytes = self
            .output_bytes
            .saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        Ok(())
    }
}

/// A string without escapes, as ids and reasons are; anything else counts as absent.
fn word<'a>(cursor: &mut Cursor<'a>) -> Result<Option<&'a str>, JsonFault> {
    if cursor.kind() != Kind::String {
        return cursor.skip().map(|_| None);
    }
    let text = cursor.string()?;
    Ok(std::str::from_utf8(text.raw()).ok())
}
