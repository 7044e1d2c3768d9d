use super::{Hold, Part, Source};
use crate::id::{AccountId, LedgerAccountId};
use crate::money::{Currency, Overflow, Units};
use crate::time::Timestamp;

/// A wallet as the decisions see it: all sources of one account and currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Book {
    /// Whose.
    pub account: AccountId,
    /// In which currency.
    pub currency: Currency,
    sources: Vec<Source>,
}

/// Not even the least that was asked for is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the wallet cannot carry this")]
pub struct Insufficient {
    /// What a hold could have taken.
    pub available: Units,
}

/// What a hold took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// From which sources.
    pub parts: Vec<Part>,
    /// Together.
    pub granted: Units,
}

/// What a capture drew from one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// The source.
    pub source: LedgerAccountId,
    /// How much.
    pub amount: Units,
    /// The wallet's posted balance afterwards.
    pub balance_after: Units,
}

/// What a capture came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// What the customer pays, by source.
    pub draws: Vec<Draw>,
    /// What exceeded the hold: the operator's loss.
    pub shortfall: Units,
}

impl Book {
    /// A wallet out of its sources, in any order.
    pub fn new(account: AccountId, currency: Currency, mut sources: Vec<Source>) -> Self {
        sources.sort_by_key(Source::spend_order);
        Self {
            account,
            currency,
            sources,
        }
    }

    /// Its sources in the order of spending.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// One of its sources, to change.
    pub fn source_mut(&mut self, id: LedgerAccountId) -> Option<&mut Source> {
        self.sources.iter_mut().find(|source| source.id == id)
    }

    /// Adds a source.
    pub fn add_source(&mut self, source: Source) {
        self.sources.push(source);
        self.sources.sort_by_key(Source::spend_order);
    }

    /// What a new hold may take. Negative where a source is below its floor.
    pub fn available(&self, now: Timestamp) -> Units {
        self.fold(|source| source.available(now))
    }

    /// The sum of all transfers.
    pub fn posted(&self) -> Units {
        self.fold(|source| source.posted)
    }

    /// The sum of all open holds.
    pub fn held(&self) -> Units {
        self.fold(|source| source.held)
    }

    fn fold(&self, amount: impl Fn(&Source) -> Units) -> Units {
        self.sources
            .iter()
            .map(amount)
            .fold(Units::ZERO, Units::saturating_plus)
    }

    /// Sets aside up to `wanted`, and no less than `least`.
    ///
    /// Refuses with [`Insufficient`] if `least` is not available, changing nothing.
    /// A hold of nothing is always granted.
    pub fn place(
        &mut self,
        wanted: Units,
        least: Units,
        now: Timestamp,
    ) -> Result<Placement, Insufficient> {
        let available = self.available(now);
        if wanted.is_positive() && available < least.max(Units(1)) {
            return Err(Insufficient { available });
        }
        let mut missing = wanted.min(available).max(Units::ZERO);
        let mut placement = Placement {
            parts: Vec::with_capacity(1),
            granted: missing,
        };
        for source in &mut self.sources {
            let amount = source.available(now).min(missing);
            if !amount.is_positive() {
                continue;
            }
            source
                .hold(amount)
                .map_err(|Overflow| Insufficient { available })?;
            placement.parts.push(Part {
                source: source.id,
                amount,
            });
            missing = missing.saturating_minus(amount);
        }
        Ok(placement)
    }

    /// Ends the parts of a hold and draws the charge from them, in the order of
    /// spending. What the parts do not cover is the shortfall.
    pub fn capture(&mut self, hold: &Hold, charge: Units) -> Result<Capture, Overflow> {
        let mut due = charge.max(Units::ZERO);
        let mut taken: Vec<(LedgerAccountId, Units)> = Vec::with_capacity(1);
        for part in &hold.parts {
            let Some(source) = self.source_mut(part.source) else {
                continue;
            };
            source.unhold(part.amount)?;
            let amount = part.amount.min(due);
            if amount.is_positive() {
                source.posted = source.posted.minus(amount)?;
                due = due.minus(amount)?;
                taken.push((part.source, amount));
            }
        }
        let mut balance_after = self.posted();
        let mut draws: Vec<Draw> = Vec::with_capacity(taken.len());
        for (source, amount) in taken.into_iter().rev() {
            draws.push(Draw {
                source,
                amount,
                balance_after,
            });
            balance_after = balance_after.plus(amount)?;
        }
        draws.reverse();
        Ok(Capture {
            draws,
            shortfall: due,
        })
    }

    /// Gives back all that a hold set aside.
    pub fn release(&mut self, hold: &Hold) -> Result<(), Overflow> {
        for part in &hold.parts {
            if let Some(source) = self.source_mut(part.source) {
                source.unhold(part.amount)?;
            }
        }
        Ok(())
    }
}
