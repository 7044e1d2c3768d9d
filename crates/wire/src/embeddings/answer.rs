//! Answers with embeddings: those we write ourselves, and those of a provider that pass
//! through.

use std::fmt;

use super::{Encoding, base64};
use crate::{
    chat::Usage,
    error::UpstreamFault,
    json::{Cursor, JsonFault, Kind, push_member, push_string},
};

/// Vectors, on their way into an answer.
#[derive(Debug, Clone, Copy)]
pub struct VectorsOut<'a> {
    /// The model that answers.
    pub model: &'a str,
    /// One vector for each input, in the order of the inputs.
    pub vectors: &'a [Vec<f32>],
    /// How they are written.
    pub encoding: Encoding,
    /// What the inputs took.
    pub prompt_tokens: u64,
}

impl VectorsOut<'_> {
    /// The body of the answer.
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = b"{\"object\":\"list\",\"data\":[".to_vec();
        for (index, vector) in self.vectors.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(b"{\"object\":\"embedding\",\"index\":");
            out.extend_from_slice(index.to_string().as_bytes());
            out.extend_from_slice(b",\"embedding\":");
            match self.encoding {
                Encoding::Float => floats(vector, &mut out),
                Encoding::Base64 => packed(vector, &mut out),
            }
            out.push(b'}');
        }
        out.push(b']');
        let mut model = Vec::new();
        push_string(self.model, &mut model);
        push_member(true, "model", &model, &mut out);
        let tokens = self.prompt_tokens;
        let usage = format!("{{\"prompt_tokens\":{tokens},\"total_tokens\":{tokens}}}");
        push_member(true, "usage", usage.as_bytes(), &mut out);
        out.push(b'}');
        out
    }
}

fn floats(vector: &[f32], out: &mut Vec<u8>) {
    out.push(b'[');
    for (at, number) in vector.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        // JSON has no word for what is no number.
        let number = if number.is_finite() { *number } else { 0.0 };
        out.extend_from_slice(number.to_string().as_bytes());
    }
    out.push(b']');
}

fn packed(vector: &[f32], out: &mut Vec<u8>) {
    let bytes: Vec<u8> = vector
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect();
    out.push(b'"');
    base64::push(&bytes, out);
    out.push(b'"');
}

/// What a provider's answer says that matters to the bill and to the record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AnswerSummary {
    /// The model that answers.
    pub model: Option<String>,
    /// The provider's account; `None` means estimate.
    pub usage: Option<Usage>,
    /// How many vectors there are.
    pub vectors: u64,
    /// An error that came with a success status.
    pub error: Option<UpstreamFault>,
}

/// The body is no answer with embeddings, and no error either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotEmbeddings {
    reason: String,
}

impl fmt::Display for NotEmbeddings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = &self.reason;
        write!(f, "the provider's answer holds no embeddings: {reason}")
    }
}

impl std::error::Error for NotEmbeddings {}

impl From<JsonFault> for NotEmbeddings {
    fn from(fault: JsonFault) -> Self {
        Self {
            reason: fault.to_string(),
        }
    }
}

/// Reads a provider's answer with a success status; it may hold an error all the same.
///
/// # Errors
/// It is HTML, cut short, or something else altogether.
pub fn read_answer(body: &[u8]) -> Result<AnswerSummary, NotEmbeddings> {
    let mut cursor = Cursor::new(body);
    let mut summary = AnswerSummary::default();
    let mut has_data = false;
    if cursor.kind() != Kind::Object {
        return Err(no_data());
    }
    cursor.open_object()?;
    while let Some(key) = cursor.member()? {
        let kind = cursor.kind();
        if key.is("data") && kind == Kind::Array {
            has_data = true;
            summary.vectors = count(&mut cursor)?;
            continue;
        }
        let value = cursor.skip()?;
        if key.is("error") {
            summary.error = UpstreamFault::of_value(value);
        }
    }
    cursor.end()?;
    if !has_data {
        summary.error = summary.error.or_else(|| UpstreamFault::read(body));
        if summary.error.is_none() {
            return Err(no_data());
        }
    }
    summary.usage = Usage::read(body).map(|usage| Usage {
        // Nobody states a completion where there can be none.
        completion_tokens: Some(0),
        total_tokens: usage.prompt_tokens.or(usage.total_tokens),
        prompt_tokens: usage.prompt_tokens.or(usage.total_tokens),
        ..usage
    });
    summary.usage = summary.usage.filter(|usage| usage.prompt_tokens.is_some());
    summary.model = model(body);
    Ok(summary)
}

fn no_data() -> NotEmbeddings {
    NotEmbeddings {
        reason: "there is no data in it".to_owned(),
    }
}

fn count(cursor: &mut Cursor<'_>) -> Result<u64, JsonFault> {
    let mut count: u64 = 0;
    cursor.open_array()?;
    while cursor.item()? {
        cursor.skip()?;
        count = count.saturating_add(1);
    }
    Ok(count)
}

fn model(body: &[u8]) -> Option<String> {
    let mut cursor = Cursor::new(body);
    cursor.open_object().ok()?;
    while let Some(key) = cursor.member().ok()? {
        if key.is("model") && cursor.kind() == Kind::String {
            let name = cursor.string().ok()?.decode()?.into_owned();
            return Some(name).filter(|name| !name.is_empty());
        }
        cursor.skip().ok()?;
    }
    None
}
