use super::{CapUse, LedgerFault};
use crate::id::{AccountId, HoldId, KeyId, LedgerAccountId};
use crate::money::{Currency, Overflow, Units};
use crate::time::Timestamp;

/// What a hold takes from one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The source.
    pub source: LedgerAccountId,
    /// How much of it.
    pub amount: Units,
}

/// How a hold ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HoldEnd {
    /// Settled, by this charge (which may be nothing).
    Captured(Units),
    /// Given back by the reaper after its expiry.
    Expired,
}

/// Where a hold is in its life. It ends once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HoldState {
    /// Its money is set aside.
    Open,
    /// Nothing is set aside any more.
    Ended {
        /// How it ended.
        end: HoldEnd,
        /// When.
        at: Timestamp,
    },
}

/// Money set aside for one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Shares its UUID with the call.
    pub id: HoldId,
    /// Who pays.
    pub account: AccountId,
    /// With which key, if it was one.
    pub key: Option<KeyId>,
    /// In which currency.
    pub currency: Currency,
    /// From which sources, in the order of spending.
    pub parts: Vec<Part>,
    /// The spending caps that count it.
    pub caps: Vec<CapUse>,
    /// Where it is in its life.
    pub state: HoldState,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// When the reaper may end it.
    pub expires_at: Timestamp,
}

impl Hold {
    /// All that is set aside.
    pub fn total(&self) -> Result<Units, Overflow> {
        Units::sum(self.parts.iter().map(|part| part.amount))
    }

    /// Whether its money is still set aside.
    pub fn is_open(&self) -> bool {
        self.state == HoldState::Open
    }

    /// The same hold, ended.
    pub fn ended(self, end: HoldEnd, at: Timestamp) -> Result<Self, LedgerFault> {
        match self.state {
            HoldState::Open => Ok(Self {
                state: HoldState::Ended { end, at },
                ..self
            }),
            HoldState::Ended { .. } => Err(LedgerFault::HoldEndedTwice(self.id)),
        }
    }

    /// The same hold with more set aside.
    pub fn extended(mut self, more: &[Part], expires_at: Timestamp) -> Result<Self, LedgerFault> {
        if !self.is_open() {
            return Err(LedgerFault::HoldEndedTwice(self.id));
        }
        for part in more {
            match self
                .parts
                .iter_mut()
                .find(|known| known.source == part.source)
            {
                Some(known) => known.amount = known.amount.plus(part.amount)?,
                None => self.parts.push(*part),
            }
        }
        Ok(Self {
            expires_at: self.expires_at.max(expires_at),
            ..self
        })
    }
}
