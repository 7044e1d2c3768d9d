//! Everything beside messages and tools.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::fault::{invalid, unsupported};
use super::field;
use crate::chat::{ChatRequest, RequestFault};
use crate::talk::{Effort, Format};

/// Refuses what no other provider could do, rather than answering something else.
pub(super) fn refuse(request: &ChatRequest<'_>) -> Result<(), RequestFault> {
    let modalities: Option<Vec<String>> = field(request, "modalities")?;
    if modalities.is_some_and(|kinds| kinds.iter().any(|kind| kind == "audio")) {
        return Err(unsupported(
            "modalities",
            "This model answers in text: leave 'audio' out.",
        ));
    }
    if request.raw("web_search_options").is_some() {
        return Err(unsupported(
            "web_search_options",
            "This model does not search the web.",
        ));
    }
    let biased = request
        .raw("logit_bias")
        .is_some_and(|bias| bias.contains(':'));
    if biased {
        return Err(unsupported(
            "logit_bias",
            "This model does not take biases.",
        ));
    }
    Ok(())
}

pub(super) fn stop(request: &ChatRequest<'_>) -> Result<Vec<String>, RequestFault> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Stop {
        One(String),
        Several(Vec<String>),
    }
    let texts = match field(request, "stop")? {
        None => Vec::new(),
        Some(Stop::One(text)) => vec![text],
        Some(Stop::Several(texts)) => texts,
    };
    Ok(texts.into_iter().filter(|text| !text.is_empty()).collect())
}

pub(super) fn logprobs(request: &ChatRequest<'_>) -> Result<Option<u32>, RequestFault> {
    let wanted = field(request, "logprobs")?.unwrap_or(false);
    let beside: Option<u32> = field(request, "top_logprobs")?;
    Ok(wanted.then(|| beside.unwrap_or(0)))
}

#[derive(Deserialize)]
struct FormatField {
    #[serde(rename = "type")]
    kind: String,
    json_schema: Option<SchemaField>,
}

#[derive(Deserialize)]
struct SchemaField {
    name: String,
    description: Option<String>,
    schema: Option<Box<RawValue>>,
    strict: Option<bool>,
}

pub(super) fn format(request: &ChatRequest<'_>) -> Result<Format, RequestFault> {
    let Some(format) = field::<FormatField>(request, "response_format")? else {
        return Ok(Format::Text);
    };
    match (format.kind.as_str(), format.json_schema) {
        ("json_schema", Some(schema)) => Ok(Format::JsonSchema {
            name: schema.name,
            description: schema.description,
            schema: schema.schema,
            strict: schema.strict,
        }),
        ("json_object", _) => Ok(Format::JsonObject),
        _ => Ok(Format::Text),
    }
}

/// `OpenRouter`'s way to say how much to think.
#[derive(Deserialize)]
struct ReasoningField {
    effort: Option<String>,
    max_tokens: Option<u64>,
    enabled: Option<bool>,
}

pub(super) fn effort(request: &ChatRequest<'_>) -> Result<Option<Effort>, RequestFault> {
    if let Some(word) = field::<String>(request, "reasoning_effort")? {
        return Ok(Some(level(word)));
    }
    let Some(reasoning) = field::<ReasoningField>(request, "reasoning")? else {
        return Ok(None);
    };
    if reasoning.effort.is_some() && reasoning.max_tokens.is_some() {
        return Err(invalid(
            "reasoning",
            "either 'effort' or 'max_tokens', not both",
        ));
    }
    Ok(match reasoning {
        ReasoningField {
            enabled: Some(false),
            ..
        } => Some(Effort::Off),
        ReasoningField {
            effort: Some(word), ..
        } if LEVELS.contains(&word.as_str()) => Some(level(word)),
        ReasoningField {
            effort: Some(_), ..
        } => {
            let expected = format!("one of '{}'", LEVELS.join("', '"));
            return Err(invalid("reasoning.effort", &expected));
        }
        ReasoningField {
            max_tokens: Some(0),
            ..
        } => Some(Effort::Off),
        ReasoningField {
            max_tokens: Some(tokens),
            ..
        } => Some(Effort::Budget(tokens)),
        ReasoningField {
            enabled: Some(true),
            ..
        } => Some(Effort::Level("medium".to_owned())),
        _ => None,
    })
}

const LEVELS: &[&str] = &["none", "minimal", "low", "medium", "high", "xhigh", "max"];

fn level(word: String) -> Effort {
    if word == "none" {
        Effort::Off
    } else {
        Effort::Level(word)
    }
}

/// The new name of the field goes before the old one.
pub(super) fn user(request: &ChatRequest<'_>) -> Result<Option<String>, RequestFault> {
    let named: Option<String> = field(request, "safety_identifier")?;
    Ok(named.or_else(|| request.user.as_deref().map(str::to_owned)))
}
