//! What the provider counts, made disjoint.

use std::borrow::Cow;

use super::super::super::{Usage, keep_tier};
use super::parts::object;
use crate::json::{Cursor, JsonFault, Kind};

/// Counts as they were last stated. A later snapshot replaces an earlier one, member by
/// member, and none are ever added up.
#[derive(Debug, Default)]
pub(super) struct Count {
    input: Option<u64>,
    cache_read: Option<u64>,
    cache_write: Option<u64>,
    short_write: Option<u64>,
    long_write: Option<u64>,
    output: Option<u64>,
    thinking: Option<u64>,
    /// The class of service that was given.
    tier: Option<Cow<'static, str>>,
    /// Whether the output is the final count, and not the placeholder of the beginning.
    is_final: bool,
    /// Whether the prompt asked for the long-lived cache.
    pub(super) long_cache: bool,
    /// Whether the answer came as the arguments of a tool.
    pub(super) is_wrapped: bool,
    /// Bytes of text, thoughts and arguments that have come.
    pub(super) output_bytes: u64,
}

impl Count {
    /// Bytes of output that usually are one token, for an answer that broke off.
    const BYTES_PER_TOKEN: u64 = 4;

    pub(super) fn said(&mut self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.output_bytes = self.output_bytes.saturating_add(bytes);
    }

    /// Takes the usage of a beginning, whose output is a placeholder. After the final
    /// count it is a repetition and says nothing.
    pub(super) fn begin(&mut self, usage: &[u8]) {
        if !self.is_final {
            let _partly = self.members(usage);
        }
    }

    /// Takes the usage of an end.
    pub(super) fn take(&mut self, usage: &[u8]) {
        let before = self.output.take();
        let _partly = self.members(usage);
        self.is_final |= self.output.is_some();
        self.output = self.output.or(before);
    }

    /// The counts, every token in one of them; `None` where nothing was stated. The
    /// output of an answer that broke off is what its text usually comes to.
    pub(super) fn usage(&self) -> Option<Usage> {
        let is_stated = self.input.is_some()
            || self.cache_read.is_some()
            || self.cache_write.is_some()
            || self.output.is_some();
        if !is_stated {
            return None;
        }
        let stated = self.output.unwrap_or(0);
        let output = if self.is_final {
            stated
        } else {
            stated.max(self.output_bytes.div_ceil(Self::BYTES_PER_TOKEN))
        };
        let reasoning = self.thinking.unwrap_or(0).min(output);
        let (cache_write, cache_write_long) = self.writes();
        Some(Usage {
            input: self.input.unwrap_or(0),
            cache_read: self.cache_read.unwrap_or(0),
            cache_write,
            cache_write_long,
            audio_input: 0,
            output: output - reasoning,
            reasoning,
        })
    }

    /// The class of service, in the provider's word.
    pub(super) fn tier(&self) -> Option<&str> {
        self.tier.as_deref()
    }

    /// Tokens written to the short-lived and to the long-lived cache.
    fn writes(&self) -> (u64, u64) {
        let short = self.short_write.unwrap_or(0);
        let long = self.long_write.unwrap_or(0);
        let parts = short.saturating_add(long);
        let total = self.cache_write.unwrap_or(parts).max(parts);
        // What no part accounts for went where the prompt wanted it.
        let rest = total - parts;
        if self.long_cache && parts == 0 {
            (0, rest)
        } else {
            (short.saturating_add(rest), long)
        }
    }

    fn members(&mut self, usage: &[u8]) -> Result<(), JsonFault> {
        let mut cursor = Cursor::new(usage);
        cursor.open_object()?;
        while let Some(key) = cursor.member()? {
            let cursor = &mut cursor;
            match key.raw() {
                b"input_tokens" => later(&mut self.input, cursor)?,
                b"cache_read_input_tokens" => later(&mut self.cache_read, cursor)?,
                b"cache_creation_input_tokens" => later(&mut self.cache_write, cursor)?,
                b"output_tokens" => later(&mut self.output, cursor)?,
                b"service_tier" if cursor.kind() == Kind::String => {
                    let word = cursor.string()?.decode();
                    self.tier = word.and_then(|word| keep_tier(&word)).or(self.tier.take());
                }
                b"cache_creation" => {
                    if let Some(parts) = object(cursor)? {
                        self.parts(parts)?;
                    }
                }
                b"output_tokens_details" => {
                    if let Some(details) = object(cursor)? {
                        self.details(details)?;
                    }
                }
                _ => cursor.skip().map(drop)?,
            }
        }
        Ok(())
    }

    fn parts(&mut self, parts: &[u8]) -> Result<(), JsonFault> {
        let mut cursor = Cursor::new(parts);
        cursor.open_object()?;
        while let Some(key) = cursor.member()? {
            match key.raw() {
                b"ephemeral_5m_input_tokens" => later(&mut self.short_write, &mut cursor)?,
                b"ephemeral_1h_input_tokens" => later(&mut self.long_write, &mut cursor)?,
                _ => cursor.skip().map(drop)?,
            }
        }
        Ok(())
    }

    fn details(&mut self, details: &[u8]) -> Result<(), JsonFault> {
        let mut cursor = Cursor::new(details);
        cursor.open_object()?;
        while let Some(key) = cursor.member()? {
            if key.is("thinking_tokens") {
                later(&mut self.thinking, &mut cursor)?;
            } else {
                cursor.skip()?;
            }
        }
        Ok(())
    }
}

/// A count that is stated stands for the earlier one; null and what is no count do not.
fn later(known: &mut Option<u64>, cursor: &mut Cursor<'_>) -> Result<(), JsonFault> {
    *known = whole(cursor)?.or(*known);
    Ok(())
}

/// A count; anything else counts as absent.
pub(super) fn whole(cursor: &mut Cursor<'_>) -> Result<Option<u64>, JsonFault> {
    if cursor.kind() != Kind::Number {
        return cursor.skip().map(|_| None);
    }
    let digits = std::str::from_utf8(cursor.number()?).unwrap_or_default();
    let whole = match digits.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|byte| byte == b'0') => whole,
        Some(_) => return Ok(None),
        None => digits,
    };
    Ok(whole.parse().ok())
}
