//! Which dialect belongs to which endpoint: the one place that says so.

use vuzo_domain::chat::{Endpoint, FaultKind, ProviderFault};
use vuzo_wire::chat::RequestFault;
use vuzo_wire::talk::{Head, Request, Writer, chat, completions, messages, responses};

/// Reads the body that came in by this endpoint.
pub(crate) fn read(endpoint: Endpoint, body: &[u8]) -> Result<Request, ProviderFault> {
    let request = match endpoint {
        Endpoint::ChatCompletions => chat::read(body),
        Endpoint::Completions => completions::read(body),
        Endpoint::Responses => responses::read(body),
        Endpoint::Messages => messages::read(body),
        Endpoint::Embeddings => return Err(not_spoken(endpoint)),
    };
    request.map_err(refused)
}

/// Who writes the answer to that body.
pub(crate) fn writer(
    endpoint: Endpoint,
    head: Head,
    body: &[u8],
    wants_usage: bool,
) -> Result<Box<dyn Writer>, ProviderFault> {
    Ok(match endpoint {
        Endpoint::ChatCompletions => {
            let writer = chat::ChunkWriter::new(head, wants_usage);
            Box::new(if chat::offers_functions(body) {
                writer.with_functions()
            } else {
                writer
            })
        }
        Endpoint::Completions => Box::new(completions::CompletionWriter::new(head, wants_usage)),
        // These two tell the usage whether they are asked for it or not.
        Endpoint::Responses => Box::new(responses::ResponseWriter::new(
            head,
            responses::Echo::of(body),
        )),
        Endpoint::Messages => Box::new(messages::MessageWriter::new(head)),
        Endpoint::Embeddings => return Err(not_spoken(endpoint)),
    })
}

/// A request that cannot be read, or not be said to this provider.
pub(crate) fn refused(refusal: RequestFault) -> ProviderFault {
    let kind = FaultKind::BadRequest {
        status: 400,
        param: refusal.param,
        code: refusal.code.map(str::to_owned),
    };
    ProviderFault::new(kind, refusal.message)
}

fn not_spoken(endpoint: Endpoint) -> ProviderFault {
    let kind = FaultKind::BadRequest {
        status: 400,
        param: Some("model".to_owned()),
        code: Some("unsupported_endpoint".to_owned()),
    };
    let message = format!("This model does not serve {}.", endpoint.name());
    ProviderFault::new(kind, message)
}
