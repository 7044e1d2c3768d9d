//! What an event of a stream says, and what a whole response says.

use crate::{
    chat::Usage,
    error::UpstreamFault,
    json::{Cursor, JsonFault, Kind, Text},
};

/// What one event says, as far as the bill and the order of things are concerned.
#[derive(Debug, Clone, Copy, Default)]
pub struct EventFacts<'a> {
    /// The event's type, such as `response.completed`.
    pub kind: Option<&'a str>,
    /// The response in it, as JSON.
    pub response: Option<&'a [u8]>,
    /// Bytes of text, refusal, reasoning and arguments in it, as they stand in JSON.
    pub output_bytes: u64,
    /// Its number.
    pub(super) sequence: Option<u64>,
    /// The item that it is about.
    pub(super) output_index: Option<u64>,
    /// The part of the item that it is about.
    pub(super) part_index: Option<u64>,
    /// The item in it, as JSON.
    pub(super) item: Option<&'a [u8]>,
    /// What it adds.
    pub(super) delta: Option<Text<'a>>,
    has_error: bool,
    data: &'a [u8],
}

/// How a response stands after an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It goes on.
    On,
    /// It is over, and the event holds all of it.
    Over,
    /// It came to nothing.
    Failed,
}

impl<'a> EventFacts<'a> {
    /// Reads an event's data; `None` when it is not a JSON object.
    pub fn of(data: &'a [u8]) -> Option<Self> {
        let mut facts = Self {
            data,
            ..Self::default()
        };
        facts.read(&mut Cursor::new(data)).ok()?;
        let is_delta = |kind: &str| kind.strip_suffix(".delta").is_some();
        let counts = facts.kind.is_some_and(is_delta);
        if let Some(delta) = facts.delta.filter(|_| counts) {
            facts.output_bytes = u64::try_from(delta.raw().len()).unwrap_or(u64::MAX);
        }
        Some(facts)
    }

    fn read(&mut self, cursor: &mut Cursor<'a>) -> Result<(), JsonFault> {
        cursor.open_object()?;
        while let Some(key) = cursor.member()? {
            match key.raw() {
                b"type" => self.kind = word(cursor)?,
                b"delta" if cursor.kind() == Kind::String => self.delta = Some(cursor.string()?),
                b"sequence_number" => self.sequence = count(cursor)?,
                b"output_index" => self.output_index = count(cursor)?,
                b"content_index" | b"summary_index" => self.part_index = count(cursor)?,
                b"response" if cursor.kind() == Kind::Object => {
                    self.response = Some(cursor.skip()?);
                }
                b"item" if cursor.kind() == Kind::Object => self.item = Some(cursor.skip()?),
                b"error" => {
                    self.has_error = cursor.kind() != Kind::Null;
                    cursor.skip()?;
                }
                _ => cursor.skip().map(drop)?,
            }
        }
        cursor.end()
    }

    /// How the response stands after it.
    pub fn turn(&self) -> Turn {
        match self.kind {
            Some("response.completed" | "response.incomplete") => Turn::Over,
            Some("response.failed" | "response.cancelled" | "error") => Turn::Failed,
            // An error that does not say that it is an event, as a gateway in between
            // would send it.
            None if self.has_error => Turn::Failed,
            _ => Turn::On,
        }
    }

    /// What went wrong, in an event that says that the response came to nothing.
    pub fn fault(&self) -> UpstreamFault {
        let within = self.response.map(ResponseFacts::of);
        within
            .and_then(|response| response.error())
            .or_else(|| UpstreamFault::read(self.data))
            .unwrap_or_else(|| UpstreamFault {
                message: "The provider ended its answer with an error.".to_owned(),
                ..UpstreamFault::default()
            })
    }
}

/// What a response says of itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct ResponseFacts<'a> {
    /// The model that served.
    pub model: Option<&'a str>,
    /// How it stands.
    pub status: Option<&'a str>,
    /// Whether it has an `output`, as every response does.
    pub has_output: bool,
    /// Bytes of text, refusal, reasoning and arguments in it, as they stand in JSON.
    pub output_bytes: u64,
    /// Whether it was read to its end.
    pub whole: bool,
    tier: Option<&'a str>,
    usage: Option<&'a [u8]>,
    error: Option<&'a [u8]>,
}

impl<'a> ResponseFacts<'a> {
    /// Reads a response; of what is none, there is nothing to say.
    pub fn of(response: &'a [u8]) -> Self {
        let mut facts = Self::default();
        facts.whole = facts.read(&mut Cursor::new(response)).is_ok();
        facts
    }

    fn read(&mut self, cursor: &mut Cursor<'a>) -> Result<(), JsonFault> {
        cursor.open_object()?;
        while let Some(key) = cursor.member()? {
            match key.raw() {
                b"model" => self.model = word(cursor)?,
                b"status" => self.status = word(cursor)?,
                b"service_tier" => self.tier = word(cursor)?,
                b"usage" if cursor.kind() == Kind::Object => self.usage = Some(cursor.skip()?),
                b"error" if cursor.kind() != Kind::Null => self.error = Some(cursor.skip()?),
                b"output" if cursor.kind() == Kind::Array => {
                    self.has_output = true;
                    self.spoken(cursor)?;
                }
                _ => cursor.skip().map(drop)?,
            }
        }
        cursor.end()
    }

    /// Counts what is said in items, and in the parts of items.
    fn spoken(&mut self, cursor: &mut Cursor<'a>) -> Result<(), JsonFault> {
        cursor.open_array()?;
        while cursor.item()? {
            if cursor.kind() != Kind::Object {
                cursor.skip()?;
                continue;
            }
            cursor.open_object()?;
            while let Some(key) = cursor.member()? {
                match (key.raw(), cursor.kind()) {
                    (b"content" | b"summary", Kind::Array) => self.spoken(cursor)?,
                    (b"text" | b"refusal" | b"arguments" | b"input", Kind::String) => {
                        let length = cursor.string()?.raw().len();
                        let length = u64::try_from(length).unwrap_or(u64::MAX);
                        self.output_bytes = self.output_bytes.saturating_add(length);
                    }
                    _ => cursor.skip().map(drop)?,
                }
            }
        }
        Ok(())
    }

    /// What the response took, in the terms of the chat wire: both count alike.
    pub fn usage(&self) -> Option<Usage> {
        let mut usage = Usage {
            model: self.model.map(str::to_owned),
            service_tier: self.tier.map(str::to_owned),
            ..Usage::default()
        };
        read_usage(self.usage?, &mut usage).ok()?;
        Some(usage)
    }

    /// The class of service that was given.
    pub fn service_tier(&self) -> Option<&'a str> {
        self.tier
    }

    /// What went wrong.
    pub fn error(&self) -> Option<UpstreamFault> {
        self.error.and_then(UpstreamFault::of_value)
    }
}

fn read_usage(json: &[u8], usage: &mut Usage) -> Result<(), JsonFault> {
    let mut cursor = Cursor::new(json);
    cursor.open_object()?;
    while let Some(key) = cursor.member()? {
        match key.raw() {
            b"input_tokens" => usage.prompt_tokens = count(&mut cursor)?,
            b"output_tokens" => usage.completion_tokens = count(&mut cursor)?,
            b"total_tokens" => usage.total_tokens = count(&mut cursor)?,
            b"input_tokens_details" if cursor.kind() == Kind::Object => {
                cursor.open_object()?;
                while let Some(key) = cursor.member()? {
                    match key.raw() {
                        b"cached_tokens" => usage.cached_tokens = count(&mut cursor)?,
                        b"cache_write_tokens" => usage.cache_write_tokens = count(&mut cursor)?,
                        b"audio_tokens" => usage.prompt_audio_tokens = count(&mut cursor)?,
                        _ => cursor.skip().map(drop)?,
                    }
                }
            }
            b"output_tokens_details" if cursor.kind() == Kind::Object => {
                cursor.open_object()?;
                while let Some(key) = cursor.member()? {
                    match key.raw() {
                        b"reasoning_tokens" => usage.reasoning_tokens = count(&mut cursor)?,
                        _ => cursor.skip().map(drop)?,
                    }
                }
            }
            _ => cursor.skip().map(drop)?,
        }
    }
    Ok(())
}

/// A string without escapes, as words of the wire are; anything else counts as absent.
fn word<'a>(cursor: &mut Cursor<'a>) -> Result<Option<&'a str>, JsonFault> {
    if cursor.kind() != Kind::String {
        return cursor.skip().map(|_| None);
    }
    let text = cursor.string()?;
    Ok(std::str::from_utf8(text.raw()).ok())
}

/// A whole number, with a fraction of nothing at most; anything else counts as absent.
fn count(cursor: &mut Cursor<'_>) -> Result<Option<u64>, JsonFault> {
    let text = std::str::from_utf8(cursor.skip()?).unwrap_or_default();
    let whole = text.strip_suffix(".0").unwrap_or(text);
    Ok(whole.parse().ok())
}
