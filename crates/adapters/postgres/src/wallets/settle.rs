use vuzo_domain::money::Units;
use vuzo_domain::port::{Settle, SettleError, Settled};
use vuzo_domain::wallet::{Hold, Posting, settle_hold};

use crate::batch::{Batch, Wants};
use crate::database::Fault;
use crate::writer::Work;

impl Work for Settle {
    type Done = Settled;
    type Refusal = SettleError;

    const OPERATION: &'static str = "settle";

    /// The record says on which wallet the hold is; should it be wrong, the hold
    /// turns out to be a stray.
    fn wants<'job>(&'job self, wants: &mut Wants<'job>) {
        let currency = self.record.receipt.currency;
        wants.wallets.insert((self.record.account, currency));
        wants.holds.insert(self.hold);
        wants.settling.insert(self.hold);
    }

    /// Settles a call, as the domain decides.
    fn decide<'job>(&'job self, batch: &mut Batch<'job>) -> Result<Settled, Fault<SettleError>> {
        let Some(stored) = batch.holds.find(self.hold).cloned() else {
            return Err(Fault::Refused(SettleError::UnknownHold));
        };
        if !stored.is_open()
            && let Some(settled) = settled_before(batch, &stored, self)?
        {
            return Ok(settled);
        }
        if self.charge.amount != self.record.receipt.total
            || self.record.id != stored.id.generation()
            || self.record.account != stored.account
        {
            return Err(Fault::broken(
                "the charge and the usage record are not of one call",
            ));
        }
        let was_open = stored.is_open();
        let held = if was_open {
            stored.total()?
        } else {
            Units::ZERO
        };
        let book = batch.books.get(stored.account, stored.currency)?;
        let posting = settle_hold(book, stored, &self.charge)?;
        let available = book.available(self.charge.at);
        count(batch, &posting, held)?;
        if was_open {
            batch.holds.end(posting.hold.clone());
        }
        let call = posting.hold.id.generation();
        match &self.claim {
            Some((_, Some(answer))) => batch.claims.answer(call, answer),
            Some((_, None)) => batch.claims.give_back(call),
            None => {}
        }
        let settled = Settled {
            charged: posting.charged,
            shortfall: posting.shortfall,
            available,
        };
        batch.calls.settle(&self.record, posting);
        Ok(settled)
    }
}

/// What the call was settled by, if it was.
fn settled_before(
    batch: &mut Batch<'_>,
    hold: &Hold,
    command: &Settle,
) -> Result<Option<Settled>, Fault<SettleError>> {
    let Some(first) = batch.calls.settled_before(hold.id) else {
        return Ok(None);
    };
    let book = batch.books.get(hold.account, hold.currency)?;
    Ok(Some(Settled {
        charged: first.charged,
        shortfall: first.shortfall,
        available: book.available(command.charge.at),
    }))
}

/// Moves the call in every counter from held to spent.
fn count(batch: &mut Batch<'_>, posting: &Posting, held: Units) -> Result<(), Fault<SettleError>> {
    for cap in &posting.hold.caps {
        let counter = batch.counters.get(*cap)?;
        counter.held = counter.held.minus(held)?;
        counter.spent = counter.spent.plus(posting.charged)?;
    }
    Ok(())
}
