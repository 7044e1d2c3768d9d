use crate::id::LedgerAccountId;
use crate::money::{Overflow, Units};
use crate::time::Timestamp;

/// Why credit was given away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GrantKind {
    /// To try the service.
    Trial,
    /// Included in a plan.
    Plan,
    /// Any other present.
    Promo,
}

/// What kind of money a source holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// Given credit, perhaps until some moment.
    Grant(GrantKind, Option<Timestamp>),
    /// Money that the customer paid in, and the credit line on it.
    Paid,
}

/// One account of the ledger that a wallet can spend from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its account in the ledger.
    pub id: LedgerAccountId,
    /// What it holds.
    pub kind: SourceKind,
    /// Credits minus debits of its transfers.
    pub posted: Units,
    /// The sum of open holds on it.
    pub held: Units,
    /// How far below zero it may go.
    pub credit_line: Units,
}

impl Source {
    /// A source with nothing in it.
    pub const fn empty(id: LedgerAccountId, kind: SourceKind) -> Self {
        Self {
            id,
            kind,
            posted: Units::ZERO,
            held: Units::ZERO,
            credit_line: Units::ZERO,
        }
    }

    /// Whether it may still be drawn on.
    pub fn is_live(&self, now: Timestamp) -> bool {
        match self.kind {
            SourceKind::Grant(_, Some(expires_at)) => now < expires_at,
            SourceKind::Grant(_, None) | SourceKind::Paid => true,
        }
    }

    /// What a new hold may take from it. Zero once it has expired; negative only
    /// where a refund or dispute took back what was spent already.
    pub fn available(&self, now: Timestamp) -> Units {
        if self.is_live(now) {
            self.posted
                .saturating_minus(self.held)
                .saturating_plus(self.credit_line)
        } else {
            Units::ZERO
        }
    }

    /// What of an expired grant can be taken back: all that no open hold needs.
    pub fn lapsed(&self, now: Timestamp) -> Units {
        if self.is_live(now) {
            return Units::ZERO;
        }
        self.posted.saturating_minus(self.held).max(Units::ZERO)
    }

    /// The order of spending: grants that expire, soonest first; then the plan's
    /// allowance; then grants without end; then paid money.
    pub fn spend_order(&self) -> (u8, Timestamp, LedgerAccountId) {
        let (class, until) = match self.kind {
            SourceKind::Grant(GrantKind::Plan, until) => (1, until.unwrap_or_default()),
            SourceKind::Grant(_, Some(until)) => (0, until),
            SourceKind::Grant(_, None) => (2, Timestamp::default()),
            SourceKind::Paid => (3, Timestamp::default()),
        };
        (class, until, self.id)
    }

    pub(super) fn hold(&mut self, amount: Units) -> Result<(), Overflow> {
        self.held = self.held.plus(amount)?;
        Ok(())
    }

    pub(super) fn unhold(&mut self, amount: Units) -> Result<(), Overflow> {
        self.held = self.held.minus(amount)?;
        Ok(())
    }
}
