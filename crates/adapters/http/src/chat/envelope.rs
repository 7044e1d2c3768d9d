use bytes::Bytes;
use vuzo_domain::chat::{Endpoint, Envelope};
use vuzo_wire::chat::ChatRequest;

use crate::error::Fault;

/// Reads a body once, and keeps it as it came.
pub(super) fn of(body: Bytes) -> Result<Envelope, Fault> {
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
        metadata: request.metadata.map(|json| json.get().to_owned()),
        body: Bytes::new(),
    };
    Ok(Envelope { body, ..envelope })
}
