//! Reads a provider's whole answer.

use std::{borrow::Cow, fmt};

use crate::{
    chat::chunk::{ChunkFacts, Usage},
    error::UpstreamFault,
    json::{Cursor, Kind},
    talk::keep_tier,
};

/// What a completion says that matters to the bill and to the record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CompletionSummary {
    /// The provider's own id.
    pub id: Option<String>,
    /// The model that served.
    pub model: Option<String>,
    /// The class of service that was given, in the provider's word.
    pub service_tier: Option<Cow<'static, str>>,
    /// The provider's account; `None` means estimate.
    pub usage: Option<Usage>,
    /// Each choice's finish reason, empty when it gives none.
    pub finish_reasons: Vec<String>,
    /// Bytes of text, refusal, reasoning and tool arguments as they stand in JSON.
    pub output_bytes: u64,
    /// An error that came with a success status.
    pub error: Option<UpstreamFault>,
}

/// The body is not a completion: not JSON, or neither choices nor an error in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotACompletion {
    reason: String,
}

impl fmt::Display for NotACompletion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the provider's answer is not a completion: {}",
            self.reason
        )
    }
}

impl std::error::Error for NotACompletion {}

/// Reads a provider's answer with a success status; it may hold an error all the same.
///
/// # Errors
/// It is HTML, cut short, or something else altogether.
pub fn read_completion(body: &[u8]) -> Result<CompletionSummary, NotACompletion> {
    let refuse = |reason: String| Err(NotACompletion { reason });
    let mut cursor = Cursor::new(body);
    if let Err(fault) = cursor.skip().and_then(|_| cursor.end()) {
        return refuse(fault.to_string());
    }
    let facts = ChunkFacts::of(body);
    let error = facts.error();
    if facts.choices.is_none() && error.is_none() {
        return match UpstreamFault::read(body) {
            Some(fault) => Ok(CompletionSummary {
                error: Some(fault),
                ..CompletionSummary::default()
            }),
            None => refuse("it has no choices".to_owned()),
        };
    }
    Ok(CompletionSummary {
        id: facts.id.map(Into::into),
        model: facts.model.map(Into::into),
        service_tier: facts.service_tier.and_then(keep_tier),
        usage: facts.usage(),
        finish_reasons: finish_reasons(body).unwrap_or_default(),
        output_bytes: facts.output_bytes,
        error,
    })
}

fn finish_reasons(body: &[u8]) -> Option<Vec<String>> {
    let mut reasons = Vec::new();
    let mut cursor = Cursor::new(body);
    cursor.open_object().ok()?;
    while let Some(key) = cursor.member().ok()? {
        if !key.is("choices") || cursor.kind() != Kind::Array {
            cursor.skip().ok()?;
            continue;
        }
        cursor.open_array().ok()?;
        while cursor.item().ok()? {
            let choice = cursor.skip().ok()?;
            reasons.push(finish_reason(choice).unwrap_or_default());
        }
    }
    Some(reasons)
}

fn finish_reason(choice: &[u8]) -> Option<String> {
    let mut cursor = Cursor::new(choice);
    cursor.open_object().ok()?;
    while let Some(key) = cursor.member().ok()? {
        if key.is("finish_reason") && cursor.kind() == Kind::String {
            return cursor.string().ok()?.decode().map(Into::into);
        }
        cursor.skip().ok()?;
    }
    None
}
