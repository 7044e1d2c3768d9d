//! The shapes of answers we write ourselves. Clients that type strictly read them, so every required key is written.

use std::borrow::Cow;

use serde::{Serialize, Serializer, ser::Error as _};
use serde_json::value::RawValue;

use crate::json::is_number;

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChatCompletion<'a> {
    /// The generation id.
    pub id: Cow<'a, str>,
    /// Always `chat.completion`.
    pub object: CompletionTag,
    /// Whole seconds since 1970.
    pub created: u64,
    /// The model that served.
    pub model: Cow<'a, str>,
    /// The answers.
    pub choices: Vec<Choice<'a>>,
    /// What the call took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<UsageOut<'a>>,
    /// The class of service that was given, where anybody says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<&'a str>,
}

impl ChatCompletion<'_> {
    /// The JSON text.
    pub fn to_json(&self) -> Vec<u8> {
        // Strings and numbers always serialise, and a cost is checked when it is made.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// One answer of a [`ChatCompletion`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice<'a> {
    /// Its number, from 0.
    pub index: u32,
    /// What was said.
    pub message: Message<'a>,
    /// Never given; the key must be there.
    pub logprobs: Option<()>,
    /// `stop`, `length`, `tool_calls` or `content_filter`.
    pub finish_reason: &'a str,
}

/// The assistant's message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Message<'a> {
    /// Always the assistant.
    pub role: Role,
    /// The text, null beside tool calls.
    pub content: Option<Cow<'a, str>>,
    /// A refusal; the key must be there.
    pub refusal: Option<Cow<'a, str>>,
    /// Reasoning in the open, as xAI and `DeepSeek` name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_content: Option<Cow<'a, str>>,
    /// Calls of the client's tools.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall<'a>>,
}

/// A call of one of the client's tools.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToolCall<'a> {
    /// The id that the result must name.
    pub id: Cow<'a, str>,
    /// Always `function`.
    #[serde(rename = "type")]
    pub kind: FunctionTag,
    /// What is called.
    pub function: FunctionCall<'a>,
}

/// A function and its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct FunctionCall<'a> {
    /// The name; only on the first fragment of a stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Cow<'a, str>>,
    /// JSON text, or a fragment of it.
    pub arguments: Cow<'a, str>,
}

/// One chunk of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChatChunk<'a> {
    /// The generation id, the same on every chunk.
    pub id: Cow<'a, str>,
    /// Always `chat.completion.chunk`.
    pub object: ChunkTag,
    /// Whole seconds since 1970, the same on every chunk.
    pub created: u64,
    /// The model that serves, the same on every chunk.
    pub model: Cow<'a, str>,
    /// The fragments; none in the usage chunk.
    pub choices: Vec<ChunkChoice<'a>>,
    /// `None` leaves the key out, `Some(None)` writes null as is due when the client asked for usage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Option<UsageOut<'a>>>,
    /// The class of service that was given, where anybody says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<&'a str>,
}

impl ChatChunk<'_> {
    /// Appends the chunk as a frame.
    pub fn write_sse(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"data: ");
        let mark = out.len();
        if serde_json::to_writer(&mut *out, self).is_err() {
            out.truncate(mark);
            out.extend_from_slice(b"{}");
        }
        out.extend_from_slice(b"\n\n");
    }
}

/// A fragment of one answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChunkChoice<'a> {
    /// The answer's number, from 0.
    pub index: u32,
    /// What is added.
    pub delta: Delta<'a>,
    /// Never given; the key must be there.
    pub logprobs: Option<()>,
    /// Why the answer ends, on its last chunk; the key must be there.
    pub finish_reason: Option<&'a str>,
}

/// What a chunk adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Delta<'a> {
    /// On the first chunk only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// More text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<Cow<'a, str>>,
    /// More of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Cow<'a, str>>,
    /// More reasoning in the open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_content: Option<Cow<'a, str>>,
    /// Fragments of tool calls.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCallDelta<'a>>,
}

/// A fragment of a tool call; id, type and name stand on the first one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToolCallDelta<'a> {
    /// Which call, from 0 without gaps.
    pub index: u32,
    /// The call's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, str>>,
    /// Always `function`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<FunctionTag>,
    /// Name and arguments.
    pub function: FunctionCall<'a>,
}

/// Usage as we state it: sums in `OpenAI`'s sense, plus the cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct UsageOut<'a> {
    /// All prompt tokens, cached ones included.
    pub prompt_tokens: u64,
    /// All answer tokens, reasoning included.
    pub completion_tokens: u64,
    /// Their sum.
    pub total_tokens: u64,
    /// What the prompt tokens were.
    pub prompt_tokens_details: PromptTokensDetails,
    /// What the answer tokens were.
    pub completion_tokens_details: CompletionTokensDetails,
    /// The charge as a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost<'a>>,
    /// The charge with its currency and receipt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_details: Option<CostDetails<'a>>,
}

/// What the prompt tokens were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Default)]
pub struct PromptTokensDetails {
    /// Read from the cache.
    pub cached_tokens: u64,
    /// Written to the cache; left out when zero, as older clients do not know it.
    #[serde(skip_serializing_if = "is_zero")]
    pub cache_write_tokens: u64,
    /// Audio.
    pub audio_tokens: u64,
}

/// What the answer tokens were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Default)]
pub struct CompletionTokensDetails {
    /// Hidden reasoning.
    pub reasoning_tokens: u64,
    /// Audio.
    pub audio_tokens: u64,
    /// Predicted and used.
    pub accepted_prediction_tokens: u64,
    /// Predicted in vain.
    pub rejected_prediction_tokens: u64,
}

/// A decimal that is written as a JSON number, digit by digit as given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cost<'a>(Cow<'a, str>);

impl<'a> Cost<'a> {
    /// Takes decimal text; `None` unless it is a JSON number.
    pub fn new(decimal: impl Into<Cow<'a, str>>) -> Option<Self> {
        let decimal = decimal.into();
        is_number(&decimal).then_some(Self(decimal))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for Cost<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

/// A charge with its currency and receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CostDetails<'a> {
    /// Decimal text.
    pub amount: Cow<'a, str>,
    /// The currency's code.
    pub currency: Cow<'a, str>,
    /// Where the receipt is.
    pub generation_id: Cow<'a, str>,
}

/// The phrase `chat.completion`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Default)]
pub enum CompletionTag {
    /// The only value.
    #[default]
    #[serde(rename = "chat.completion")]
    Completion,
}

/// The phrase `chat.completion.chunk`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Default)]
pub enum ChunkTag {
    /// The only value.
    #[default]
    #[serde(rename = "chat.completion.chunk")]
    Chunk,
}

/// The word `function`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum FunctionTag {
    /// The only value.
    #[default]
    Function,
}

/// The word `assistant`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The only value.
    #[default]
    Assistant,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}
