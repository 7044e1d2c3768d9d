//! The tools on offer and the choice among them.

use super::super::super::{Format, Talk, Tool, ToolChoice};
use super::blocks::push_cache;
use super::{next_text_member, object_schema, refusal, text_member};
use crate::chat::RequestFault;
use crate::json::{Cursor, Kind, push_member};

/// Whether the model is told to call some tool.
pub(super) fn are_forced(talk: &Talk) -> bool {
    matches!(
        talk.tool_choice,
        Some(ToolChoice::Required | ToolChoice::Named(_))
    )
}

/// The refusal for a model that cannot be told to call one.
pub(super) fn not_forced(for_the_format: bool) -> RequestFault {
    if for_the_format {
        let message = "'response_format' of type 'json_schema' is not supported by this model.";
        return refusal("response_format", message.to_owned());
    }
    refusal(
        "tool_choice",
        "This model cannot be told to call a tool: send 'tool_choice': 'auto' or 'none'."
            .to_owned(),
    )
}

/// Writes `tools` and `tool_choice`.
pub(super) fn push(
    talk: &Talk,
    answer_tool: Option<&str>,
    out: &mut Vec<u8>,
) -> Result<(), RequestFault> {
    let mut list = Vec::new();
    for tool in &talk.tools {
        list.push(if list.is_empty() { b'[' } else { b',' });
        push_tool(tool, &mut list)?;
    }
    if let Some(name) = answer_tool {
        list.push(if list.is_empty() { b'[' } else { b',' });
        push_answer_tool(talk, name, &mut list);
    }
    if list.is_empty() {
        return Ok(());
    }
    list.push(b']');
    push_member(true, "tools", &list, out);
    push_choice(talk, answer_tool, out);
    Ok(())
}

fn push_tool(tool: &Tool, out: &mut Vec<u8>) -> Result<(), RequestFault> {
    if let Some(schema) = &tool.parameters {
        let mut cursor = Cursor::new(schema.get().as_bytes());
        if cursor.kind() != Kind::Object {
            let message = format!("The parameters of the tool '{}' are no object.", tool.name);
            return Err(refusal("tools", message));
        }
    }
    out.push(b'{');
    text_member("name", &tool.name, out);
    if let Some(description) = &tool.description {
        next_text_member("description", description, out);
    }
    let schema = object_schema(tool.parameters.as_deref());
    push_member(true, "input_schema", schema.as_bytes(), out);
    if tool.strict == Some(true) {
        push_member(true, "strict", b"true", out);
    }
    push_cache(tool.cache, out);
    out.push(b'}');
    Ok(())
}

/// A tool that takes the answer. The answer's schema may be none of an object, so that
/// it could not be told apart; such schemas pass as they are and the provider judges.
fn push_answer_tool(talk: &Talk, name: &str, out: &mut Vec<u8>) {
    let (description, schema) = match &talk.format {
        Format::JsonSchema {
            description,
            schema,
            ..
        } => (description.as_deref(), schema.as_deref()),
        _ => (None, None),
    };
    out.push(b'{');
    text_member("name", name, out);
    let description = description.unwrap_or("Gives the answer to the user.");
    next_text_member("description", description, out);
    push_member(true, "input_schema", object_schema(schema).as_bytes(), out);
    out.push(b'}');
}

fn push_choice(talk: &Talk, answer_tool: Option<&str>, out: &mut Vec<u8>) {
    let one_at_a_time = talk.parallel_calls == Some(false) || answer_tool.is_some();
    let mut choice = vec![b'{'];
    match (answer_tool, &talk.tool_choice) {
        // With tools of the customer's beside it, the answer is one of several calls.
        (Some(_), _) if !talk.tools.is_empty() && talk.tool_choice != Some(ToolChoice::None) => {
            text_member("type", "any", &mut choice);
        }
        (Some(name), _) => {
            text_member("type", "tool", &mut choice);
            next_text_member("name", name, &mut choice);
        }
        (None, Some(ToolChoice::None)) => {
            push_member(true, "tool_choice", br#"{"type":"none"}"#, out);
            return;
        }
        (None, Some(ToolChoice::Required)) => text_member("type", "any", &mut choice),
        (None, Some(ToolChoice::Named(name))) => {
            text_member("type", "tool", &mut choice);
            next_text_member("name", name, &mut choice);
        }
        (None, Some(ToolChoice::Auto)) => text_member("type", "auto", &mut choice),
        (None, None) if one_at_a_time => text_member("type", "auto", &mut choice),
        (None, None) => return,
    }
    if one_at_a_time {
        push_member(true, "disable_parallel_tool_use", b"true", &mut choice);
    }
    choice.push(b'}');
    push_member(true, "tool_choice", &choice, out);
}
