//! Responses in the provider's own wire: what goes there, and what comes back.

mod golden;
mod offsets;
mod transport;

use std::sync::Arc;

use vuzo_domain::chat::{Endpoint, Envelope, UpstreamCall};

/// A call that came in by `/v1/responses` with this body.
fn call(body: &str, stream: bool) -> UpstreamCall {
    let call = crate::fake::call(body, stream, true, 1);
    let envelope = Envelope {
        endpoint: Endpoint::Responses,
        ..Envelope::clone(&call.envelope)
    };
    UpstreamCall {
        envelope: Arc::new(envelope),
        ..call
    }
}

/// The plainest call.
fn plain_call(stream: bool) -> UpstreamCall {
    call(
        &format!(r#"{{"model":"m","input":"Hi","stream":{stream}}}"#),
        stream,
    )
}
