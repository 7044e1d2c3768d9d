use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;
use vuzo_domain::chat::{Envelope, ProviderFault};

use crate::openai::parse_request;

/// What the simulator wants to know of a request.
pub(super) struct Prompt {
    /// The JSON text of `sim`.
    pub(super) options: Option<String>,
    /// The text of the last user message.
    pub(super) last_words: Arc<str>,
    /// The request's seed.
    pub(super) seed: u64,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    role: Cow<'a, str>,
    #[serde(default, borrow)]
    content: Option<Content<'a>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Parts(#[serde(borrow)] Vec<Part<'a>>),
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(default, borrow)]
    text: Option<Cow<'a, str>>,
}

impl Prompt {
    pub(super) fn read(envelope: &Envelope) -> Result<Self, ProviderFault> {
        let request = parse_request(&envelope.body)?;
        let messages: Vec<Message<'_>> = request
            .raw("messages")
            .and_then(|messages| serde_json::from_str(messages).ok())
            .unwrap_or_default();
        let last = messages
            .into_iter()
            .rev()
            .find(|message| message.role == "user");
        let last_words = match last.and_then(|message| message.content) {
            Some(Content::Text(text)) => text.into(),
            Some(Content::Parts(parts)) => {
                let texts: Vec<_> = parts.into_iter().filter_map(|part| part.text).collect();
                texts.join("\n").into()
            }
            None => Arc::from(""),
        };
        let seed = request
            .raw("seed")
            .and_then(|seed| seed.parse::<i64>().ok());
        Ok(Self {
            options: request.raw("sim").map(str::to_owned),
            last_words,
            seed: seed.unwrap_or(0).cast_unsigned(),
        })
    }
}
