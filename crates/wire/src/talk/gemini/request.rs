//! A conversation as the body of `generateContent`.

use serde::Serialize;
use serde_json::value::RawValue;

use super::Options;
use super::contents::{Content, Instruction, contents, instruction};
use super::generation::{Generation, generation};
use crate::chat::RequestFault;
use crate::talk::{Talk, Tool, ToolChoice};

/// Writes the body of `generateContent` and `streamGenerateContent`, which is the same.
///
/// # Errors
/// The request asks for something that Gemini does not have; the fault names the field in
/// the words of OpenAI's chat.
pub fn write(talk: &Talk, options: &Options) -> Result<Vec<u8>, RequestFault> {
    let body = Body {
        system_instruction: instruction(talk)?,
        contents: contents(talk, options)?,
        tools: tools(&talk.tools)?,
        tool_config: tool_config(talk),
        generation_config: generation(talk, options)?,
        service_tier: options.service_tier,
    };
    serde_json::to_vec(&body)
        .map_err(|_unwritable| RequestFault::syntax("The request cannot be written as JSON."))
}

/// A refusal of something that this provider does not take.
pub(super) fn refusal(param: &str, message: impl Into<String>) -> RequestFault {
    RequestFault {
        message: message.into(),
        param: Some(param.to_owned()),
        code: Some("unsupported_value"),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    system_instruction: Option<Instruction<'a>>,
    contents: Vec<Content<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Toolbox<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_config: Option<ToolConfig<'a>>,
    #[serde(skip_serializing_if = "Generation::is_empty")]
    generation_config: Generation<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Toolbox<'a> {
    function_declarations: Vec<Declaration<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Declaration<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters_json_schema: Option<&'a RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolConfig<'a> {
    function_calling_config: CallingConfig<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CallingConfig<'a> {
    mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_function_names: Option<[&'a str; 1]>,
}

fn tools(tools: &[Tool]) -> Result<Vec<Toolbox<'_>>, RequestFault> {
    if tools.is_empty() {
        return Ok(Vec::new());
    }
    let mut function_declarations = Vec::with_capacity(tools.len());
    for (index, tool) in tools.iter().enumerate() {
        if !is_function_name(&tool.name) {
            return Err(refusal(
                &format!("tools[{index}].function.name"),
                "This model takes function names of at most 64 letters, digits, '_', '.' and \
                 '-' that do not begin with a digit.",
            ));
        }
        function_declarations.push(Declaration {
            name: &tool.name,
            description: tool.description.as_deref(),
            parameters_json_schema: tool.parameters.as_deref(),
        });
    }
    Ok(vec![Toolbox {
        function_declarations,
    }])
}

fn is_function_name(name: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    (1..=64).contains(&name.len())
        && name.bytes().all(known)
        && !name.starts_with(|first: char| first.is_ascii_digit())
}

fn tool_config(talk: &Talk) -> Option<ToolConfig<'_>> {
    if talk.tools.is_empty() {
        return None;
    }
    let (mode, allowed_function_names) = match talk.tool_choice.as_ref()? {
        ToolChoice::Auto => ("AUTO", None),
        ToolChoice::None => ("NONE", None),
        ToolChoice::Required => ("ANY", None),
        ToolChoice::Named(name) => ("ANY", Some([name.as_str()])),
    };
    Some(ToolConfig {
        function_calling_config: CallingConfig {
            mode,
            allowed_function_names,
        },
    })
}
