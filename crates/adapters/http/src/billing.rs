use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use vuzo_domain::id::TransferId;

use crate::dto::wallet::{BalanceView, TransferView};
use crate::error::{Fault, rules};
use crate::gate::Gate;
use crate::page::{self, json};
use crate::path;
use crate::query::Query;

/// `GET /v1/billing/balance`.
pub(crate) async fn balance(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let query = Query::of(&request);
    let account = gate.read_account(&request, &query).await?;
    let balance = gate.application.billing.balance(account).await?;
    let balance = balance.ok_or_else(|| path::not_found(rules::ACCOUNT_NOT_FOUND))?;
    Ok(json(&BalanceView::of(&balance)))
}

/// `GET /v1/billing/transactions`.
pub(crate) async fn transactions(
    gate: Data<Gate>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let query = Query::of(&request);
    let account = gate.read_account(&request, &query).await?;
    let page = query.page::<TransferId>()?;
    let billing = &gate.application.billing;
    let transfers = billing.transactions(account, page).await?;
    Ok(page::list(
        transfers,
        |transfer| transfer.id,
        |transfer| TransferView::of(&transfer),
    ))
}
