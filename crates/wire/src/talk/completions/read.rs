//! A completions body becomes a request: a prompt is what a user says.

use crate::chat::{ChatRequest, RequestFault};
use crate::json::{Cursor, Edit, Kind, edit_object, push_member};
use crate::talk::Request;
use crate::talk::chat::{self, invalid, unsupported};

/// Fields that mean the same as in a chat; others mean nothing here.
const SHARED: &[&str] = &[
    "model",
    "models",
    "fallbacks",
    "max_tokens",
    "n",
    "stream",
    "stream_options",
    "stop",
    "temperature",
    "top_p",
    "top_k",
    "frequency_penalty",
    "presence_penalty",
    "seed",
    "logit_bias",
    "user",
    "metadata",
    "service_tier",
    "reasoning",
    "reasoning_effort",
];

/// What the API promises where no limit is stated.
const USUAL_LIMIT: &[u8] = b"16";

/// Reads a body, as strictly as a chat.
///
/// # Errors
/// The body is not a completions request, or asks for something that a chat model cannot do.
/// The fault names the field.
pub fn read(body: &[u8]) -> Result<Request, RequestFault> {
    let chat_body = as_chat(body)?;
    chat::read(&chat_body)
}

/// The same request as a chat with one message.
fn as_chat(body: &[u8]) -> Result<Vec<u8>, RequestFault> {
    let mut legacy = Legacy::default();
    let mut out = Vec::with_capacity(body.len() + 64);
    let mut trouble = None;
    let decide = |name: &str, value: &[u8], _: &mut Vec<u8>| {
        if trouble.is_none() {
            trouble = legacy.member(name, value).err();
        }
        if SHARED.contains(&name) && value != b"null" {
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
    let Some(prompt) = legacy.prompt else {
        return Err(RequestFault {
            message: "Missing required parameter: 'prompt'.".to_owned(),
            param: Some("prompt".to_owned()),
            code: Some("missing_required_parameter"),
        });
    };
    let message = [
        b"[{\"role\":\"user\",\"content\":",
        prompt.as_slice(),
        b"}]",
    ]
    .concat();
    let end = out.iter().rposition(|byte| *byte == b'}').unwrap_or(0);
    let rest = out.split_off(end);
    push_member(any, "messages", &message, &mut out);
    if !legacy.is_limited {
        push_member(true, "max_tokens", USUAL_LIMIT, &mut out);
    }
    out.extend_from_slice(&rest);
    Ok(out)
}

/// The fields that a chat does not have.
#[derive(Default)]
struct Legacy {
    /// A JSON string.
    prompt: Option<Vec<u8>>,
    seen: Vec<&'static str>,
    is_limited: bool,
    answers: Option<u32>,
    best_of: Option<u32>,
}

const OWN: &[&str] = &["prompt", "echo", "suffix", "best_of", "logprobs"];

impl Legacy {
    fn member(&mut self, name: &str, value: &[u8]) -> Result<(), RequestFault> {
        if let Some(known) = OWN.iter().chain(SHARED).find(|known| **known == name) {
            if self.seen.contains(known) {
                return Err(RequestFault {
                    message: format!("'{name}' is given twice: send it once."),
                    param: Some(name.to_owned()),
                    code: Some("duplicate_key"),
                });
            }
            self.seen.push(known);
        }
        if value == b"null" {
            return Ok(());
        }
        match name {
            "prompt" => self.prompt = Some(prompt(value)?),
            "max_tokens" => self.is_limited = true,
            "n" => self.answers = serde_json::from_slice(value).ok(),
            "echo" => match value {
                b"false" => {}
                b"true" => {
                    return Err(unsupported(
                        "echo",
                        "Chat models do not repeat the prompt: leave it out.",
                    ));
                }
                _ => return Err(wrong_type("echo", "a boolean")),
            },
            "suffix" => match Cursor::new(value).kind() {
                Kind::String if value == b"\"\"" => {}
                Kind::String => {
                    return Err(unsupported(
                        "suffix",
                        "Chat models do not insert text: leave it out.",
                    ));
                }
                _ => return Err(wrong_type("suffix", "a string")),
            },
            "best_of" => match serde_json::from_slice(value) {
                Ok(count) => self.best_of = Some(count),
                Err(_other) => return Err(wrong_type("best_of", "an integer")),
            },
            "logprobs" => match serde_json::from_slice::<u32>(value) {
                Ok(_) => {
                    return Err(unsupported(
                        "logprobs",
                        "Token probabilities are told by /v1/chat/completions only.",
                    ));
                }
                Err(_other) => return Err(wrong_type("logprobs", "an integer")),
            },
            _ => {}
        }
        Ok(())
    }

    fn judge(&self) -> Result<(), RequestFault> {
        let answers = self.answers.unwrap_or(1);
        match self.best_of {
            Some(best_of) if best_of > answers => Err(unsupported(
                "best_of",
                "Chat models give every answer that they make: ask for them by 'n'.",
            )),
            Some(best_of) if best_of < answers => {
                Err(invalid("best_of", "a number that is not below 'n'"))
            }
            _ => Ok(()),
        }
    }
}

fn wrong_type(name: &str, expected: &str) -> RequestFault {
    RequestFault {
        message: format!("Invalid type for '{name}': expected {expected}."),
        param: Some(name.to_owned()),
        code: Some("invalid_type"),
    }
}

/// The prompt as a JSON string.
fn prompt(value: &[u8]) -> Result<Vec<u8>, RequestFault> {
    let mut cursor = Cursor::new(value);
    match cursor.kind() {
        Kind::String => return Ok(value.to_vec()),
        Kind::Array => {}
        _ => return Err(wrong_type("prompt", "a string or an array of one string")),
    }
    let refuse = |why: &str| Err(unsupported("prompt", why));
    let mut only = None;
    cursor.open_array()?;
    while cursor.item()? {
        match cursor.kind() {
            Kind::String if only.is_none() => only = Some(cursor.skip()?),
            Kind::String => {
                return refuse("Chat models take one prompt: send each in a request of its own.");
            }
            Kind::Number | Kind::Array => {
                return refuse("Chat models take the prompt as text, not as tokens.");
            }
            _ => return Err(wrong_type("prompt", "a string or an array of one string")),
        }
    }
    match only {
        Some(text) => Ok(text.to_vec()),
        None => Err(invalid("prompt", "a string, or an array with one string")),
    }
}

#[cfg(test)]
mod tests;
