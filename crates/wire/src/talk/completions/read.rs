//! A completions body becomes a request: a prompt is what a user says.

use super::legacy::{Legacy, SHARED};
use crate::chat::{ChatRequest, RequestFault};
use crate::json::{Edit, edit_object, push_member};
use crate::talk::Request;
use crate::talk::chat::{self, invalid};

/// What the API promises where no limit is stated.
const USUAL_LIMIT: u64 = 16;

/// A request that may be let in.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// What is asked, apart from what only a provider of this wire understands.
    pub request: Request,
    /// How many answers are made, of all prompts together, kept or not.
    pub answers: u32,
    /// No provider makes more tokens of all prompts together.
    pub prompt_bytes: u64,
    /// The limit of each answer.
    pub output_limit: u64,
    /// The first thing in it that no other wire can carry, as a refusal: `None` where the
    /// request can be answered by any provider.
    pub native_only: Option<RequestFault>,
}

/// Reads a request that may be answered by a provider of this wire.
///
/// # Errors
/// The first thing wrong, worded for the customer; it is answered with status 400.
pub fn admit(body: &[u8]) -> Result<Admitted, RequestFault> {
    let (legacy, chat_body) = as_chat(body)?;
    let mut request = chat::read(&chat_body)?;
    let asked = request.talk.output_limit.unwrap_or(USUAL_LIMIT);
    let output_limit = if legacy.only_echoes { 0 } else { asked };
    request.talk.output_limit = Some(output_limit);
    let own_bytes = request.talk.weight().prompt_bytes;
    Ok(Admitted {
        answers: legacy.answers(request.talk.answers),
        prompt_bytes: own_bytes.saturating_add(legacy.extra_bytes()),
        output_limit,
        native_only: legacy.native_only(),
        request,
    })
}

/// Reads a request that is to be answered by a provider of another wire.
///
/// # Errors
/// As for [`admit`]; what no other wire can carry is refused as well. The fault names the
/// field.
pub fn read(body: &[u8]) -> Result<Request, RequestFault> {
    let admitted = admit(body)?;
    match admitted.native_only {
        Some(fault) => Err(fault),
        None => Ok(admitted.request),
    }
}

/// The same request as a chat with one message, as far as a chat can say it.
fn as_chat(body: &[u8]) -> Result<(Legacy, Vec<u8>), RequestFault> {
    let mut legacy = Legacy::default();
    let mut out = Vec::with_capacity(body.len() + 64);
    let mut trouble = None;
    let decide = |name: &str, value: &[u8], _: &mut Vec<u8>| {
        if trouble.is_none() {
            trouble = legacy.member(name, value).err();
        }
        let is_shared = SHARED.contains(&name) && value != b"null";
        let is_said = name != "max_tokens" || value != b"0";
        if is_shared && is_said {
            Edit::Keep
        } else {
            Edit::Drop
        }
    };
    let mut any = false;
    if edit_object(body, &mut out, decide, |comma, _| any = comma).is_err() {
        // What is no object is refused in the words that a chat has for it.
        return match ChatRequest::parse(body) {
            Err(fault) => Err(fault),
            Ok(_) => Err(invalid("prompt", "a string")),
        };
    }
    if let Some(fault) = trouble {
        return Err(fault);
    }
    legacy.judge()?;
    let message = [
        b"[{\"role\":\"user\",\"content\":",
        legacy.message()?,
        b"}]",
    ]
    .concat();
    let end = out.iter().rposition(|byte| *byte == b'}').unwrap_or(0);
    let rest = out.split_off(end);
    push_member(any, "messages", &message, &mut out);
    out.extend_from_slice(&rest);
    Ok((legacy, out))
}

#[cfg(test)]
mod tests;
