use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use vuzo_domain::key::Scope;

use super::envelope;
use crate::error::Fault;
use crate::gate::Gate;
use crate::page::json;

#[derive(Serialize)]
struct EstimateView {
    model: String,
    prompt_tokens: u64,
    max_completion_tokens: u64,
    worst_case_cost: String,
    expected_cost: String,
    currency: String,
    wallet: WalletLeft,
    affordable: bool,
    max_tokens_affordable: u64,
}

#[derive(Serialize)]
struct WalletLeft {
    currency: String,
    available: String,
}

/// `POST /v1/estimate`: what a chat request would cost, without sending it anywhere.
pub(crate) async fn estimate(
    gate: Data<Gate>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Fault> {
    let caller = gate.caller(&request, Scope::Inference).await?;
    let body = gate.chat_body(&request, payload).await?;
    let envelope = envelope::of_chat(body)?;
    let estimate = gate.application.calls.estimate(&caller, &envelope).await?;
    let currency = estimate.currency;
    Ok(json(&EstimateView {
        model: estimate.model,
        prompt_tokens: estimate.prompt_tokens,
        max_completion_tokens: estimate.max_completion_tokens,
        worst_case_cost: currency.format(estimate.worst_case),
        expected_cost: currency.format(estimate.expected),
        currency: currency.to_string(),
        wallet: WalletLeft {
            currency: currency.to_string(),
            available: currency.format(estimate.available),
        },
        affordable: estimate.affordable,
        max_tokens_affordable: estimate.max_tokens_affordable.unwrap_or(0),
    }))
}
