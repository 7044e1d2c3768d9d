use vuzo_domain::id::{AccountId, LedgerAccountId};
use vuzo_domain::money::Currency;
use vuzo_domain::port::{
    AccountChange, ExtendHoldError, LedgerFinding, PageRequest, PlaceHoldError, Unavailable,
};
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::{Hold, Source, Transfer};

use super::{Command, Outcome, Subject};
use crate::{Ticker, World};

/// As many holds or grants as are ended in one go.
const BATCH: u32 = 200;

impl Subject for World {
    fn ticker(&self) -> &Ticker {
        World::ticker(self)
    }

    async fn open(&self) -> (AccountId, LedgerAccountId) {
        let customer = self.sign_up().await;
        (customer.account, customer.paid)
    }

    async fn send(&self, command: Command) -> Outcome {
        match send(self, command).await {
            Ok(outcome) => outcome,
            Err(fault) => Outcome::Fault(format!("{fault:?}")),
        }
    }

    async fn expire_holds(&self, now: Timestamp) -> Vec<Hold> {
        let mut all = Vec::new();
        loop {
            let ended = self.store.wallets.expire_holds(now, BATCH).await.unwrap();
            if ended.is_empty() {
                return all;
            }
            all.extend(ended);
        }
    }

    async fn expire_grants(&self, now: Timestamp) {
        while self.store.wallets.expire_grants(now, BATCH).await.unwrap() > 0 {}
    }

    async fn sources(&self, account: AccountId) -> Vec<Source> {
        World::sources(self, account).await
    }

    async fn transfers(&self, account: AccountId) -> Vec<Transfer> {
        let mut page = PageRequest::first(PageRequest::MOST);
        let mut all = Vec::new();
        loop {
            let listed = self.store.wallets.list_transfers(account, page).await;
            let listed = listed.unwrap();
            all.extend(listed.rows);
            if !listed.has_more {
                return all;
            }
            page.offset += page.limit;
        }
    }

    async fn findings(&self, now: Timestamp) -> Vec<LedgerFinding> {
        let audited = self.store.ledger_audit.audit_ledger(now).await;
        audited.unwrap().findings
    }
}

async fn send(world: &World, command: Command) -> Result<Outcome, Unavailable> {
    let wallets = &world.store.wallets;
    Ok(match command {
        Command::Credit(command) => {
            let transfer = wallets.credit(command).await?;
            Outcome::Credited {
                amount: transfer.signed_amount().0,
                balance_after: transfer.balance_after.unwrap_or_default().0,
            }
        }
        Command::CreditLine(account, line) => {
            let change = AccountChange {
                credit_line: Some((Currency::USD, line)),
                ..world.account_change(account)
            };
            world.store.accounts.update_account(change).await?;
            Outcome::LineSet
        }
        Command::Place(command) => match wallets.place_hold(command).await {
            Ok(placed) => held(&placed.hold, placed.available.0),
            Err(PlaceHoldError::Insufficient { available }) => Outcome::Refused {
                available: available.0,
            },
            Err(other) => Outcome::Fault(format!("{other:?}")),
        },
        Command::Extend(command) => match wallets.extend_hold(command, vec![]).await {
            Ok(extended) => held(&extended.hold, extended.available.0),
            Err(ExtendHoldError::Insufficient { available }) => Outcome::Refused {
                available: available.0,
            },
            Err(ExtendHoldError::NotOpen) => Outcome::NotOpen,
            Err(ExtendHoldError::Unavailable(fault)) => return Err(fault),
        },
        Command::Settle(command) => match wallets.settle(*command).await {
            Ok(settled) => Outcome::Settled {
                charged: settled.charged.0,
                shortfall: settled.shortfall.0,
                available: settled.available.0,
            },
            Err(other) => Outcome::Fault(format!("{other:?}")),
        },
    })
}

fn held(hold: &Hold, available: i64) -> Outcome {
    Outcome::Placed {
        parts: hold
            .parts
            .iter()
            .map(|part| (part.source, part.amount.0))
            .collect(),
        is_open: hold.is_open(),
        available,
    }
}
