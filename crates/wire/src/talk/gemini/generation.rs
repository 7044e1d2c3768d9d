//! How the answer is to be made: `generationConfig`.

use serde::Serialize;
use serde_json::value::RawValue;

use super::request::refusal;
use super::{Options, Thinking};
use crate::chat::RequestFault;
use crate::talk::{Effort, Format, Talk};

/// More of them the provider refuses.
const MOST_STOP_TEXTS: usize = 5;
/// The largest budget that every model takes.
const MOST_BUDGET: u64 = 24_576;
/// The smallest budget of a model that cannot be told not to think.
const LEAST_BUDGET: i64 = 128;

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Generation<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_k: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    candidate_count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop_sequences: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    presence_penalty: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency_penalty: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_mime_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_json_schema: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_logprobs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_config: Option<ThinkingConfig>,
    #[serde(skip)]
    is_set: bool,
}

impl Generation<'_> {
    pub(super) fn is_empty(&self) -> bool {
        !self.is_set
    }
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct ThinkingConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    include_thoughts: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_budget: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_level: Option<&'static str>,
}

pub(super) fn generation<'a>(
    talk: &'a Talk,
    options: &Options,
) -> Result<Generation<'a>, RequestFault> {
    if talk.stop.len() > MOST_STOP_TEXTS {
        let message = format!("This model takes at most {MOST_STOP_TEXTS} stop texts.");
        return Err(refusal("stop", message));
    }
    let mut config = Generation {
        candidate_count: (talk.answers > 1).then_some(talk.answers),
        max_output_tokens: options.output_limit.or(talk.output_limit),
        stop_sequences: &talk.stop,
        seed: seed(talk)?,
        response_logprobs: talk.logprobs.map(|_| true),
        logprobs: talk.logprobs.filter(|alternatives| *alternatives > 0),
        thinking_config: thinking(talk.effort.as_ref(), options.thinking),
        ..Generation::default()
    };
    form(&mut config, talk, options)?;
    if !options.refuses_sampling {
        let sampling = &talk.sampling;
        config.temperature = number("temperature", sampling.temperature.as_deref())?;
        config.top_p = number("top_p", sampling.top_p.as_deref())?;
        config.top_k = number("top_k", sampling.top_k.as_deref())?;
        config.presence_penalty = number("presence_penalty", sampling.presence_penalty.as_deref())?;
        config.frequency_penalty =
            number("frequency_penalty", sampling.frequency_penalty.as_deref())?;
    }
    config.is_set = is_set(&config);
    Ok(config)
}

fn is_set(config: &Generation<'_>) -> bool {
    let numbers = [
        config.temperature,
        config.top_p,
        config.top_k,
        config.presence_penalty,
        config.frequency_penalty,
    ];
    numbers.iter().any(Option::is_some)
        || config.candidate_count.is_some()
        || config.max_output_tokens.is_some()
        || !config.stop_sequences.is_empty()
        || config.seed.is_some()
        || config.response_mime_type.is_some()
        || config.response_logprobs.is_some()
        || config.thinking_config.is_some()
}

/// The form of the answer.
fn form<'a>(
    config: &mut Generation<'a>,
    talk: &'a Talk,
    options: &Options,
) -> Result<(), RequestFault> {
    match &talk.format {
        Format::Text => return Ok(()),
        Format::JsonObject => {}
        Format::JsonSchema { schema, .. } => config.response_json_schema = schema.as_deref(),
    }
    if options.refuses_json_with_tools && !talk.tools.is_empty() {
        return Err(refusal(
            "response_format",
            "This model cannot answer in JSON while tools are on offer: leave out one of \
             'response_format' and 'tools'.",
        ));
    }
    config.response_mime_type = Some("application/json");
    Ok(())
}

/// A number as the customer wrote it.
fn number<'a>(param: &str, text: Option<&'a str>) -> Result<Option<&'a RawValue>, RequestFault> {
    let invalid = |_syntax| refusal(param, format!("'{param}' must be a number."));
    text.map(serde_json::from_str).transpose().map_err(invalid)
}

fn seed(talk: &Talk) -> Result<Option<i32>, RequestFault> {
    let too_wide = |_not_a_seed| {
        refusal(
            "seed",
            "This model takes seeds from -2147483648 to 2147483647.",
        )
    };
    let seed = talk.sampling.seed.as_deref();
    seed.map(str::parse).transpose().map_err(too_wide)
}

fn thinking(effort: Option<&Effort>, way: Thinking) -> Option<ThinkingConfig> {
    let effort = effort?;
    let config = match way {
        Thinking::Untold => return None,
        Thinking::Budget { may_be_off } => ThinkingConfig {
            thinking_budget: Some(budget(effort, may_be_off)),
            ..ThinkingConfig::default()
        },
        Thinking::Level {
            minimal,
            extra_high,
        } => ThinkingConfig {
            thinking_level: level(effort, minimal, extra_high),
            ..ThinkingConfig::default()
        },
    };
    // Who speaks of thinking wants to see it, unless it is to be left out.
    let include_thoughts = (!is_off(effort)).then_some(true);
    Some(ThinkingConfig {
        include_thoughts,
        ..config
    })
}

fn is_off(effort: &Effort) -> bool {
    match effort {
        Effort::Off | Effort::Budget(0) => true,
        Effort::Level(word) => word == "none",
        Effort::Budget(_) | Effort::Adaptive => false,
    }
}

fn budget(effort: &Effort, may_be_off: bool) -> i64 {
    if is_off(effort) {
        return if may_be_off { 0 } else { LEAST_BUDGET };
    }
    match effort {
        Effort::Budget(tokens) => i64::try_from((*tokens).min(MOST_BUDGET)).unwrap_or(-1),
        Effort::Level(word) => match word.as_str() {
            "minimal" | "low" => 1_024,
            "medium" => 8_192,
            _ => 24_576,
        },
        // As the model likes.
        Effort::Off | Effort::Adaptive => -1,
    }
}

/// The level nearest to what is asked for among those that the model knows; `None` is as
/// the model likes.
fn level(effort: &Effort, minimal: bool, extra_high: bool) -> Option<&'static str> {
    let least = if minimal { "MINIMAL" } else { "LOW" };
    if is_off(effort) {
        return Some(least);
    }
    match effort {
        Effort::Adaptive | Effort::Off => None,
        Effort::Budget(0..=4_096) => Some("LOW"),
        Effort::Budget(4_097..=16_384) => Some("MEDIUM"),
        Effort::Budget(_) => Some("HIGH"),
        Effort::Level(word) => Some(match word.as_str() {
            "minimal" => least,
            "low" => "LOW",
            "medium" => "MEDIUM",
            "xhigh" | "max" if extra_high => "XHIGH",
            _ => "HIGH",
        }),
    }
}
