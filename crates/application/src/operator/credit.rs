use vuzo_domain::account::Account;
use vuzo_domain::id::{AccountId, LedgerAccountId, TransferId};
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::{Actor, CreditWallet, Grant, PageRequest, Unavailable};
use vuzo_domain::wallet::{Transfer, TransferKind};

use super::detail::Detail;
use super::keyed::candidates;
use super::{Operator, OperatorError};
use crate::people::line;

const LONGEST_REASON: usize = 500;
const LONGEST_KEY: usize = 255;
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
        let account = found.ok_or(OperatorError::NotFound { what: "account" })?;
        let Some(key) = order.idempotency_key.clone() else {
            let id = TransferId::from_uuid(self.ids.uuid());
            return Ok(self.post(actor, &order, id).await?);
        };
        // One at a time, so that no two attempts of one key straddle the turn of an
        // hour here. The time is read inside for the same reason.
        let turn = self.keyed_credits.lock().await;
        let ids = candidates(&account, &key, self.hasher.as_ref(), self.clock.now());
        let known = self.find_earlier(&account, &ids).await?;
        let transfer = match (known, ids.first()) {
            (Some(known), _) => known,
            (None, Some(newest)) => self.post(actor, &order, *newest).await?,
            (None, None) => {
                let fault = Unavailable::new("credit", "an idempotency key has no transfer id");
                return Err(fault.into());
            }
        };
        drop(turn);
        if is_for(&transfer, &order) {
            Ok(transfer)
        } else {
            Err(OperatorError::KeyMismatch)
        }
    }

    async fn post(
        &self,
        actor: Actor,
        order: &CreditOrder,
        id: TransferId,
    ) -> Result<Transfer, Unavailable> {
        let at = self.clock.now();
        let detail = Detail::new()
            .text("transfer", &id.to_string())
            .text("kind", TransferKind::Adjustment.name())
            .amount("amount", order.amount, order.currency)
            .text("currency", order.currency.code())
            .text("reason", &order.reason);
        let audit = detail.entry(self.ids.as_ref(), actor, "credit.grant", &order.account, at);
        let command = CreditWallet {
            transfer: id,
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

    /// The transfer of an earlier hour under the same key. Transfers of the account
    /// are looked up by id: each is the newest of those that are not newer than it.
    async fn find_earlier(
        &self,
        account: &Account,
        ids: &[TransferId],
    ) -> Result<Option<Transfer>, Unavailable> {
        let mut newest_left: Option<TransferId> = None;
        for id in ids {
            if newest_left.is_some_and(|left| *id > left) {
                continue;
            }
            let page = PageRequest {
                limit: 1,
                offset: 0,
                before: Some(uuid::Uuid::from_u128(id.uuid().as_u128().saturating_add(1))),
            };
            let listed = self.wallets.list_transfers(account.id, page).await?;
            match listed.rows.into_iter().next() {
                Some(row) if row.id == *id => return Ok(Some(row)),
                Some(row) => newest_left = Some(row.id),
                None => return Ok(None),
            }
        }
        Ok(None)
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
    let is_key = |key: &String| {
        let is_short = (1..=LONGEST_KEY).contains(&key.len());
        is_short
            && key
                .bytes()
                .all(|byte| byte.is_ascii_graphic() || byte == b' ')
    };
    if !order.idempotency_key.as_ref().is_none_or(is_key) {
        return Err(OperatorError::invalid(
            "idempotency_key",
            "must have 1 to 255 printable ASCII characters",
        ));
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
