//! Everything beside the messages.

use serde::Serialize;
use serde_json::value::RawValue;

use super::Style;
use super::shapes::CacheControl;
use crate::talk;

/// A number as it was sent.
pub(super) fn number(text: Option<&str>) -> Option<Box<RawValue>> {
    RawValue::from_string(text?.to_owned()).ok()
}

#[derive(Serialize)]
pub(super) struct StreamOptions {
    pub(super) include_usage: bool,
}

#[derive(Serialize)]
pub(super) struct Tool<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    function: Function<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<CacheControl>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

impl<'a> Tool<'a> {
    pub(super) fn new(tool: &'a talk::Tool, style: Style) -> Self {
        Self {
            kind: "function",
            function: Function {
                name: &tool.name,
                description: tool.description.as_deref(),
                parameters: tool.parameters.as_deref(),
                strict: tool.strict,
            },
            cache_control: CacheControl::new(tool.cache, style),
        }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Choice<'a> {
    Word(&'static str),
    Named {
        #[serde(rename = "type")]
        kind: &'static str,
        function: Named<'a>,
    },
}

#[derive(Serialize)]
pub(super) struct Named<'a> {
    name: &'a str,
}

impl<'a> Choice<'a> {
    pub(super) fn new(choice: &'a talk::ToolChoice) -> Self {
        match choice {
            talk::ToolChoice::Auto => Self::Word("auto"),
            talk::ToolChoice::None => Self::Word("none"),
            talk::ToolChoice::Required => Self::Word("required"),
            talk::ToolChoice::Named(name) => Self::Named {
                kind: "function",
                function: Named { name },
            },
        }
    }
}

#[derive(Serialize)]
pub(super) struct Format<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    json_schema: Option<Shape<'a>>,
}

#[derive(Serialize)]
struct Shape<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

impl<'a> Format<'a> {
    pub(super) fn new(format: &'a talk::Format) -> Option<Self> {
        match format {
            talk::Format::Text => None,
            talk::Format::JsonObject => Some(Self {
                kind: "json_object",
                json_schema: None,
            }),
            talk::Format::JsonSchema {
                name,
                description,
                schema,
                strict,
            } => Some(Self {
                kind: "json_schema",
                json_schema: Some(Shape {
                    // Other dialects do without a name, this one does not.
                    name: if name.is_empty() { "answer" } else { name },
                    description: description.as_deref(),
                    schema: schema.as_deref(),
                    strict: *strict,
                }),
            }),
        }
    }
}

/// `OpenRouter`'s way to say how much to think.
#[derive(Serialize)]
pub(super) struct Reasoning {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
}

/// How much to think, as a word or in `OpenRouter`'s way. A model that does not think is
/// not told.
pub(super) fn effort(talk: &talk::Talk, style: Style) -> (Option<&'_ str>, Option<Reasoning>) {
    let Some(wanted) = talk.effort.as_ref().filter(|_| style.thinks) else {
        return (None, None);
    };
    if let talk::Effort::Level(word) = wanted {
        return (Some(word), None);
    }
    if style.extended {
        let (max_tokens, enabled) = match wanted {
            talk::Effort::Off => (None, Some(false)),
            talk::Effort::Budget(tokens) => (Some(*tokens), None),
            talk::Effort::Adaptive | talk::Effort::Level(_) => (None, Some(true)),
        };
        let reasoning = Reasoning {
            max_tokens,
            enabled,
        };
        return (None, Some(reasoning));
    }
    match wanted {
        talk::Effort::Off => (Some("none"), None),
        talk::Effort::Budget(tokens) => (Some(level(*tokens)), None),
        // A model of this wire that is not told thinks as it likes.
        talk::Effort::Adaptive | talk::Effort::Level(_) => (None, None),
    }
}

/// The word for a budget: the bounds lie between the budgets by which providers that count
/// explain the words.
fn level(tokens: u64) -> &'static str {
    match tokens {
        0 => "none",
        1..=2_048 => "low",
        2_049..=12_288 => "medium",
        _ => "high",
    }
}
