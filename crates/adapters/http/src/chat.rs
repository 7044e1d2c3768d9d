//! `POST /v1/chat/completions` and what belongs to it.

mod answer;
mod envelope;
mod estimate;
mod frames;
mod headers;
mod openai;

use std::sync::Arc;

use actix_web::http::header::HeaderName;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use vuzo_application::chat::CallRequest;
use vuzo_domain::key::Scope;

use crate::error::{Fault, rules};
use crate::gate::Gate;

pub(crate) use estimate::estimate;
pub(crate) use openai::OpenAiChat;

pub(crate) static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Serves one call.
pub(crate) async fn complete(
    gate: Data<Gate>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Fault> {
    let caller = gate.caller(&request, Scope::Inference).await?;
    let idempotency_key = idempotency_key(&request)?;
    let body = gate.chat_body(&request, payload).await?;
    let call = CallRequest {
        caller,
        envelope: envelope::of(body)?,
        idempotency_key,
        wire: Arc::clone(&gate.chat_wire),
    };
    answer::of(&gate, gate.application.calls.call(call).await)
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
