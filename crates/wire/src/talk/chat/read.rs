//! A chat completions body becomes a request.

pub(super) mod fault;
mod messages;
mod options;
mod parts;
mod tools;

use serde::de::DeserializeOwned;

use crate::chat::{ChatRequest, RequestFault};
use crate::talk::{Request, Sampling, Talk};

/// Reads a body, as strictly as [`ChatRequest::parse`] does.
///
/// # Errors
/// The body is not a chat request, or asks for something that only OpenAI's own wire can say.
/// The fault names the field.
pub fn read(body: &[u8]) -> Result<Request, RequestFault> {
    let request = ChatRequest::parse(body)?;
    options::refuse(&request)?;
    let conversation = messages::read(&request)?;
    let (tools, tool_choice) = tools::read(&request)?;
    let is_legacy = tools::is_legacy(&request);
    let parallel = field::<bool>(&request, "parallel_tool_calls")?;
    let talk = Talk {
        system: conversation.system,
        turns: conversation.turns,
        tools,
        tool_choice,
        // The legacy answer has room for one call.
        parallel_calls: if is_legacy { Some(false) } else { parallel },
        output_limit: request.max_output_tokens.map(u64::from),
        sampling: sampling(&request),
        stop: options::stop(&request)?,
        answers: request.n,
        logprobs: options::logprobs(&request)?,
        format: options::format(&request)?,
        effort: options::effort(&request)?,
        verbosity: field(&request, "verbosity")?,
        user: options::user(&request)?,
        stream: request.stream,
    };
    Ok(Request {
        model: request.model.as_ref().to_owned(),
        fallbacks: request
            .fallbacks
            .iter()
            .map(|name| name.as_ref().to_owned())
            .collect(),
        metadata: request.metadata.map(|json| json.get().to_owned()),
        service_tier: request.service_tier,
        wants_usage: request.include_usage,
        talk,
    })
}

/// Whether the customer offers legacy `functions` and so expects a `function_call`: see
/// [`ChunkWriter::with_functions`](super::ChunkWriter::with_functions).
pub fn offers_functions(body: &[u8]) -> bool {
    // Hardly anybody does, so that a search spares reading the body again.
    memchr::memmem::find(body, b"\"functions\"").is_some()
        && ChatRequest::parse(body).is_ok_and(|request| tools::is_legacy(&request))
}

/// A top-level field of that type; the contract has been checked before.
fn field<T: DeserializeOwned>(
    request: &ChatRequest<'_>,
    name: &str,
) -> Result<Option<T>, RequestFault> {
    let Some(text) = request.raw(name) else {
        return Ok(None);
    };
    match serde_json::from_str(text) {
        Ok(value) => Ok(value),
        Err(_unreadable) => Err(fault::invalid(name, "what the API reference describes")),
    }
}

fn sampling(request: &ChatRequest<'_>) -> Sampling {
    let number = |name: &str| {
        let text = request.raw(name)?;
        crate::json::is_number(text).then(|| text.to_owned())
    };
    Sampling {
        temperature: number("temperature"),
        top_p: number("top_p"),
        top_k: number("top_k"),
        frequency_penalty: number("frequency_penalty"),
        presence_penalty: number("presence_penalty"),
        seed: number("seed"),
    }
}
