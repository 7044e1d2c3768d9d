//! A conversation as a request of the Messages wire.

mod blocks;
mod thinking;
mod tools;
mod turns;

use serde_json::value::RawValue;

use super::super::{Format, Talk};
use crate::chat::RequestFault;
use crate::json::{push_member, push_string};
use thinking::Thinking;

/// What the provider is and allows, beside the conversation itself.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// What the provider calls the model.
    pub model: &'a str,
    /// The output limit to write, where it differs from the customer's.
    pub output_limit: Option<u64>,
    /// The most output tokens that the model gives.
    pub most_output: u64,
    /// The class of service to ask for.
    pub service_tier: &'a str,
    /// Whether the model has a capability, by the catalogue's word for it.
    pub can: &'a dyn Fn(&str) -> bool,
}

/// The tool whose arguments are the answer, for models without answers after a schema.
const ANSWER_TOOL: &str = "json_answer";

/// The tool whose arguments are the answer to this conversation, if there is one.
pub fn answer_tool(talk: &Talk, options: &Options<'_>) -> Option<&'static str> {
    let can = options.can;
    let native = can("json_schema") && !can("json_schema_by_tool");
    let is_schema = matches!(
        talk.format,
        Format::JsonSchema {
            schema: Some(_),
            ..
        }
    );
    (is_schema && !native).then_some(ANSWER_TOOL)
}

/// Writes the request.
///
/// # Errors
/// The customer asks for something that the wire or the model does not have; the field
/// is named as in `OpenAI`'s chat wire.
pub fn write(talk: &Talk, options: &Options<'_>) -> Result<Vec<u8>, RequestFault> {
    refuse_what_is_missing(talk)?;
    let limit = options
        .output_limit
        .or(talk.output_limit)
        .unwrap_or(options.most_output)
        .min(options.most_output)
        .max(1);
    let answer_tool = answer_tool(talk, options);
    let forces_tools = tools::are_forced(talk) || answer_tool.is_some();
    if forces_tools && (options.can)("no_forced_tools") {
        return Err(tools::not_forced(answer_tool.is_some()));
    }
    let thinking = thinking::of(talk, options, limit, forces_tools)?;
    let mut out = Vec::with_capacity(1024);
    out.push(b'{');
    text_member("model", options.model, &mut out);
    push_member(true, "max_tokens", limit.to_string().as_bytes(), &mut out);
    if talk.stream {
        push_member(true, "stream", b"true", &mut out);
    }
    turns::push_system(talk, &mut out);
    turns::push_messages(talk, &mut out)?;
    tools::push(talk, answer_tool, &mut out)?;
    push_stop(talk, &mut out);
    push_sampling(talk, options, &thinking, &mut out);
    push_thinking(talk, &thinking, answer_tool.is_none(), &mut out);
    push_user(talk, &mut out);
    next_text_member("service_tier", options.service_tier, &mut out);
    out.push(b'}');
    Ok(out)
}

/// A refusal of a field that cannot be honoured.
fn refusal(param: &str, message: String) -> RequestFault {
    RequestFault {
        message,
        param: Some(param.to_owned()),
        code: Some("unsupported_parameter"),
    }
}

fn refuse_what_is_missing(talk: &Talk) -> Result<(), RequestFault> {
    let unsupported = |param: &str| {
        Err(refusal(
            param,
            format!("'{param}' is not supported by this model: leave it out."),
        ))
    };
    if talk.answers > 1 {
        return Err(refusal(
            "n",
            "This model gives one answer at a time: send 'n': 1 or leave it out.".to_owned(),
        ));
    }
    if talk.logprobs.is_some() {
        return unsupported("logprobs");
    }
    let is_set = |number: &Option<String>| {
        let value = number.as_deref().and_then(|text| text.parse::<f64>().ok());
        value.is_some_and(|value| value.abs() > f64::EPSILON)
    };
    if is_set(&talk.sampling.frequency_penalty) {
        return unsupported("frequency_penalty");
    }
    if is_set(&talk.sampling.presence_penalty) {
        return unsupported("presence_penalty");
    }
    Ok(())
}

/// Texts of blanks alone are no end that the wire takes.
fn push_stop(talk: &Talk, out: &mut Vec<u8>) {
    let stop: Vec<&String> = talk
        .stop
        .iter()
        .filter(|text| !text.trim().is_empty())
        .collect();
    if stop.is_empty() {
        return;
    }
    let mut list = vec![b'['];
    for (index, text) in stop.into_iter().enumerate() {
        if index > 0 {
            list.push(b',');
        }
        push_string(text, &mut list);
    }
    list.push(b']');
    push_member(true, "stop_sequences", &list, out);
}

/// A model that thinks, or was told not to take them, draws tokens as it likes. Of
/// temperature and `top_p` the wire takes one.
fn push_sampling(talk: &Talk, options: &Options<'_>, thinking: &Thinking, out: &mut Vec<u8>) {
    if (options.can)("no_sampling_params") || thinking.is_on() {
        return;
    }
    let sampling = &talk.sampling;
    if let Some(temperature) = &sampling.temperature {
        // OpenAI's scale goes on to 2, where this one ends at 1.
        let is_hot = temperature.parse::<f64>().is_ok_and(|value| value > 1.0);
        let temperature = if is_hot { "1" } else { temperature };
        push_member(true, "temperature", temperature.as_bytes(), out);
    } else if let Some(top_p) = &sampling.top_p {
        push_member(true, "top_p", top_p.as_bytes(), out);
    }
    if let Some(top_k) = &sampling.top_k {
        push_member(true, "top_k", top_k.as_bytes(), out);
    }
}

fn push_thinking(talk: &Talk, thinking: &Thinking, native_schema: bool, out: &mut Vec<u8>) {
    if let Some(json) = thinking.json() {
        push_member(true, "thinking", json.as_bytes(), out);
    }
    let schema = match &talk.format {
        Format::JsonSchema {
            schema: Some(schema),
            ..
        } if native_schema => Some(schema),
        _ => None,
    };
    let effort = thinking.effort();
    if schema.is_none() && effort.is_none() {
        return;
    }
    let mut config = vec![b'{'];
    if let Some(effort) = effort {
        text_member("effort", effort, &mut config);
    }
    if let Some(schema) = schema {
        let format = format!(r#"{{"type":"json_schema","schema":{}}}"#, schema.get());
        push_member(effort.is_some(), "format", format.as_bytes(), &mut config);
    }
    config.push(b'}');
    push_member(true, "output_config", &config, out);
}

/// The customer's end user, unless it looks like an address or a telephone number, which
/// the provider refuses.
fn push_user(talk: &Talk, out: &mut Vec<u8>) {
    let Some(user) = talk.user.as_deref() else {
        return;
    };
    let digits = user.bytes().filter(u8::is_ascii_digit).count();
    let letters = user.bytes().any(|byte| byte.is_ascii_alphabetic());
    let is_telephone = !letters && (7..=15).contains(&digits);
    if user.is_empty() || user.contains('@') || is_telephone || user.chars().count() > 256 {
        return;
    }
    let mut metadata = vec![b'{'];
    text_member("user_id", user, &mut metadata);
    metadata.push(b'}');
    push_member(true, "metadata", &metadata, out);
}

/// Writes the first member of an object, a string.
fn text_member(name: &str, text: &str, out: &mut Vec<u8>) {
    let mut value = Vec::with_capacity(text.len() + 2);
    push_string(text, &mut value);
    push_member(false, name, &value, out);
}

/// Writes a further member of an object, a string.
fn next_text_member(name: &str, text: &str, out: &mut Vec<u8>) {
    out.push(b',');
    text_member(name, text, out);
}

/// A schema that says that it is one of an object, as the wire wants.
fn object_schema(schema: Option<&RawValue>) -> String {
    let Some(schema) = schema.map(RawValue::get) else {
        return r#"{"type":"object","properties":{}}"#.to_owned();
    };
    let is_typed = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(schema)
        .map_or(true, |members| members.contains_key("type"));
    if is_typed {
        return schema.to_owned();
    }
    let inside = schema.trim().trim_start_matches('{').trim_start();
    let comma = if inside == "}" { "" } else { "," };
    format!(r#"{{"type":"object"{comma}{inside}"#)
}

#[cfg(test)]
mod tests;
