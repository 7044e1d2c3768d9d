use vuzo_domain::chat::LoggedCall;
use vuzo_domain::port::{Settle, SettleError, Settled};
use vuzo_domain::wallet::{Book, settle_hold};

use super::ledger::Ledger;
use crate::store::refused;

impl Ledger {
    pub(super) fn settle(&mut self, command: Settle) -> Result<Settled, SettleError> {
        let row = self.holds.get(&command.hold);
        let row = row.ok_or(SettleError::UnknownHold)?;
        let hold = row.hold.clone();
        let wallet = (hold.account, hold.currency);
        if let Some(settled) = row.settled {
            let available = self.available(wallet.0, wallet.1, command.charge.at);
            return Ok(Settled {
                available,
                ..settled
            });
        }
        if command.charge.amount != command.record.receipt.total {
            let reason = "the charge is not the total of the receipt";
            return Err(refused("settle", reason).into());
        }
        // The decision is made on a copy, so that a fault leaves everything as it is.
        let mut book = match self.wallets.get(&wallet) {
            Some(wallet) => wallet.book.clone(),
            None => Book::new(wallet.0, wallet.1, Vec::new()),
        };
        let was_open = hold.is_open();
        let posting = settle_hold(&mut book, hold, &command.charge)
            .map_err(|fault| refused("settle", fault))?;
        let hold = posting.hold;
        if was_open {
            self.open_holds.remove(&(hold.expires_at, hold.id));
            self.counters
                .release(&hold, hold.total().unwrap_or_default());
        }
        self.counters.spend(&hold, posting.charged);
        if let Some(stored) = self.wallets.get_mut(&wallet) {
            stored.book = book;
        }
        for transfer in posting.transfers {
            self.keep(transfer);
        }
        let call = hold.id.generation();
        match command.claim {
            Some((key, Some(answer))) => self.claims.answer(&key, call, answer),
            Some((_, None)) => self.claims.give_back(call),
            None => {}
        }
        let logged = LoggedCall {
            record: command.record,
            charged: posting.charged,
        };
        self.calls.insert(call, logged);
        let settled = Settled {
            charged: posting.charged,
            shortfall: posting.shortfall,
            available: self.available(wallet.0, wallet.1, command.charge.at),
        };
        if let Some(row) = self.holds.get_mut(&hold.id) {
            row.hold = hold;
            row.settled = Some(settled);
        }
        Ok(settled)
    }
}
