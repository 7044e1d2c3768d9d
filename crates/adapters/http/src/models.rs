use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use crate::dto::model::OfferView;
use crate::error::{Fault, rules};
use crate::gate::Gate;
use crate::page::{json, whole_list};
use crate::path;

/// `GET /v1/models`.
pub(crate) async fn list(gate: Data<Gate>) -> HttpResponse {
    let offers = gate.application.models.list();
    whole_list(offers.iter().map(OfferView::of).collect())
}

/// `GET /v1/models/{id}`, with or without percent encoding.
pub(crate) async fn one(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let name = path::name(&request);
    let offer = gate.application.models.find(&name);
    let offer = offer.ok_or_else(|| {
        let shown: String = name.chars().take(128).collect();
        let message = format!("The model '{shown}' does not exist.");
        Fault::new(rules::MODEL_NOT_FOUND, message).param("model")
    })?;
    Ok(json(&OfferView::of(&offer)))
}
