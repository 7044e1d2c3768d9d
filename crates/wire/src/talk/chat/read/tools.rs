//! Tools, legacy functions, and the choice among them.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::fault::{invalid, unsupported};
use super::field;
use super::parts::CacheField;
use crate::chat::{ChatRequest, RequestFault};
use crate::talk::{Tool, ToolChoice};

const NO_CUSTOM: &str = "Custom tools are OpenAI's own: send a tool of type 'function'.";

#[derive(Deserialize)]
struct ToolField {
    #[serde(rename = "type")]
    kind: String,
    function: Option<FunctionField>,
    cache_control: Option<CacheField>,
}

#[derive(Deserialize)]
struct FunctionField {
    name: String,
    description: Option<String>,
    parameters: Option<Box<RawValue>>,
    strict: Option<bool>,
}

impl FunctionField {
    fn into_tool(self, cache: Option<CacheField>) -> Tool {
        Tool {
            name: self.name,
            description: self.description,
            parameters: self.parameters,
            strict: self.strict,
            cache: cache.map(CacheField::life),
        }
    }
}

/// The tools on offer and what to do with them.
pub(super) fn read(
    request: &ChatRequest<'_>,
) -> Result<(Vec<Tool>, Option<ToolChoice>), RequestFault> {
    let mut tools = Vec::new();
    let listed: Vec<ToolField> = field(request, "tools")?.unwrap_or_default();
    for (index, tool) in listed.into_iter().enumerate() {
        match tool.function {
            Some(function) if tool.kind == "function" => {
                tools.push(function.into_tool(tool.cache_control));
            }
            _ => return Err(unsupported(format!("tools[{index}].type"), NO_CUSTOM)),
        }
    }
    let legacy: Vec<FunctionField> = field(request, "functions")?.unwrap_or_default();
    tools.extend(legacy.into_iter().map(|function| function.into_tool(None)));
    let choice = match field::<ChoiceField>(request, "tool_choice")? {
        Some(choice) => Some(choice.apply(&mut tools)?),
        None => field::<LegacyChoice>(request, "function_call")?.map(LegacyChoice::choice),
    };
    Ok((tools, choice))
}

/// Whether the customer expects answers in the form that came before tools.
pub(super) fn is_legacy(request: &ChatRequest<'_>) -> bool {
    request.raw("functions").is_some() && request.raw("tools").is_none()
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ChoiceField {
    Word(String),
    Typed(Box<TypedChoice>),
}

#[derive(Deserialize)]
struct TypedChoice {
    #[serde(rename = "type")]
    kind: String,
    function: Option<Named>,
    allowed_tools: Option<Allowed>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Allowed {
    mode: String,
    tools: Vec<AllowedTool>,
}

#[derive(Deserialize)]
struct AllowedTool {
    function: Option<Named>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum LegacyChoice {
    Word(String),
    Named(Named),
}

impl ChoiceField {
    /// Allowing some of the tools is the same as offering only those.
    fn apply(self, tools: &mut Vec<Tool>) -> Result<ToolChoice, RequestFault> {
        let typed = match self {
            Self::Word(word) => return Ok(by_word(&word)),
            Self::Typed(typed) => *typed,
        };
        match (typed.kind.as_str(), typed.function, typed.allowed_tools) {
            ("function", Some(named), _) => Ok(ToolChoice::Named(named.name)),
            ("allowed_tools", _, Some(allowed)) => {
                let is_allowed = |tool: &Tool| {
                    let mut names = allowed
                        .tools
                        .iter()
                        .filter_map(|tool| tool.function.as_ref());
                    names.any(|named| named.name == tool.name)
                };
                tools.retain(is_allowed);
                if tools.is_empty() {
                    return Err(invalid(
                        "tool_choice.allowed_tools.tools",
                        "names of functions that are in 'tools'",
                    ));
                }
                Ok(by_word(&allowed.mode))
            }
            _ => Err(unsupported("tool_choice.type", NO_CUSTOM)),
        }
    }
}

impl LegacyChoice {
    fn choice(self) -> ToolChoice {
        match self {
            Self::Word(word) => by_word(&word),
            Self::Named(named) => ToolChoice::Named(named.name),
        }
    }
}

fn by_word(word: &str) -> ToolChoice {
    match word {
        "none" => ToolChoice::None,
        "required" => ToolChoice::Required,
        _ => ToolChoice::Auto,
    }
}
