use super::{Book, Capture, Hold, HoldEnd, SystemAccount, Transfer, TransferKind};
use crate::catalog::ProviderId;
use crate::id::{GenerationId, HoldId, LedgerAccountId, TransferId};
use crate::money::{Currency, Overflow, Units};
use crate::time::Timestamp;

/// The ledger would have had to break one of its own rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerFault {
    /// A hold ends once.
    #[error("{0} has already ended")]
    HoldEndedTwice(HoldId),
    /// Some sum left the range of the integers.
    #[error(transparent)]
    Overflow(#[from] Overflow),
}

/// What a provider is owed for a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderDebt {
    /// The provider.
    pub provider: ProviderId,
    /// How much.
    pub amount: Units,
    /// In which currency.
    pub currency: Currency,
}

/// What a call comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The customer's price.
    pub amount: Units,
    /// What the providers of all attempts are owed.
    pub provider_debts: Vec<ProviderDebt>,
    /// What the customer reads in the list of transactions.
    pub description: String,
    /// When.
    pub at: Timestamp,
}

/// What must be written to settle a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The hold, ended.
    pub hold: Hold,
    /// Every transfer of the call.
    pub transfers: Vec<Transfer>,
    /// What the customer was charged.
    pub charged: Units,
    /// What was beyond the hold.
    pub shortfall: Units,
}

/// Settles a call against its hold, changing the book.
///
/// A hold that the reaper has already given back cannot be captured: the charge is
/// then drawn from whatever is available now, and the rest is shortfall. Either way
/// no source goes below its floor.
pub fn settle_hold(book: &mut Book, hold: Hold, charge: &Charge) -> Result<Posting, LedgerFault> {
    let (hold, capture) = if hold.is_open() {
        let capture = book.capture(&hold, charge.amount)?;
        let charged = charge.amount.max(Units::ZERO).minus(capture.shortfall)?;
        (hold.ended(HoldEnd::Captured(charged), charge.at)?, capture)
    } else {
        let capture = capture_late(book, &hold, charge)?;
        (hold, capture)
    };
    let generation = hold.id.generation();
    let mut writer = CallTransfers {
        hold: &hold,
        generation,
        charge,
        transfers: Vec::with_capacity(2),
    };
    let mut charged = Units::ZERO;
    for draw in &capture.draws {
        charged = charged.plus(draw.amount)?;
        writer.usage(draw.source, draw.amount, draw.balance_after);
    }
    if capture.shortfall.is_positive() {
        writer.operator(
            TransferKind::Shortfall,
            SystemAccount::Shortfall,
            SystemAccount::Revenue,
            capture.shortfall,
            hold.currency,
        );
    }
    for debt in charge
        .provider_debts
        .iter()
        .filter(|debt| debt.amount.is_positive())
    {
        writer.operator(
            TransferKind::ProviderCost,
            SystemAccount::ProviderCost,
            SystemAccount::ProviderFloat,
            debt.amount,
            debt.currency,
        );
    }
    let transfers = writer.transfers;
    Ok(Posting {
        transfers,
        charged,
        shortfall: capture.shortfall,
        hold,
    })
}

fn capture_late(book: &mut Book, hold: &Hold, charge: &Charge) -> Result<Capture, LedgerFault> {
    let parts = match book.place(charge.amount, Units(1), charge.at) {
        Ok(placement) => placement.parts,
        Err(_nothing_left) => Vec::new(),
    };
    let fresh = Hold {
        parts,
        ..hold.clone()
    };
    Ok(book.capture(&fresh, charge.amount)?)
}

struct CallTransfers<'call> {
    hold: &'call Hold,
    generation: GenerationId,
    charge: &'call Charge,
    transfers: Vec<Transfer>,
}

impl CallTransfers<'_> {
    fn next_id(&self) -> TransferId {
        let ordinal = u8::try_from(self.transfers.len()).unwrap_or(u8::MAX);
        TransferId::of_call(self.generation, ordinal)
    }

    fn usage(&mut self, source: LedgerAccountId, amount: Units, balance_after: Units) {
        let currency = self.hold.currency;
        self.transfers.push(Transfer {
            id: self.next_id(),
            debit: source,
            credit: SystemAccount::Revenue.id(currency),
            amount,
            currency,
            kind: TransferKind::Usage,
            account: Some(self.hold.account),
            generation: Some(self.generation),
            description: Some(self.charge.description.clone()),
            balance_after: Some(balance_after),
            at: self.charge.at,
        });
    }

    fn operator(
        &mut self,
        kind: TransferKind,
        debit: SystemAccount,
        credit: SystemAccount,
        amount: Units,
        currency: Currency,
    ) {
        self.transfers.push(Transfer {
            id: self.next_id(),
            debit: debit.id(currency),
            credit: credit.id(currency),
            amount,
            currency,
            kind,
            account: None,
            generation: Some(self.generation),
            description: None,
            balance_after: None,
            at: self.charge.at,
        });
    }
}
