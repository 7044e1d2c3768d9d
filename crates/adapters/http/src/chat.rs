//! The routes that call models, in every dialect, and what belongs to them.

mod answer;
mod betas;
mod bill;
mod cache;
mod completions;
mod count;
mod dialect;
mod embeddings;
mod envelope;
mod estimate;
mod frames;
mod headers;
mod messages;
mod openai;
mod responses;

use actix_web::http::header::HeaderName;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use vuzo_application::chat::CallRequest;
use vuzo_domain::chat::Envelope;
use vuzo_domain::key::Scope;

use crate::error::{Fault, rules};
use crate::gate::Gate;
use headers::Readers;

pub(crate) use count::count_tokens;
pub(crate) use dialect::{Dialect, Wires};
pub(crate) use estimate::estimate;
pub(crate) use openai::OpenAiChat;

pub(crate) static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Serves one call, whatever its dialect.
pub(crate) async fn serve(
    gate: &Gate,
    request: &HttpRequest,
    payload: Payload,
    dialect: Dialect,
) -> Result<HttpResponse, Fault> {
    let caller = gate.caller(request, Scope::Inference).await?;
    let idempotency_key = idempotency_key(request)?;
    let cache = cache::wish(request)?;
    let body = gate.chat_body(request, payload).await?;
    let wire = gate.wires.of(dialect);
    let content_type = wire.content_type(true);
    let readers = match dialect {
        Dialect::Messages => Readers::Anthropic {
            now: gate.backends.clock.now(),
        },
        _ => Readers::OpenAi,
    };
    let call = CallRequest {
        caller,
        envelope: Envelope {
            betas: betas::of(request, dialect)?,
            ..dialect.read(body)?
        },
        idempotency_key: idempotency_key.map(|token| dialect.claim(token)),
        cache,
        wire,
    };
    let outcome = gate.application.calls.call(call).await;
    answer::of(content_type, readers, outcome)
}

macro_rules! handlers {
    ($($(#[$doc:meta])* $name:ident = $dialect:ident;)*) => {$(
        $(#[$doc])*
        pub(crate) async fn $name(
            gate: Data<Gate>,
            request: HttpRequest,
            payload: Payload,
        ) -> Result<HttpResponse, Fault> {
            serve(&gate, &request, payload, Dialect::$dialect).await
        }
    )*};
}

handlers! {
    /// `POST /v1/chat/completions`.
    complete = Chat;
    /// `POST /v1/completions`.
    complete_text = Completions;
    /// `POST /v1/responses`.
    respond = Responses;
    /// `POST /v1/messages`.
    message = Messages;
    /// `POST /v1/embeddings`.
    embed = Embeddings;
}

/// What the customer sent to have a request happen once.
pub(crate) fn idempotency_key(request: &HttpRequest) -> Result<Option<String>, Fault> {
    let mut sent = request.headers().get_all(&IDEMPOTENCY_KEY);
    let Some(value) = sent.next() else {
        return Ok(None);
    };
    let is_visible = value.as_bytes().iter().all(u8::is_ascii_graphic);
    match value.to_str() {
        Ok(key) if is_visible && (1..=255).contains(&key.len()) && sent.next().is_none() => {
            Ok(Some(key.to_owned()))
        }
        _ => {
            let message =
                "An Idempotency-Key is sent once and has 1 to 255 visible ASCII characters.";
            Err(Fault::new(rules::INVALID_IDEMPOTENCY_KEY, message))
        }
    }
}
