//! Which dialect belongs to which endpoint: the one place that says so.

use vuzo_domain::chat::{Endpoint, FaultKind, ProviderFault};
use vuzo_domain::pricing::ServiceTier;
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

/// Who writes the answer to that body, which is asked for in that class of service.
pub(crate) fn writer(
    endpoint: Endpoint,
    head: Head,
    body: &[u8],
    wants_usage: bool,
    asked: Option<ServiceTier>,
) -> Result<Box<dyn Writer>, ProviderFault> {
    let mut writer: Box<dyn Writer> = match endpoint {
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
    };
    // Until the provider says what it gave, the answer says what it was asked for.
    if let Some(tier) = asked {
        writer.served_tier(tier.name());
    }
    Ok(writer)
}

/// A request that cannot be read.
pub(crate) fn refused(refusal: RequestFault) -> ProviderFault {
    let kind = FaultKind::BadRequest {
        status: 400,
        param: refusal.param,
        code: refusal.code.map(str::to_owned),
    };
    ProviderFault::new(kind, refusal.message)
}

/// Where a dialect names a field otherwise than the chat wire does, in whose names a
/// request is refused that was read from the dialect already.
const fn own_names(endpoint: Endpoint) -> &'static [(&'static str, &'static str)] {
    match endpoint {
        Endpoint::ChatCompletions | Endpoint::Embeddings => &[],
        Endpoint::Completions => &[
            ("max_completion_tokens", "max_tokens"),
            ("messages", "prompt"),
        ],
        Endpoint::Responses => &[
            ("max_completion_tokens", "max_output_tokens"),
            ("max_tokens", "max_output_tokens"),
            ("messages", "input"),
            ("messages.content.image_url.url", "input.content.image_url"),
            ("reasoning_effort", "reasoning.effort"),
            ("response_format", "text.format"),
            ("verbosity", "text.verbosity"),
        ],
        Endpoint::Messages => &[
            ("max_completion_tokens", "max_tokens"),
            (
                "messages.content.image_url.url",
                "messages.content.source.url",
            ),
            ("reasoning_effort", "thinking"),
            ("response_format", "output_config.format"),
            ("stop", "stop_sequences"),
            ("user", "metadata.user_id"),
        ],
    }
}

/// The fault in the words of the dialect that the request came in.
pub(crate) fn in_words_of(endpoint: Endpoint, mut fault: ProviderFault) -> ProviderFault {
    if let FaultKind::BadRequest {
        param: Some(param), ..
    } = &mut fault.kind
        && let Some((name, own)) = own_names(endpoint).iter().find(|(name, _)| name == param)
    {
        (*own).clone_into(param);
        fault.message = fault
            .message
            .replace(&format!("'{name}'"), &format!("'{own}'"));
    }
    fault
}

/// A request in this dialect that cannot be said to this provider.
pub(crate) fn refused_in(endpoint: Endpoint) -> impl Fn(RequestFault) -> ProviderFault {
    move |refusal| in_words_of(endpoint, refused(refusal))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_field_as_the_customer_does() {
        for (endpoint, name, own) in [
            (Endpoint::ChatCompletions, "stop", "stop"),
            (Endpoint::Messages, "stop", "stop_sequences"),
            (Endpoint::Messages, "n", "n"),
            (Endpoint::Messages, "max_completion_tokens", "max_tokens"),
            (Endpoint::Responses, "response_format", "text.format"),
            (Endpoint::Responses, "stop", "stop"),
            (Endpoint::Completions, "messages", "prompt"),
            (Endpoint::Completions, "messages[0]", "messages[0]"),
        ] {
            let refusal = |name: &str| {
                refused(RequestFault {
                    message: format!("Invalid '{name}': 'stopping' is something else."),
                    param: Some(name.to_owned()),
                    code: Some("invalid_value"),
                })
            };
            assert_eq!(in_words_of(endpoint, refusal(name)), refusal(own));
        }
        let other = ProviderFault::new(FaultKind::Failing, "'stop'");
        assert_eq!(in_words_of(Endpoint::Messages, other.clone()), other);
    }
}
