use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::value::RawValue;
use vuzo_application::models::ModelOffer;
use vuzo_domain::key::Scope;
use vuzo_domain::pricing::Dimension;

use super::number;
use crate::error::{Fault, rules};
use crate::gate::Gate;
use crate::page::json;

#[derive(Serialize)]
struct ModelRow {
    provider: String,
    model_name: String,
    input_price_per_million: Box<RawValue>,
    output_price_per_million: Box<RawValue>,
    vuzo_input_price_per_million: Box<RawValue>,
    vuzo_output_price_per_million: Box<RawValue>,
    vuzo_markup_percent: Box<RawValue>,
}

impl ModelRow {
    fn of(offer: &ModelOffer) -> Self {
        let price = |dimension| {
            let shown = offer.quote.shown_price(dimension);
            number(shown.unwrap_or_else(|| "0".to_owned()))
        };
        Self {
            provider: offer.model.provider.to_string(),
            model_name: offer.model.id.as_str().to_owned(),
            input_price_per_million: price(Dimension::Input),
            output_price_per_million: price(Dimension::Output),
            vuzo_input_price_per_million: price(Dimension::Input),
            vuzo_output_price_per_million: price(Dimension::Output),
            vuzo_markup_percent: number("0".to_owned()),
        }
    }
}

/// `GET /vuzo/v1/models`, for everybody with a key that opens anything of this dialect.
pub(super) async fn list(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    match gate.caller(&request, Scope::Inference).await {
        Err(fault) if fault.code() == Some(rules::INSUFFICIENT_SCOPE.code) => {
            gate.caller(&request, Scope::Read).await?;
        }
        Err(fault) => return Err(fault),
        Ok(_caller) => {}
    }
    let offers = gate.application.models.list();
    let rows: Vec<ModelRow> = offers.iter().map(ModelRow::of).collect();
    Ok(json(&rows))
}
