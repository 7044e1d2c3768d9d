use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use vuzo_domain::chat::Endpoint;
use vuzo_domain::key::Scope;
use vuzo_wire::talk::messages;

use super::envelope;
use crate::error::Fault;
use crate::gate::Gate;
use crate::page::json;

#[derive(Serialize)]
struct CountView {
    input_tokens: u64,
}

/// `POST /v1/messages/count_tokens`: what the prompt usually comes to. Nobody is asked,
/// and nothing is held.
pub(crate) async fn count_tokens(
    gate: Data<Gate>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Fault> {
    let caller = gate.caller(&request, Scope::Inference).await?;
    let body = gate.chat_body(&request, payload).await?;
    let asked = messages::read_count(&body)?;
    let envelope = envelope::of_talk(Endpoint::Messages, asked, body);
    let estimate = gate.application.calls.estimate(&caller, &envelope).await?;
    Ok(json(&CountView {
        input_tokens: estimate.prompt_tokens,
    }))
}
