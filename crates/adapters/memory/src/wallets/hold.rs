use vuzo_domain::money::Units;
use vuzo_domain::port::{
    ExtendHold, ExtendHoldError, HoldExtended, HoldPlaced, PlaceHold, PlaceHoldError, Unavailable,
};
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::{
    CapCheck, Hold, HoldEnd, HoldState, Insufficient, LedgerFault, Placement,
};

use super::ledger::{HoldRow, Ledger};
use crate::store::refused;

impl Ledger {
    pub(super) fn place(&mut self, command: PlaceHold) -> Result<HoldPlaced, PlaceHoldError> {
        let id = command.call.hold();
        if let Some(row) = self.holds.get(&id) {
            let hold = row.hold.clone();
            let available = self.available(hold.account, hold.currency, command.at);
            return Ok(HoldPlaced { hold, available });
        }
        if let Some(claim) = &command.claim {
            self.claims.check(claim, command.at)?;
        }
        let wanted = self.within_caps(&command)?;
        let placement = self.set_aside(&command, wanted)?;
        let hold = Hold {
            id,
            account: command.account,
            key: command.key,
            currency: command.currency,
            parts: placement.parts,
            caps: command.caps.iter().map(|cap| cap.at(command.at)).collect(),
            state: HoldState::Open,
            placed_at: command.at,
            expires_at: command.expires_at,
        };
        self.counters.hold(&hold, placement.granted);
        if let Some(claim) = command.claim {
            self.claims.take(claim, command.call);
        }
        self.open_holds.insert((hold.expires_at, id));
        let available = self.available(hold.account, hold.currency, command.at);
        let row = HoldRow {
            hold: hold.clone(),
            settled: None,
        };
        self.holds.insert(id, row);
        Ok(HoldPlaced { hold, available })
    }

    /// What of the wanted amount every cap lets through.
    fn within_caps(&self, command: &PlaceHold) -> Result<Units, PlaceHoldError> {
        let tightest = command
            .caps
            .iter()
            .map(|check| {
                let counted = check.at(command.at);
                let left = self.counters.remaining(counted, command.currency, check);
                (left, check)
            })
            .min_by_key(|(left, _)| *left);
        let Some((remaining, check)) = tightest else {
            return Ok(command.wanted);
        };
        if command.wanted.is_positive() && remaining < command.least.max(Units(1)) {
            return Err(PlaceHoldError::CapReached {
                check: *check,
                remaining,
            });
        }
        Ok(command.wanted.min(remaining))
    }

    fn set_aside(
        &mut self,
        command: &PlaceHold,
        wanted: Units,
    ) -> Result<Placement, PlaceHoldError> {
        let placed = match self.wallets.get_mut(&(command.account, command.currency)) {
            Some(wallet) => wallet.book.place(wanted, command.least, command.at),
            None if wanted.is_positive() => Err(Insufficient {
                available: Units::ZERO,
            }),
            None => Ok(Placement {
                parts: Vec::new(),
                granted: Units::ZERO,
            }),
        };
        placed.map_err(|Insufficient { available }| PlaceHoldError::Insufficient { available })
    }

    pub(super) fn extend(
        &mut self,
        command: &ExtendHold,
        caps: &[CapCheck],
    ) -> Result<HoldExtended, ExtendHoldError> {
        let row = self.holds.get(&command.hold);
        let row = row.filter(|row| row.hold.is_open());
        let old = row.ok_or(ExtendHoldError::NotOpen)?.hold.clone();
        let had = old
            .total()
            .map_err(|overflow| extend_fault(overflow.into()))?;
        let more = command.total.saturating_minus(had);
        let mut parts = Vec::new();
        if more.is_positive() {
            self.check_extension(&old, more, caps)?;
            let wallet = self.wallets.get_mut(&(old.account, old.currency));
            let placed = match wallet {
                Some(wallet) => wallet.book.place(more, more, command.at),
                None => Err(Insufficient {
                    available: Units::ZERO,
                }),
            };
            parts = placed
                .map_err(|Insufficient { available }| ExtendHoldError::Insufficient { available })?
                .parts;
            self.counters.hold(&old, more);
        }
        let expired_at = old.expires_at;
        let hold = old
            .extended(&parts, command.expires_at)
            .map_err(extend_fault)?;
        self.open_holds.remove(&(expired_at, hold.id));
        self.open_holds.insert((hold.expires_at, hold.id));
        if let Some(row) = self.holds.get_mut(&hold.id) {
            row.hold = hold.clone();
        }
        let available = self.available(hold.account, hold.currency, command.at);
        Ok(HoldExtended { hold, available })
    }

    /// The caps that the hold was placed under must have room for more of it.
    fn check_extension(
        &self,
        hold: &Hold,
        more: Units,
        caps: &[CapCheck],
    ) -> Result<(), ExtendHoldError> {
        for counted in &hold.caps {
            let checks = caps
                .iter()
                .filter(|check| check.scope == counted.scope && check.cap.window == counted.window);
            for check in checks {
                let available = self.counters.remaining(*counted, hold.currency, check);
                if available < more {
                    return Err(ExtendHoldError::Insufficient { available });
                }
            }
        }
        Ok(())
    }

    pub(super) fn expire_holds(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Hold>, Unavailable> {
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let overdue: Vec<_> = self
            .open_holds
            .iter()
            .take_while(|(expires_at, _)| *expires_at <= now)
            .take(most)
            .copied()
            .collect();
        let mut ended = Vec::with_capacity(overdue.len());
        for entry in overdue {
            self.open_holds.remove(&entry);
            let Some(row) = self.holds.get_mut(&entry.1) else {
                continue;
            };
            let fault = |fault: LedgerFault| refused("expire_holds", fault);
            let hold = row
                .hold
                .clone()
                .ended(HoldEnd::Expired, now)
                .map_err(fault)?;
            row.hold = hold.clone();
            if let Some(wallet) = self.wallets.get_mut(&(hold.account, hold.currency)) {
                let released = wallet.book.release(&hold);
                released.map_err(|overflow| fault(overflow.into()))?;
            }
            let total = hold.total().unwrap_or_default();
            self.counters.release(&hold, total);
            self.claims.give_back(hold.id.generation());
            ended.push(hold);
        }
        Ok(ended)
    }
}

fn extend_fault(fault: LedgerFault) -> ExtendHoldError {
    refused("extend_hold", fault).into()
}
