use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use vuzo_application::operator::CreditOrder;
use vuzo_domain::id::TransferId;

use crate::chat;
use crate::dto::wallet::TransferView;
use crate::error::{Fault, rules};
use crate::fields::Fields;
use crate::gate::Gate;
use crate::money::required_money;
use crate::page::{self, created};
use crate::path;
use crate::query::Query;

/// `POST /v1/admin/accounts/{id}/credits`.
pub(crate) async fn grant(
    gate: Data<Gate>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Fault> {
    let actor = gate.admin(&request).await?;
    let account = path::id(&request, rules::ACCOUNT_NOT_FOUND)?;
    let idempotency_key = chat::idempotency_key(&request)?;
    let body = gate.body(&request, payload).await?;
    let mut fields = Fields::parse(&body)?;
    let (amount, currency) = required_money(&mut fields, "amount")?;
    let order = CreditOrder {
        account,
        amount,
        currency,
        reason: fields.required_text("reason")?,
        idempotency_key,
    };
    fields.finish()?;
    let transfer = gate.application.operator.credit(actor, order).await?;
    Ok(created(&TransferView::of(&transfer)))
}

/// `GET /v1/admin/accounts/{id}/ledger`.
pub(crate) async fn ledger(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    gate.admin(&request).await?;
    let account = path::id(&request, rules::ACCOUNT_NOT_FOUND)?;
    let page = Query::of(&request).page::<TransferId>()?;
    let billing = &gate.application.billing;
    let transfers = billing.transactions(account, page).await?;
    Ok(page::list(
        transfers,
        |transfer| transfer.id,
        |transfer| TransferView::of(&transfer),
    ))
}
