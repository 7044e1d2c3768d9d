//! The fields that a chat does not have.

use super::prompt::Prompts;
use crate::chat::RequestFault;
use crate::json::{Cursor, Kind};
use crate::talk::chat::{invalid, unsupported};

/// Fields that mean the same as in a chat; others mean nothing here.
pub(super) const SHARED: &[&str] = &[
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
    "user",
    "metadata",
    "service_tier",
    "reasoning",
    "reasoning_effort",
];

const OWN: &[&str] = &[
    "prompt",
    "echo",
    "suffix",
    "best_of",
    "logprobs",
    "logit_bias",
];

/// More alternatives to a token are not told.
const MOST_LOGPROBS: u32 = 5;
/// More answers to a prompt are not made.
const MOST_ANSWERS: u32 = 128;

/// What a body says in them.
#[derive(Debug, Default)]
pub(super) struct Legacy {
    prompts: Option<Prompts>,
    seen: Vec<&'static str>,
    /// Nothing is to be added to the prompt, which is to be said back.
    pub(super) only_echoes: bool,
    echoes: bool,
    streams: bool,
    answers: Option<u32>,
    best_of: Option<u32>,
    suffix_bytes: u64,
    /// The first thing that only a provider of this wire understands.
    native_only: Option<RequestFault>,
}

impl Legacy {
    /// Takes note of a member of the body.
    pub(super) fn member(&mut self, name: &str, value: &[u8]) -> Result<(), RequestFault> {
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
            "prompt" => self.prompt(Prompts::read(value)?),
            "max_tokens" => self.only_echoes = value == b"0",
            "n" => self.answers = serde_json::from_slice(value).ok(),
            "stream" => self.streams = value == b"true",
            "echo" => match value {
                b"false" => {}
                b"true" => {
                    self.echoes = true;
                    self.note(
                        "echo",
                        "This model does not repeat the prompt: leave it out.",
                    );
                }
                _ => return Err(wrong_type("echo", "a boolean")),
            },
            "suffix" => match Cursor::new(value).kind() {
                Kind::String if value == b"\"\"" => {}
                Kind::String => {
                    self.suffix_bytes = length(value.len());
                    self.note("suffix", "This model does not insert text: leave it out.");
                }
                _ => return Err(wrong_type("suffix", "a string")),
            },
            "best_of" => match serde_json::from_slice::<u32>(value) {
                Ok(count) if count <= MOST_ANSWERS => self.best_of = Some(count),
                Ok(_) => return Err(invalid("best_of", "a number of at most 128")),
                Err(_other) => return Err(wrong_type("best_of", "an integer")),
            },
            "logprobs" => match serde_json::from_slice::<u32>(value) {
                Ok(count) if count <= MOST_LOGPROBS => {
                    let why = "For this model token probabilities are told by \
                               /v1/chat/completions only.";
                    self.note("logprobs", why);
                }
                Ok(_) => return Err(invalid("logprobs", "a number of at most 5")),
                Err(_other) => return Err(wrong_type("logprobs", "an integer")),
            },
            "logit_bias" => match Cursor::new(value).kind() {
                Kind::Object => {
                    let why = "Tokens of this model are not known here: leave it out.";
                    self.note("logit_bias", why);
                }
                _ => return Err(wrong_type("logit_bias", "an object")),
            },
            _ => {}
        }
        Ok(())
    }

    /// Refuses what does not go together.
    pub(super) fn judge(&mut self) -> Result<(), RequestFault> {
        let answers = self.answers.unwrap_or(1);
        match self.best_of {
            Some(best_of) if best_of < answers => {
                return Err(invalid("best_of", "a number that is not below 'n'"));
            }
            Some(best_of) if best_of > answers && self.streams => {
                let why = "The best answer is known at the end only: do not stream it.";
                return Err(unsupported("best_of", why));
            }
            Some(best_of) if best_of > answers => {
                let why = "This model gives every answer that it makes: ask for them by 'n'.";
                self.note("best_of", why);
            }
            _ => {}
        }
        if self.only_echoes && !self.echoes {
            return Err(RequestFault {
                message: "Invalid 'max_tokens': the integer is too small, send 1 or more, or 0 \
                          with 'echo'."
                    .to_owned(),
                param: Some("max_tokens".to_owned()),
                code: Some("integer_below_min_value"),
            });
        }
        Ok(())
    }

    /// The prompt that a chat can say as a JSON string; nothing, where it cannot.
    pub(super) fn message(&self) -> Result<&[u8], RequestFault> {
        let Some(prompts) = &self.prompts else {
            return Err(RequestFault {
                message: "Missing required parameter: 'prompt'.".to_owned(),
                param: Some("prompt".to_owned()),
                code: Some("missing_required_parameter"),
            });
        };
        Ok(prompts.text.as_deref().unwrap_or(b"\"\""))
    }

    /// How many answers are made, of all prompts together, kept or not.
    pub(super) fn answers(&self, each: u32) -> u32 {
        let prompts = self.prompts.as_ref().map_or(1, |prompts| prompts.count);
        each.max(1)
            .max(self.best_of.unwrap_or(1))
            .saturating_mul(prompts)
    }

    /// Bytes that are tokenised beside the prompt that a chat can say.
    pub(super) fn extra_bytes(&self) -> u64 {
        let prompts = self.prompts.as_ref().map_or(0, Prompts::extra_bytes);
        prompts.saturating_add(self.suffix_bytes)
    }

    /// The first thing that only a provider of this wire understands.
    pub(super) fn native_only(&self) -> Option<RequestFault> {
        self.native_only.clone()
    }

    fn prompt(&mut self, prompts: Prompts) {
        if prompts.are_tokens {
            self.note(
                "prompt",
                "This model takes the prompt as text, not as tokens.",
            );
        } else if prompts.text.is_none() {
            let why = "This model takes one prompt: send each in a request of its own.";
            self.note("prompt", why);
        }
        self.prompts = Some(prompts);
    }

    fn note(&mut self, name: &str, why: &str) {
        self.native_only
            .get_or_insert_with(|| unsupported(name, why));
    }
}

fn wrong_type(name: &str, expected: &str) -> RequestFault {
    RequestFault {
        message: format!("Invalid type for '{name}': expected {expected}."),
        param: Some(name.to_owned()),
        code: Some("invalid_type"),
    }
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
