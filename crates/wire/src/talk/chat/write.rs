//! The conversation becomes a chat completions body, for a provider of OpenAI's shape.

mod messages;
mod options;
mod shapes;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::chat::{LimitField, RequestFault};
use crate::talk::{Sampling, Talk};
use options::{Choice, Format, Reasoning, StreamOptions, Tool, number};
use shapes::Message;

/// In what providers of this shape differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Where the output limit goes.
    pub limit_field: LimitField,
    /// Whether it knows `OpenRouter`'s additions: `cache_control`, `reasoning`,
    /// `reasoning_details`, `top_k`. Hints that a provider does not know are left out.
    pub extended: bool,
    /// Whether the model may be told how much to think.
    pub thinks: bool,
    /// Whether the model may be told how to draw tokens. One that may not draws as it does,
    /// rather than refusing the whole request.
    pub samples: bool,
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Choice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parallel_tool_calls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_k: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency_penalty: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence_penalty: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_logprobs: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Format<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<Reasoning>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verbosity: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
}

/// Writes the body. A stream is asked to end with its usage.
///
/// # Errors
/// Something in the conversation has no equivalent; the fault names it.
pub fn write(talk: &Talk, model: &str, style: Style) -> Result<Vec<u8>, RequestFault> {
    let limit_as = |field| talk.output_limit.filter(|_| style.limit_field == field);
    let untold = Sampling {
        seed: talk.sampling.seed.clone(),
        ..Sampling::default()
    };
    let sampling = if style.samples {
        &talk.sampling
    } else {
        &untold
    };
    if sampling.top_k.is_some() && !style.extended {
        return Err(super::unsupported(
            "top_k",
            "This model does not take it: leave it out.",
        ));
    }
    // Without tools there is nothing to choose, and saying so would be refused.
    let has_tools = !talk.tools.is_empty();
    let choice = talk.tool_choice.as_ref().filter(|_| has_tools);
    let (reasoning_effort, reasoning) = options::effort(talk, style);
    let body = Body {
        model,
        messages: messages::write(talk, style)?,
        tools: talk
            .tools
            .iter()
            .map(|tool| Tool::new(tool, style))
            .collect(),
        tool_choice: choice.map(Choice::new),
        parallel_tool_calls: talk.parallel_calls.filter(|_| has_tools),
        max_tokens: limit_as(LimitField::MaxTokens),
        max_completion_tokens: limit_as(LimitField::MaxCompletionTokens),
        temperature: number(sampling.temperature.as_deref()),
        top_p: number(sampling.top_p.as_deref()),
        top_k: number(sampling.top_k.as_deref()),
        frequency_penalty: number(sampling.frequency_penalty.as_deref()),
        presence_penalty: number(sampling.presence_penalty.as_deref()),
        seed: number(sampling.seed.as_deref()),
        stop: &talk.stop,
        n: Some(talk.answers).filter(|answers| *answers > 1),
        logprobs: talk.logprobs.map(|_| true),
        top_logprobs: talk.logprobs.filter(|beside| *beside > 0),
        response_format: Format::new(&talk.format),
        reasoning_effort,
        reasoning,
        verbosity: talk.verbosity.as_deref(),
        user: talk.user.as_deref(),
        stream: talk.stream.then_some(true),
        stream_options: talk.stream.then_some(StreamOptions {
            include_usage: true,
        }),
    };
    // Texts, numbers and JSON that has been read before always serialise.
    serde_json::to_vec(&body).map_err(|_never| super::invalid("messages", "text"))
}
