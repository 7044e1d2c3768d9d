use vuzo_domain::money::Units;
use vuzo_domain::port::{
    ExtendHold, ExtendHoldError, HoldExtended, HoldPlaced, PlaceHold, PlaceHoldError,
};
use vuzo_domain::wallet::{CapCheck, Hold, HoldState, Insufficient};

use super::claims;
use crate::batch::{Batch, Wants};
use crate::database::Fault;
use crate::writer::Work;

impl Work for PlaceHold {
    type Done = HoldPlaced;
    type Refusal = PlaceHoldError;

    const OPERATION: &'static str = "place_hold";

    fn wants<'job>(&'job self, wants: &mut Wants<'job>) {
        wants.wallets.insert((self.account, self.currency));
        wants.holds.insert(self.call.hold());
        wants
            .counters
            .extend(self.caps.iter().map(|cap| cap.at(self.at)));
        wants
            .claims
            .extend(self.claim.as_ref().map(|claim| &claim.key));
    }

    fn decide<'job>(
        &'job self,
        batch: &mut Batch<'job>,
    ) -> Result<HoldPlaced, Fault<PlaceHoldError>> {
        if let Some(claim) = &self.claim {
            claims::check(&batch.claims, claim, self.call, self.at)?;
        }
        if let Some(stored) = batch.holds.find(self.call.hold()).cloned() {
            return as_stored(batch, self, stored);
        }
        let wanted = within_caps(batch, self)?;
        let book = batch.books.get(self.account, self.currency)?;
        let placement =
            book.place(wanted, self.least, self.at)
                .map_err(|Insufficient { available }| {
                    Fault::Refused(PlaceHoldError::Insufficient { available })
                })?;
        let hold = Hold {
            id: self.call.hold(),
            account: self.account,
            key: self.key,
            currency: self.currency,
            parts: placement.parts,
            caps: self.caps.iter().map(|cap| cap.at(self.at)).collect(),
            state: HoldState::Open,
            placed_at: self.at,
            expires_at: self.expires_at,
        };
        for cap in &hold.caps {
            let counter = batch.counters.get(*cap)?;
            counter.held = counter.held.plus(placement.granted)?;
        }
        if let Some(claim) = &self.claim {
            batch.claims.take(claim, self.call);
        }
        batch.holds.place(hold.clone());
        as_stored(batch, self, hold)
    }
}

/// What of the wanted amount every cap lets through.
fn within_caps(batch: &mut Batch<'_>, command: &PlaceHold) -> Result<Units, Fault<PlaceHoldError>> {
    let mut tightest: Option<(Units, CapCheck)> = None;
    for check in &command.caps {
        let counter = batch.counters.get::<PlaceHoldError>(check.at(command.at))?;
        let remaining = counter.remaining(check.cap);
        if tightest.is_none_or(|(least, _)| remaining < least) {
            tightest = Some((remaining, *check));
        }
    }
    let Some((remaining, check)) = tightest else {
        return Ok(command.wanted);
    };
    if command.wanted.is_positive() && remaining < command.least.max(Units(1)) {
        let refusal = PlaceHoldError::CapReached { check, remaining };
        return Err(Fault::Refused(refusal));
    }
    Ok(command.wanted.min(remaining))
}

fn as_stored(
    batch: &mut Batch<'_>,
    command: &PlaceHold,
    hold: Hold,
) -> Result<HoldPlaced, Fault<PlaceHoldError>> {
    let book = batch.books.get(hold.account, hold.currency)?;
    Ok(HoldPlaced {
        available: book.available(command.at),
        hold,
    })
}

/// An extension with the limits of its caps.
pub(super) struct Extension {
    pub(super) command: ExtendHold,
    pub(super) caps: Vec<CapCheck>,
}

impl Work for Extension {
    type Done = HoldExtended;
    type Refusal = ExtendHoldError;

    const OPERATION: &'static str = "extend_hold";

    fn wants<'job>(&'job self, wants: &mut Wants<'job>) {
        wants.holds.insert(self.command.hold);
        wants.strays.push(self.command.hold);
    }

    /// Extends a hold to a total, all or nothing.
    fn decide<'job>(
        &'job self,
        batch: &mut Batch<'job>,
    ) -> Result<HoldExtended, Fault<ExtendHoldError>> {
        let command = &self.command;
        let stored = batch.holds.find(command.hold).filter(|hold| hold.is_open());
        let Some(hold) = stored.cloned() else {
            return Err(Fault::Refused(ExtendHoldError::NotOpen));
        };
        let more = command
            .total
            .saturating_minus(hold.total()?)
            .max(Units::ZERO);
        let free = free_under_caps(batch, &hold, &self.caps)?;
        let refused = |available| Fault::Refused(ExtendHoldError::Insufficient { available });
        let book = batch.books.get(hold.account, hold.currency)?;
        if free < more {
            return Err(refused(book.available(command.at).min(free)));
        }
        let placement = book
            .place(more, more, command.at)
            .map_err(|Insufficient { available }| refused(available))?;
        let available = book.available(command.at);
        let hold = hold.extended(&placement.parts, command.expires_at)?;
        for cap in &hold.caps {
            let counter = batch.counters.get(*cap)?;
            counter.held = counter.held.plus(more)?;
        }
        batch.holds.extend(hold.clone());
        Ok(HoldExtended { hold, available })
    }
}

/// What the caps that count the hold leave, in the windows that count it.
fn free_under_caps(
    batch: &mut Batch<'_>,
    hold: &Hold,
    caps: &[CapCheck],
) -> Result<Units, Fault<ExtendHoldError>> {
    let mut free = Units::MAX;
    for cap in &hold.caps {
        let limit = caps
            .iter()
            .find(|check| check.scope == cap.scope && check.cap.window == cap.window);
        if let Some(check) = limit {
            let counter = batch.counters.get::<ExtendHoldError>(*cap)?;
            free = free.min(counter.remaining(check.cap));
        }
    }
    Ok(free)
}
