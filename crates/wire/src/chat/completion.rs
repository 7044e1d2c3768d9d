//! Whole answers: those we write ourselves, and those of a provider that pass through.

mod answer;
mod passthrough;
mod types;

pub use answer::{CompletionSummary, NotACompletion, read_completion};
pub use passthrough::{Finish, finish_completion, finish_usage_chunk};
pub use types::{
    ChatChunk, ChatCompletion, Choice, ChunkChoice, ChunkTag, CompletionTag,
    CompletionTokensDetails, Cost, CostDetails, Delta, FunctionCall, FunctionTag, Message,
    PromptTokensDetails, Role, ToolCall, ToolCallDelta, UsageOut,
};

#[cfg(test)]
mod tests;
