use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use vuzo_application::operator::{ProviderKeyDraft, ProviderKeyPatch};
use vuzo_domain::catalog::ProviderId;
use vuzo_domain::provider_key::{ProviderKey, ProviderKeyStatus};
use vuzo_domain::secret::Secret;

use crate::chat;
use crate::error::{Fault, rules};
use crate::fields::Fields;
use crate::gate::Gate;
use crate::page::{created, json, whole_list};
use crate::path;

/// A stored key as it is shown: never the secret, sealed or not.
#[derive(Serialize)]
struct ProviderKeyView {
    id: String,
    provider: String,
    name: String,
    hint: String,
    weight: u32,
    priority: i32,
    status: &'static str,
    created_at: String,
    last_error: Option<String>,
}

impl ProviderKeyView {
    fn of(key: &ProviderKey) -> Self {
        Self {
            id: key.id.to_string(),
            provider: key.provider.to_string(),
            name: key.name.clone(),
            hint: key.hint.clone(),
            weight: key.weight,
            priority: key.priority,
            status: key.status.name(),
            created_at: key.created_at.to_string(),
            last_error: key.last_error.clone(),
        }
    }
}

/// `GET /v1/admin/provider-keys`, by provider.
pub(crate) async fn list(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    gate.admin(&request).await?;
    let keys = gate.application.operator.provider_keys().await?;
    Ok(whole_list(keys.iter().map(ProviderKeyView::of).collect()))
}

/// `GET /v1/admin/provider-keys/{id}`.
pub(crate) async fn one(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    gate.admin(&request).await?;
    let id = path::id(&request, rules::PROVIDER_KEY_NOT_FOUND)?;
    let found = gate.application.operator.provider_key(id).await?;
    let key = found.ok_or_else(|| path::not_found(rules::PROVIDER_KEY_NOT_FOUND))?;
    Ok(json(&ProviderKeyView::of(&key)))
}

/// `POST /v1/admin/provider-keys`.
pub(crate) async fn create(
    gate: Data<Gate>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Fault> {
    let actor = gate.admin(&request).await?;
    let idempotency_key = chat::idempotency_key(&request)?;
    let body = gate.body(&request, payload).await?;
    let mut fields = Fields::parse(&body)?;
    let expected = "1 to 32 lower-case letters, digits, - or _";
    let provider = fields.word("provider", expected, |text| ProviderId::new(text).ok())?;
    let draft = ProviderKeyDraft {
        provider: provider.ok_or_else(|| fields.missing("provider"))?,
        name: fields.required_text("name")?,
        secret: Secret::new(fields.required_text("secret")?),
        weight: weight(&mut fields)?,
        priority: fields.integer("priority")?,
        idempotency_key,
    };
    fields.finish()?;
    let operator = &gate.application.operator;
    let key = operator.add_provider_key(actor, draft).await?;
    Ok(created(&ProviderKeyView::of(&key)))
}

/// `PATCH /v1/admin/provider-keys/{id}`.
pub(crate) async fn change(
    gate: Data<Gate>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Fault> {
    let actor = gate.admin(&request).await?;
    let id = path::id(&request, rules::PROVIDER_KEY_NOT_FOUND)?;
    let body = gate.body(&request, payload).await?;
    let mut fields = Fields::parse(&body)?;
    let expected = "active or disabled";
    let patch = ProviderKeyPatch {
        name: fields.text("name")?,
        weight: weight(&mut fields)?,
        priority: fields.integer("priority")?,
        status: fields.word("status", expected, ProviderKeyStatus::from_name)?,
    };
    fields.finish()?;
    let operator = &gate.application.operator;
    let key = operator.change_provider_key(actor, id, patch).await?;
    Ok(json(&ProviderKeyView::of(&key)))
}

/// `DELETE /v1/admin/provider-keys/{id}`.
pub(crate) async fn remove(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let actor = gate.admin(&request).await?;
    let id = path::id(&request, rules::PROVIDER_KEY_NOT_FOUND)?;
    let operator = &gate.application.operator;
    operator.remove_provider_key(actor, id).await?;
    Ok(HttpResponse::new(StatusCode::NO_CONTENT))
}

/// What is too large for the type is too large for a key anyway.
fn weight(fields: &mut Fields<'_>) -> Result<Option<u32>, Fault> {
    let weight = fields.count("weight")?;
    Ok(weight.map(|weight| u32::try_from(weight).unwrap_or(u32::MAX)))
}
