use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use vuzo_application::operator::AccountPatch;
use vuzo_domain::account::{Account, AccountStatus};
use vuzo_domain::id::AccountId;

use crate::dto::account::{AccountRow, AccountWhole};
use crate::dto::limits;
use crate::error::{Fault, rules};
use crate::fields::Fields;
use crate::gate::Gate;
use crate::money;
use crate::page::{self, json};
use crate::path;
use crate::query::Query;

/// `GET /v1/admin/accounts`.
pub(crate) async fn list(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    gate.admin(&request).await?;
    let query = Query::of(&request);
    let wanted = query.text("query")?.map(ToOwned::to_owned);
    let page = query.page::<AccountId>()?;
    let accounts = gate.application.operator.accounts(wanted, page).await?;
    Ok(page::list(
        accounts,
        |account| account.id,
        |account| AccountRow::of(&account),
    ))
}

/// `GET /v1/admin/accounts/{id}`.
pub(crate) async fn one(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    gate.admin(&request).await?;
    let id = path::id(&request, rules::ACCOUNT_NOT_FOUND)?;
    whole(&gate, id).await
}

/// `PATCH /v1/admin/accounts/{id}`.
pub(crate) async fn change(
    gate: Data<Gate>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Fault> {
    let actor = gate.admin(&request).await?;
    let id = path::id(&request, rules::ACCOUNT_NOT_FOUND)?;
    let body = gate.body(&request, payload).await?;
    let operator = &gate.application.operator;
    let known = operator.account(id).await?;
    let (known, _) = known.ok_or_else(|| path::not_found(rules::ACCOUNT_NOT_FOUND))?;
    let patch = patch(Fields::parse(&body)?, &known)?;
    operator.change_account(actor, id, patch).await?;
    whole(&gate, id).await
}

async fn whole(gate: &Gate, id: AccountId) -> Result<HttpResponse, Fault> {
    let balance = gate.application.billing.balance(id).await?;
    let balance = balance.ok_or_else(|| path::not_found(rules::ACCOUNT_NOT_FOUND))?;
    Ok(json(&AccountWhole::of(&balance)))
}

fn patch(mut fields: Fields<'_>, known: &Account) -> Result<AccountPatch, Fault> {
    let status = fields.word(
        "status",
        "active, suspended or closed",
        AccountStatus::from_name,
    )?;
    let plan = fields.text("plan")?;
    let limits = fields.object("limits")?;
    let limits = limits.map(|limits| limits::over(limits, known.limits));
    let caps = fields.object("caps")?.map(money::caps);
    let credit_line = fields.object("credit_line")?.map(|mut line| {
        let (amount, currency) = money::required_money(&mut line, "amount")?;
        money::check_not_negative(&line.path("amount"), amount)?;
        line.finish()?;
        Ok::<_, Fault>((currency, amount))
    });
    fields.finish()?;
    Ok(AccountPatch {
        status,
        plan,
        limits: limits.transpose()?,
        caps: caps.transpose()?,
        credit_line: credit_line.transpose()?,
    })
}
