use vuzo_domain::id::{AccountId, LedgerAccountId, TransferId};
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::{Actor, Claim, ClaimKey, CreditWallet, Grant, Unavailable};
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::{Transfer, TransferKind};

use super::detail::Detail;
use super::keyed;
use super::{Operator, OperatorError};
use crate::people::line;

/// Where idempotency keys of credits count: apart from those of calls.
const ROUTE: &str = "admin.credits";
const LONGEST_REASON: usize = 500;
/// A billion dollars. A sum of many still fits the integers that money is kept in.
const MOST: i64 = 1_000_000_000_000_000_000;

/// Credit that the operator gives or takes.
#[derive(Clone, Debug)]
pub struct CreditOrder {
    /// Whose wallet.
    pub account: AccountId,
    /// How much; negative takes away.
    pub amount: Units,
    /// Of what.
    pub currency: Currency,
    /// Why. The customer reads it.
    pub reason: String,
    /// Under which key it may be sent again for a day.
    pub idempotency_key: Option<String>,
}

impl Operator {
    /// Moves money into a wallet or out of it, as an adjustment of its paid money.
    /// A wallet in a new currency is opened.
    ///
    /// The same order under the same key is carried out once, and answers the same
    /// transfer; another order under the key is refused.
    pub async fn credit(
        &self,
        actor: Actor,
        order: CreditOrder,
    ) -> Result<Transfer, OperatorError> {
        let order = checked(order)?;
        let found = self.accounts.find_account(order.account).await?;
        found.ok_or(OperatorError::NotFound { what: "account" })?;
        let transfer = self.post(actor, &order).await?;
        if is_for(&transfer, &order) {
            Ok(transfer)
        } else {
            Err(OperatorError::KeyMismatch)
        }
    }

    /// The claim to an idempotency key.
    fn claim(&self, order: &CreditOrder, key: &str, at: Timestamp) -> Claim {
        let body = format!("{}\n{}\n{}", order.amount.0, order.currency, order.reason);
        Claim {
            key: ClaimKey {
                account: order.account,
                key: None,
                route: ROUTE,
                token: key.to_owned(),
            },
            body: self.hasher.digest(body.as_bytes()),
            expires_at: at.after(keyed::REMEMBERED),
        }
    }

    async fn post(&self, actor: Actor, order: &CreditOrder) -> Result<Transfer, Unavailable> {
        let at = self.clock.now();
        let id = TransferId::from_uuid(self.ids.uuid());
        let key = order.idempotency_key.as_deref();
        let detail = Detail::new()
            .text("transfer", &id.to_string())
            .text("kind", TransferKind::Adjustment.name())
            .amount("amount", order.amount, order.currency)
            .text("currency", order.currency.code())
            .text("reason", &order.reason);
        let audit = detail.entry(self.ids.as_ref(), actor, "credit.grant", &order.account, at);
        let command = CreditWallet {
            transfer: id,
            claim: key.map(|key| self.claim(order, key, at)),
            account: order.account,
            open_as: LedgerAccountId::from_uuid(self.ids.uuid()),
            currency: order.currency,
            amount: order.amount,
            kind: TransferKind::Adjustment,
            grant: Grant::Paid,
            description: order.reason.clone(),
            at,
            audit: Some(audit),
        };
        self.wallets.credit(command).await
    }
}

fn checked(mut order: CreditOrder) -> Result<CreditOrder, OperatorError> {
    let reason = line(&order.reason, LONGEST_REASON);
    order.reason = reason.map_err(|_fault| {
        OperatorError::invalid("reason", "must have 1 to 500 printable characters")
    })?;
    if order.amount == Units::ZERO {
        return Err(OperatorError::invalid("amount", "must not be zero"));
    }
    if order.amount.0.unsigned_abs() > MOST.unsigned_abs() {
        return Err(OperatorError::invalid("amount", "is too large"));
    }
    let key = order.idempotency_key.as_deref();
    if !key.is_none_or(keyed::is_idempotency_key) {
        return Err(keyed::BAD_KEY);
    }
    Ok(order)
}

/// Whether a stored transfer is what this order would have made.
fn is_for(transfer: &Transfer, order: &CreditOrder) -> bool {
    transfer.account == Some(order.account)
        && transfer.currency == order.currency
        && transfer.signed_amount() == order.amount
        && transfer.kind == TransferKind::Adjustment
        && transfer.description.as_deref() == Some(&order.reason)
}
