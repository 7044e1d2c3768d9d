//! The dialect of the published Python package `vuzo`, under `/vuzo/v1`: bare arrays,
//! amounts as JSON numbers, refusals as one sentence.
//!
//! Nothing outside this module knows these shapes. Amounts become numbers at the very
//! edge, out of their exact decimals: what is written is the same digits without quotes.
//! What a provider takes is the operator's secret, so the customer's own price stands in
//! both places, and the markup is 0.

mod billing;
mod keys;
mod models;
mod range;
mod usage;
mod wire;

use actix_web::web::{Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::value::RawValue;
use vuzo_domain::money::{Currency, Units};

use crate::chat::{self, Dialect};
use crate::error::Fault;
use crate::gate::Gate;
use crate::routes::at;

pub(crate) use wire::VuzoChat;

/// Under which everything in this dialect stands.
pub(crate) const ROOT: &str = "/vuzo";

/// The routes that the package calls, and the one that its later versions call.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(at("/vuzo/v1/chat/completions").post(complete).done())
        .service(at("/vuzo/v1/models").get(models::list).done())
        .service(at("/vuzo/v1/usage").get(usage::logs).done())
        .service(at("/vuzo/v1/usage/logs").get(usage::logs).done())
        .service(at("/vuzo/v1/usage/summary").get(usage::summary).done())
        .service(at("/vuzo/v1/usage/daily").get(usage::daily).done())
        .service(at("/vuzo/v1/billing/balance").get(billing::balance).done())
        .service(at("/vuzo/v1/billing/topup").post(billing::top_up).done())
        .service(
            at("/vuzo/v1/billing/transactions")
                .get(billing::transactions)
                .done(),
        )
        .service(
            at("/vuzo/v1/api-keys")
                .get(keys::list)
                .post(keys::create)
                .done(),
        )
        .service(at("/vuzo/v1/api-keys/{id}").delete(keys::delete).done());
}

/// `POST /vuzo/v1/chat/completions`.
async fn complete(
    gate: Data<Gate>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Fault> {
    chat::serve(&gate, &request, payload, Dialect::Vuzo).await
}

#[derive(Serialize)]
struct Refusal<'a> {
    detail: &'a str,
}

/// A refusal in this dialect's words.
pub(crate) fn refusal(fault: &Fault) -> Vec<u8> {
    let detail = fault.to_string();
    serde_json::to_vec(&Refusal { detail: &detail }).unwrap_or_default()
}

/// An idempotency key of this dialect, apart from those of OpenAI's chat.
pub(crate) fn claim(token: &str) -> String {
    format!("vuzo:{token}")
}

/// An amount as the package reads it.
fn float(currency: Currency, amount: Units) -> Box<RawValue> {
    number(currency.format(amount))
}

/// Decimal text as a JSON number with the same digits.
fn number(decimal: String) -> Box<RawValue> {
    RawValue::from_string(decimal).unwrap_or_else(|_no_number| RawValue::NULL.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_their_digits() {
        for (units, text) in [
            (0, "0.00"),
            (1, "0.000000001"),
            (-1_700, "-0.0000017"),
            (i64::MAX, "9223372036.854775807"),
            (12_500_000_000, "12.50"),
        ] {
            assert_eq!(float(Currency::USD, Units(units)).get(), text);
        }
    }
}
