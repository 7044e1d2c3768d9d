use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use crate::dto::call::ReceiptView;
use crate::error::{Fault, rules};
use crate::gate::Gate;
use crate::page::json;
use crate::path;

/// `GET /v1/generations/{id}`: the receipt of one call.
pub(crate) async fn one(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let reader = gate.reader(&request).await?;
    let id = path::id(&request, rules::GENERATION_NOT_FOUND)?;
    let found = gate.application.usage.find(&reader, id).await?;
    let call = found.ok_or_else(|| path::not_found(rules::GENERATION_NOT_FOUND))?;
    Ok(json(&ReceiptView::of(&call, &reader)))
}
