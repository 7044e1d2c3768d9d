//! The provider's own account of a call.

use crate::json::{Cursor, JsonFault, Kind, is_number};

/// Usage as stated; a member that is missing, null or not a count is `None`, an explicit zero is zero.
///
/// Nothing is added up or corrected here: whether `completion_tokens` includes reasoning differs by provider.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Usage {
    /// Tokens of the prompt.
    pub prompt_tokens: Option<u64>,
    /// Tokens of the answer.
    pub completion_tokens: Option<u64>,
    /// What the provider states as their sum.
    pub total_tokens: Option<u64>,
    /// Prompt tokens read from the cache.
    pub cached_tokens: Option<u64>,
    /// Prompt tokens written to the cache.
    pub cache_write_tokens: Option<u64>,
    /// Prompt tokens that were audio.
    pub prompt_audio_tokens: Option<u64>,
    /// Prompt tokens that were images.
    pub prompt_image_tokens: Option<u64>,
    /// Answer tokens that were hidden reasoning.
    pub reasoning_tokens: Option<u64>,
    /// Answer tokens that were audio.
    pub completion_audio_tokens: Option<u64>,
    /// Answer tokens that were images.
    pub completion_image_tokens: Option<u64>,
    /// `OpenRouter`'s charge as it was written, perhaps with an exponent.
    pub cost: Option<String>,
    /// With the operator's own provider key, what that provider charges beside `cost`.
    pub upstream_cost: Option<String>,
    /// Whether `OpenRouter` used the operator's own provider key.
    pub is_byok: Option<bool>,
    /// xAI's charge in 10⁻¹⁰ USD.
    pub cost_in_usd_ticks: Option<u64>,
    /// The tier that served.
    pub service_tier: Option<String>,
    /// The model that served.
    pub model: Option<String>,
}

impl Usage {
    /// Reads a chunk or a completion; `None` without a usage object.
    pub fn read(data: &[u8]) -> Option<Self> {
        let mut usage = Self::default();
        match usage.payload(&mut Cursor::new(data)) {
            Ok(true) => Some(usage),
            Ok(false) | Err(_) => None,
        }
    }

    fn payload(&mut self, cursor: &mut Cursor<'_>) -> Result<bool, JsonFault> {
        let mut found = false;
        cursor.open_object()?;
        while let Some(key) = cursor.member()? {
            match key.raw() {
                b"usage" if cursor.kind() == Kind::Object => {
                    self.totals(cursor)?;
                    found = true;
                }
                b"model" => self.model = text(cursor)?,
                b"service_tier" => self.service_tier = text(cursor)?.or(self.service_tier.take()),
                _ => cursor.skip().map(drop)?,
            }
        }
        Ok(found)
    }

    fn totals(&mut self, cursor: &mut Cursor<'_>) -> Result<(), JsonFault> {
        cursor.open_object()?;
        while let Some(key) = cursor.member()? {
            match key.raw() {
                b"prompt_tokens" => self.prompt_tokens = count(cursor)?,
                b"completion_tokens" => self.completion_tokens = count(cursor)?,
                b"total_tokens" => self.total_tokens = count(cursor)?,
                b"prompt_tokens_details" => self.details(cursor, Self::prompt_detail)?,
                b"completion_tokens_details" => self.details(cursor, Self::completion_detail)?,
                b"cost" => self.cost = decimal(cursor)?,
                b"cost_details" => self.details(cursor, Self::cost_detail)?,
                b"is_byok" if cursor.kind() == Kind::Bool => self.is_byok = Some(cursor.boolean()?),
                b"cost_in_usd_ticks" => self.cost_in_usd_ticks = count(cursor)?,
                b"service_tier" => self.service_tier = text(cursor)?.or(self.service_tier.take()),
                // DeepSeek's name for cache reads, used where there are no details.
                b"prompt_cache_hit_tokens" => {
                    let hits = count(cursor)?;
                    self.cached_tokens = self.cached_tokens.or(hits);
                }
                _ => cursor.skip().map(drop)?,
            }
        }
        Ok(())
    }

    fn details(
        &mut self,
        cursor: &mut Cursor<'_>,
        member: fn(&mut Self, &[u8], &mut Cursor<'_>) -> Result<(), JsonFault>,
    ) -> Result<(), JsonFault> {
        if cursor.kind() != Kind::Object {
            return cursor.skip().map(drop);
        }
        cursor.open_object()?;
        while let Some(key) = cursor.member()? {
            member(self, key.raw(), cursor)?;
        }
        Ok(())
    }

    fn prompt_detail(&mut self, name: &[u8], cursor: &mut Cursor<'_>) -> Result<(), JsonFault> {
        let value = count(cursor)?;
        match name {
            b"cached_tokens" => self.cached_tokens = value.or(self.cached_tokens),
            b"cache_write_tokens" => self.cache_write_tokens = value,
            b"audio_tokens" => self.prompt_audio_tokens = value,
            b"image_tokens" => self.prompt_image_tokens = value,
            _ => {}
        }
        Ok(())
    }

    fn completion_detail(&mut self, name: &[u8], cursor: &mut Cursor<'_>) -> Result<(), JsonFault> {
        let value = count(cursor)?;
        match name {
            b"reasoning_tokens" => self.reasoning_tokens = value,
            b"audio_tokens" => self.completion_audio_tokens = value,
            b"image_tokens" => self.completion_image_tokens = value,
            _ => {}
        }
        Ok(())
    }

    fn cost_detail(&mut self, name: &[u8], cursor: &mut Cursor<'_>) -> Result<(), JsonFault> {
        if name == b"upstream_inference_cost" {
            self.upstream_cost = decimal(cursor)?;
            return Ok(());
        }
        cursor.skip().map(drop)
    }
}

/// A count; providers in other languages write `12.0` now and then.
fn count(cursor: &mut Cursor<'_>) -> Result<Option<u64>, JsonFault> {
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

/// A number's text, bare or quoted.
fn decimal(cursor: &mut Cursor<'_>) -> Result<Option<String>, JsonFault> {
    match cursor.kind() {
        Kind::Number => Ok(String::from_utf8(cursor.number()?.to_vec()).ok()),
        Kind::String => Ok(cursor
            .string()?
            .decode()
            .filter(|text| is_number(text))
            .map(Into::into)),
        _ => cursor.skip().map(|_| None),
    }
}

fn text(cursor: &mut Cursor<'_>) -> Result<Option<String>, JsonFault> {
    if cursor.kind() == Kind::String {
        Ok(cursor.string()?.decode().map(Into::into))
    } else {
        cursor.skip().map(|_| None)
    }
}
