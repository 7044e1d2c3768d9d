use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use vuzo_domain::catalog::{ModelId, ModelStatus};
use vuzo_domain::port::ModelEntry;

use crate::dto::model::EntryView;
use crate::dto::model_import::{self, ImportView};
use crate::dto::model_write::{draft, patch};
use crate::error::{Fault, rules};
use crate::fields::Fields;
use crate::gate::Gate;
use crate::page::{created, json, whole_list};
use crate::path;

/// `GET /v1/admin/models`: retired ones too, with what they cost.
pub(crate) async fn list(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    gate.admin(&request).await?;
    let entries = gate.application.operator.models().await?;
    Ok(whole_list(entries.iter().map(EntryView::of).collect()))
}

/// `GET /v1/admin/models/{id}`.
pub(crate) async fn one(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    gate.admin(&request).await?;
    Ok(json(&EntryView::of(&find(&gate, &request).await?)))
}

/// `POST /v1/admin/models`: makes a model, or adds a version of its prices.
pub(crate) async fn save(
    gate: Data<Gate>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Fault> {
    let actor = gate.admin(&request).await?;
    let body = gate.body(&request, payload).await?;
    let now = gate.backends.clock.now();
    let (model, version) = draft(Fields::parse(&body)?, now)?;
    let operator = &gate.application.operator;
    let saved = operator.save_model(actor, model, Some(version)).await?;
    Ok(created(&EntryView::of(&saved)))
}

/// `PATCH /v1/admin/models/{id}`.
pub(crate) async fn change(
    gate: Data<Gate>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Fault> {
    let actor = gate.admin(&request).await?;
    let body = gate.body(&request, payload).await?;
    let known = find(&gate, &request).await?;
    let now = gate.backends.clock.now();
    let (model, version) = patch(Fields::parse(&body)?, known, now)?;
    let operator = &gate.application.operator;
    let saved = operator.save_model(actor, model, version).await?;
    Ok(json(&EntryView::of(&saved)))
}

/// `DELETE /v1/admin/models/{id}`: it is sold no more; its calls stay priced.
pub(crate) async fn retire(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let actor = gate.admin(&request).await?;
    let mut model = find(&gate, &request).await?.model;
    model.status = ModelStatus::Retired;
    let operator = &gate.application.operator;
    operator.save_model(actor, model, None).await?;
    Ok(HttpResponse::new(StatusCode::NO_CONTENT))
}

/// `POST /v1/admin/models/import`: many models at once, all of them or none.
pub(crate) async fn import(
    gate: Data<Gate>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Fault> {
    let actor = gate.admin(&request).await?;
    let body = gate.chat_body(&request, payload).await?;
    let now = gate.backends.clock.now();
    let order = model_import::order(Fields::parse(&body)?, now)?;
    let operator = &gate.application.operator;
    let report = operator.import_models(actor, order).await?;
    Ok(json(&ImportView::of(&report)))
}

async fn find(gate: &Gate, request: &HttpRequest) -> Result<ModelEntry, Fault> {
    let absent = || path::not_found(rules::MODEL_NOT_FOUND);
    let id = ModelId::new(&path::name(request)).map_err(|_no_id| absent())?;
    let found = gate.application.operator.model(&id).await?;
    found.ok_or_else(absent)
}
