//! `vuzo credits`: credit that the operator gives or takes.

use anyhow::{Context as _, Result};
use serde_json::json;
use vuzo_application::operator::CreditOrder;
use vuzo_domain::money::Money;

use super::desk::{ACTOR, Desk};
use super::{Context, Outcome};
use crate::cli::Credits;

pub(super) async fn run(command: Credits, context: &Context) -> Result<Outcome> {
    let Credits::Grant {
        account,
        amount,
        currency,
        reason,
        idempotency_key,
    } = command;
    let money = Money::parse(&amount, currency).context("--amount")?;
    let desk = Desk::open(context).await?;
    let order = CreditOrder {
        account,
        amount: money.units,
        currency,
        reason,
        idempotency_key,
    };
    let transfer = desk.application.operator.credit(ACTOR, order).await?;
    let amount = currency.format(transfer.signed_amount());
    let json = json!({
        "id": transfer.id.to_string(),
        "account_id": account.to_string(),
        "kind": transfer.kind.name(),
        "amount": amount,
        "currency": currency.code(),
        "description": transfer.description,
        "created_at": transfer.at.to_string(),
    });
    let text = format!("{amount} {currency} to {account} ({})", transfer.id);
    context.output.show(&json, &text)?;
    Ok(Outcome::Fine)
}
