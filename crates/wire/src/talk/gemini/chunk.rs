//! What the provider sends: one `GenerateContentResponse`, whole or in a chunk.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::talk::keep_tier;

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Chunk<'a> {
    #[serde(borrow)]
    pub(super) candidates: Option<Vec<Candidate<'a>>>,
    pub(super) prompt_feedback: Option<PromptFeedback>,
    pub(super) usage_metadata: Option<Metadata>,
    pub(super) model_version: Option<String>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Candidate<'a> {
    pub(super) index: Option<u32>,
    #[serde(borrow)]
    pub(super) content: Option<Content<'a>>,
    pub(super) finish_reason: Option<String>,
    pub(super) finish_message: Option<String>,
    pub(super) logprobs_result: Option<LogprobsResult>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Content<'a> {
    #[serde(borrow)]
    pub(super) parts: Option<Vec<Piece<'a>>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Piece<'a> {
    pub(super) text: Option<String>,
    pub(super) thought: Option<bool>,
    pub(super) thought_signature: Option<String>,
    #[serde(borrow)]
    pub(super) function_call: Option<FunctionCall<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct FunctionCall<'a> {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    #[serde(borrow)]
    pub(super) args: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PromptFeedback {
    pub(super) block_reason: Option<String>,
}

/// A field that is missing is zero, if anything is stated at all.
#[derive(Deserialize, Default, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Metadata {
    #[serde(deserialize_with = "count")]
    pub(super) prompt_token_count: Option<u64>,
    #[serde(deserialize_with = "count")]
    pub(super) candidates_token_count: Option<u64>,
    #[serde(deserialize_with = "count")]
    pub(super) thoughts_token_count: Option<u64>,
    #[serde(deserialize_with = "count")]
    pub(super) cached_content_token_count: Option<u64>,
    #[serde(deserialize_with = "count")]
    pub(super) tool_use_prompt_token_count: Option<u64>,
    #[serde(deserialize_with = "count")]
    pub(super) total_token_count: Option<u64>,
    #[serde(deserialize_with = "word")]
    pub(super) service_tier: Option<Cow<'static, str>>,
    pub(super) prompt_tokens_details: Option<Vec<Modality>>,
    pub(super) cache_tokens_details: Option<Vec<Modality>>,
    pub(super) tool_use_prompt_tokens_details: Option<Vec<Modality>>,
}

#[derive(Deserialize, Default, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Modality {
    pub(super) modality: Option<String>,
    #[serde(deserialize_with = "count")]
    pub(super) token_count: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct LogprobsResult {
    pub(super) top_candidates: Option<Vec<Alternatives>>,
    pub(super) chosen_candidates: Option<Vec<Token>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Alternatives {
    pub(super) candidates: Option<Vec<Token>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Token {
    pub(super) token: Option<String>,
    pub(super) log_probability: Option<Box<RawValue>>,
}

/// A count: a number, or its digits as a string, as wide integers are written in this
/// provider's JSON. What is neither is not stated.
fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    let digits = raw.get().trim_matches('"');
    let whole = digits.split_once('.').map_or(digits, |(whole, fraction)| {
        if fraction.bytes().all(|byte| byte == b'0') {
            whole
        } else {
            ""
        }
    });
    Ok(whole.parse().ok())
}

/// A word of the wire; what is none is not stated.
fn word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'static, str>>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    let text = raw.get().strip_prefix('"');
    Ok(text
        .and_then(|text| text.strip_suffix('"'))
        .and_then(keep_tier))
}
