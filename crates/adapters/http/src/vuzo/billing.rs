use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::value::RawValue;
use vuzo_domain::id::TransferId;
use vuzo_domain::key::Scope;
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::wallet::{Transfer, TransferKind};

use super::float;
use crate::error::{Fault, rules};
use crate::fields::Fields;
use crate::gate::Gate;
use crate::page::json;
use crate::query::Query;
use crate::{money, path};

#[derive(Serialize)]
struct BalanceRow {
    user_id: String,
    balance: Box<RawValue>,
}

/// `GET /vuzo/v1/billing/balance`, in US dollars.
pub(super) async fn balance(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let query = Query::of(&request);
    let account = gate.read_account(&request, &query).await?;
    let balance = gate.application.billing.balance(account).await?;
    let balance = balance.ok_or_else(|| path::not_found(rules::ACCOUNT_NOT_FOUND))?;
    Ok(json(&BalanceRow {
        user_id: balance.account.id.to_string(),
        balance: float(Currency::USD, balance.total_usd),
    }))
}

/// `POST /vuzo/v1/billing/topup`: nobody credits themselves.
pub(super) async fn top_up(
    gate: Data<Gate>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Fault> {
    gate.caller(&request, Scope::Read).await?;
    let body = gate.body(&request, payload).await?;
    let mut fields = Fields::parse(&body)?;
    let amount = money::dollars(&mut fields, "amount")?;
    let amount = amount.ok_or_else(|| fields.missing("amount"))?;
    if !amount.is_positive() {
        return Err(Fault::invalid("amount", "more than nothing"));
    }
    let message = "Nobody credits themselves: buy credit with POST /v1/billing/checkout, or ask the operator of this service.";
    Err(Fault::new(rules::CHECKOUT_REQUIRED, message))
}

#[derive(Serialize)]
struct TransactionRow {
    id: String,
    amount: Box<RawValue>,
    #[serde(rename = "type")]
    kind: &'static str,
    description: String,
    created_at: String,
}

impl TransactionRow {
    fn of(transfer: Transfer) -> Self {
        let amount = transfer.signed_amount();
        Self {
            id: transfer.id.to_string(),
            amount: float(transfer.currency, amount),
            kind: kind(transfer.kind, amount),
            description: transfer
                .description
                .unwrap_or_else(|| transfer.kind.name().replace('_', " ")),
            created_at: transfer.at.to_string(),
        }
    }
}

/// The package knows three kinds: what was spent, what came in, and what went back.
fn kind(kind: TransferKind, amount: Units) -> &'static str {
    match kind {
        TransferKind::Usage => "usage",
        TransferKind::Refund | TransferKind::Dispute => "refund",
        _ if amount.is_positive() => "topup",
        _ => "refund",
    }
}

/// `GET /vuzo/v1/billing/transactions`, negative where the wallet paid.
pub(super) async fn transactions(
    gate: Data<Gate>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let query = Query::of(&request);
    let account = gate.read_account(&request, &query).await?;
    let page = query.page::<TransferId>()?;
    let billing = &gate.application.billing;
    let transfers = billing.transactions(account, page).await?;
    let rows = transfers.rows.into_iter().map(TransactionRow::of);
    Ok(json(&rows.collect::<Vec<_>>()))
}
