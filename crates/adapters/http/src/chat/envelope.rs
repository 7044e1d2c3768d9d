use bytes::Bytes;
use vuzo_domain::chat::{Endpoint, Envelope};
use vuzo_domain::pricing::{ServiceTier, TierWish};
use vuzo_wire::chat::ChatRequest;
use vuzo_wire::embeddings::EmbeddingsRequest;
use vuzo_wire::talk::{Request, completions, responses};

use crate::error::Fault;

/// Reads a chat once, and keeps it as it came.
pub(super) fn of_chat(body: Bytes) -> Result<Envelope, Fault> {
    let request = ChatRequest::parse(&body)?;
    let envelope = Envelope {
        endpoint: Endpoint::ChatCompletions,
        model: request.model.as_ref().to_owned(),
        fallbacks: request
            .fallbacks
            .iter()
            .map(|name| name.as_ref().to_owned())
            .collect(),
        stream: request.stream,
        wants_usage: request.include_usage,
        output_limit: request.max_output_tokens.map(u64::from),
        answers: request.n,
        // What a document comes to in tokens is the provider's secret; its bytes bound it.
        prompt_bytes: request.prompt_bytes.saturating_add(request.file_bytes),
        images: u64::from(request.images),
        audio_bytes: request.audio_bytes,
        long_cache: request.long_cache,
        betas: Vec::new(),
        service_tier: request.service_tier.map(tier_wish).unwrap_or_default(),
        metadata: request.metadata.map(|json| json.get().to_owned()),
        body: Bytes::new(),
    };
    Ok(Envelope { body, ..envelope })
}

/// A call that was read into the canonical conversation.
pub(super) fn of_talk(endpoint: Endpoint, request: Request, body: Bytes) -> Envelope {
    let weight = request.talk.weight();
    Envelope {
        endpoint,
        model: request.model,
        fallbacks: request.fallbacks,
        stream: request.talk.stream,
        wants_usage: request.wants_usage,
        output_limit: request.talk.output_limit,
        answers: request.talk.answers.max(1),
        prompt_bytes: weight.prompt_bytes,
        images: u64::from(weight.images),
        audio_bytes: weight.audio_bytes,
        long_cache: weight.long_cache,
        betas: Vec::new(),
        service_tier: match request.service_tier {
            // Anthropic's word for what the account has capacity for.
            Some("auto") if endpoint == Endpoint::Messages => {
                TierWish::IfSold(ServiceTier::Priority)
            }
            word => word.map(tier_wish).unwrap_or_default(),
        },
        metadata: request.metadata,
        body,
    }
}

/// A call in OpenAI's older completions wire, perhaps with several prompts; who serves it
/// says whether it can.
pub(super) fn of_completions(body: Bytes) -> Result<Envelope, Fault> {
    let admitted = completions::admit(&body)?;
    let mut envelope = of_talk(Endpoint::Completions, admitted.request, body);
    envelope.answers = admitted.answers;
    envelope.prompt_bytes = admitted.prompt_bytes;
    Ok(envelope)
}

/// A call in OpenAI's responses wire; whether others than OpenAI can serve it is for who
/// serves it to say.
pub(super) fn of_responses(body: Bytes) -> Result<Envelope, Fault> {
    let admitted = responses::admit(&body)?;
    let mut envelope = of_talk(Endpoint::Responses, admitted.request, body);
    envelope.prompt_bytes = envelope.prompt_bytes.saturating_add(admitted.extra_bytes);
    envelope.long_cache |= admitted.long_cache;
    Ok(envelope)
}

/// Embeddings: no completion, and nothing streamed.
pub(super) fn of_embeddings(body: Bytes) -> Result<Envelope, Fault> {
    let request = EmbeddingsRequest::parse(&body)?;
    let envelope = Envelope {
        endpoint: Endpoint::Embeddings,
        model: request.model.as_ref().to_owned(),
        fallbacks: request
            .fallbacks
            .iter()
            .map(|name| name.as_ref().to_owned())
            .collect(),
        stream: false,
        wants_usage: false,
        output_limit: Some(0),
        answers: 1,
        prompt_bytes: request.input.most_tokens(),
        images: 0,
        audio_bytes: 0,
        long_cache: false,
        betas: Vec::new(),
        service_tier: TierWish::Standard,
        metadata: request.metadata.map(ToOwned::to_owned),
        body: Bytes::new(),
    };
    Ok(Envelope { body, ..envelope })
}

/// What a word for the class of service asks for. Every word that names no class of its
/// own leaves it at the standard one; the wire has refused what it does not know.
fn tier_wish(word: &str) -> TierWish {
    ServiceTier::from_name(word).map_or(TierWish::Standard, TierWish::Only)
}
