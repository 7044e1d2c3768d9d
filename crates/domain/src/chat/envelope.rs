use std::sync::Arc;

use bytes::Bytes;

use super::{most_tokens, typical_tokens};
use crate::catalog::ModelId;
use crate::id::GenerationId;
use crate::pricing::{Demand, ServiceTier, TierWish};
use crate::secret::Secret;

/// Which route a call came in by, and so which wire its body is in, and which wire its
/// answer has to be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `/v1/chat/completions`.
    ChatCompletions,
    /// `/v1/completions`.
    Completions,
    /// `/v1/embeddings`.
    Embeddings,
    /// `/v1/responses`.
    Responses,
    /// `/v1/messages`.
    Messages,
}

impl Endpoint {
    /// Every endpoint with its name in the usage log.
    pub const NAMES: [(Self, &'static str); 5] = [
        (Self::ChatCompletions, "chat.completions"),
        (Self::Completions, "completions"),
        (Self::Embeddings, "embeddings"),
        (Self::Responses, "responses"),
        (Self::Messages, "messages"),
    ];

    /// Its name in the usage log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ChatCompletions => "chat.completions",
            Self::Completions => "completions",
            Self::Embeddings => "embeddings",
            Self::Responses => "responses",
            Self::Messages => "messages",
        }
    }

    /// The endpoint of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(endpoint, _)| *endpoint)
    }
}

/// What the gateway must know of a request; the body stays opaque.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// Which route.
    pub endpoint: Endpoint,
    /// The model by the name that the customer used.
    pub model: String,
    /// Models to fall back on, in this order.
    pub fallbacks: Vec<String>,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// Whether a streamed answer is to end with its usage.
    pub wants_usage: bool,
    /// The limit of completion tokens that the customer set.
    pub output_limit: Option<u64>,
    /// How many answers are asked for.
    pub answers: u32,
    /// Bytes that a provider turns into prompt tokens.
    pub prompt_bytes: u64,
    /// Images in the prompt.
    pub images: u64,
    /// Bytes of audio in the prompt.
    pub audio_bytes: u64,
    /// Whether the prompt asks for the one-hour cache.
    pub long_cache: bool,
    /// Trials of its wire that the customer takes part in, by the names that the wire
    /// gives them in a header. They mean nothing to a provider of another wire.
    pub betas: Vec<String>,
    /// What the customer says about the class of service.
    pub service_tier: TierWish,
    /// What the customer noted on the call, as JSON text.
    pub metadata: Option<String>,
    /// The request as it came.
    pub body: Bytes,
}

impl Envelope {
    /// Prompt tokens that each image may take where it is not priced by the piece.
    const MOST_TOKENS_PER_IMAGE: u64 = 4_096;

    /// An upper bound of the prompt's tokens.
    pub fn most_prompt_tokens(&self) -> u64 {
        most_tokens(self.prompt_bytes)
            .saturating_add(self.images.saturating_mul(Self::MOST_TOKENS_PER_IMAGE))
            .saturating_add(self.audio_bytes.checked_div(64).unwrap_or(0))
    }

    /// What the prompt's tokens usually come to.
    pub fn typical_prompt_tokens(&self) -> u64 {
        typical_tokens(self.prompt_bytes)
            .saturating_add(self.images.saturating_mul(1_000))
            .saturating_add(self.audio_bytes.checked_div(1_600).unwrap_or(0))
    }

    /// The most that the call may use with this output limit.
    pub fn demand(&self, most_output: u64) -> Demand {
        Demand {
            most_input: self.most_prompt_tokens(),
            most_output,
            answers: self.answers,
            images: self.images,
            has_audio: self.audio_bytes > 0,
            long_cache: self.long_cache,
            // Which tier it is depends on who answers.
            tier: None,
        }
    }
}

/// A call as it goes to one provider.
#[derive(Clone, Debug)]
pub struct UpstreamCall {
    /// The id that the customer sees.
    pub generation: GenerationId,
    /// The model that answers, by the id that it has here; the envelope has the name that
    /// was asked for.
    pub model: ModelId,
    /// What the provider calls the model.
    pub upstream_model: String,
    /// What the model can do, and how its requests have to be adapted, as words of the
    /// catalogue.
    pub capabilities: Arc<[String]>,
    /// The most completion tokens that the model gives.
    pub model_most: u64,
    /// The operator's key to use, where it is not the one from the configuration.
    pub secret: Option<Secret>,
    /// The output limit to write into the request, where it differs from what the
    /// customer sent.
    pub output_limit: Option<u64>,
    /// The service tier to ask for; without one it is the standard tier, whatever the
    /// provider's own default is.
    pub service_tier: Option<ServiceTier>,
    /// The request.
    pub envelope: Arc<Envelope>,
}

impl UpstreamCall {
    /// Whether the model has that capability.
    pub fn can(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|known| known == capability)
    }
}
