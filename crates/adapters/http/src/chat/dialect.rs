//! The wires that calls come in by. One more dialect is one more variant: how its body is
//! read, and how its answer is written.

use std::sync::Arc;

use bytes::Bytes;
use vuzo_application::chat::AnswerWire;
use vuzo_domain::chat::{Endpoint, Envelope};
use vuzo_domain::port::Clock;
use vuzo_wire::talk::messages;

use super::completions::OpenAiCompletions;
use super::embeddings::OpenAiEmbeddings;
use super::envelope;
use super::messages::AnthropicMessages;
use super::openai::OpenAiChat;
use super::responses::OpenAiResponses;
use crate::error::Fault;
use crate::vuzo::VuzoChat;

/// Which wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// OpenAI's chat completions.
    Chat,
    /// OpenAI's older completions.
    Completions,
    /// OpenAI's responses.
    Responses,
    /// Anthropic's messages.
    Messages,
    /// OpenAI's embeddings.
    Embeddings,
    /// Chat as the published `vuzo` package reads it.
    Vuzo,
}

impl Dialect {
    /// Reads a body once, and keeps it as it came.
    pub(crate) fn read(self, body: Bytes) -> Result<Envelope, Fault> {
        match self {
            Self::Chat | Self::Vuzo => envelope::of_chat(body),
            Self::Completions => envelope::of_completions(body),
            Self::Responses => envelope::of_responses(body),
            Self::Messages => {
                let request = messages::read(&body)?;
                Ok(envelope::of_talk(Endpoint::Messages, request, body))
            }
            Self::Embeddings => envelope::of_embeddings(body),
        }
    }

    /// An idempotency key counts for one wire: an answer is replayed as it was written.
    pub(super) fn claim(self, token: String) -> String {
        match self {
            Self::Vuzo => crate::vuzo::claim(&token),
            Self::Chat
            | Self::Completions
            | Self::Responses
            | Self::Messages
            | Self::Embeddings => token,
        }
    }
}

/// How answers are written, one for each dialect.
#[derive(Clone)]
pub(crate) struct Wires {
    chat: Arc<dyn AnswerWire>,
    completions: Arc<dyn AnswerWire>,
    responses: Arc<dyn AnswerWire>,
    messages: Arc<dyn AnswerWire>,
    embeddings: Arc<dyn AnswerWire>,
    vuzo: Arc<dyn AnswerWire>,
}

impl Wires {
    /// All of them; the clock dates what is our own.
    pub(crate) fn new(clock: &Arc<dyn Clock>) -> Self {
        Self {
            chat: Arc::new(OpenAiChat::new(Arc::clone(clock))),
            completions: Arc::new(OpenAiCompletions::new(Arc::clone(clock))),
            responses: Arc::new(OpenAiResponses::new(Arc::clone(clock))),
            messages: Arc::new(AnthropicMessages),
            embeddings: Arc::new(OpenAiEmbeddings),
            vuzo: Arc::new(VuzoChat::new(Arc::clone(clock))),
        }
    }

    /// The one of a dialect.
    pub(crate) fn of(&self, dialect: Dialect) -> Arc<dyn AnswerWire> {
        let wire = match dialect {
            Dialect::Chat => &self.chat,
            Dialect::Completions => &self.completions,
            Dialect::Responses => &self.responses,
            Dialect::Messages => &self.messages,
            Dialect::Embeddings => &self.embeddings,
            Dialect::Vuzo => &self.vuzo,
        };
        Arc::clone(wire)
    }
}
