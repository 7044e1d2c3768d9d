use core::time::Duration;

use tokio::time::Instant;
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::{Answer, ExtendHold, ExtendHoldError, PlaceHold, PlaceHoldError};
use vuzo_domain::wallet::{CapCheck, CapScope, Hold};

use super::engine::Engine;
use super::error::CallError;
use super::quote::Quoted;
use super::route::Candidate;
use super::tally::Tally;
use super::trail::Trail;

/// Why a call goes no further. No money is set aside.
pub(super) enum Stop {
    /// It is refused.
    Refused(CallError),
    /// It was answered before.
    Replay(Box<Answer>),
}

impl From<CallError> for Stop {
    fn from(error: CallError) -> Self {
        Self::Refused(error)
    }
}

/// A call for which money is set aside, durably.
pub(super) struct Held {
    /// Boxed: every step that waits would make room for it anew.
    pub(super) quoted: Box<Quoted>,
    pub(super) hold: Hold,
    /// All that is set aside.
    pub(super) total: Units,
    /// What the wallet had left for others.
    pub(super) available: Units,
    /// The output tokens of one answer that the hold covers.
    pub(super) covered: u64,
    /// The output limit that goes to the provider, where it differs from the request.
    pub(super) written: Option<u64>,
    /// The output limit that the wallet imposed.
    pub(super) clamped: Option<u64>,
    /// When the hold is to be kept from expiring.
    pub(super) renew_at: Instant,
    /// What was tried before.
    pub(super) trail: Trail,
}

/// The output limit of whoever answers, by what is held.
struct Fit {
    covered: u64,
    written: Option<u64>,
    clamped: Option<u64>,
}

impl Engine {
    /// The command that sets money aside for a call.
    pub(super) fn hold_command(&self, quoted: &Quoted) -> Result<PlaceHold, CallError> {
        let (wanted, least) = quoted.hold_bounds()?;
        let call = &quoted.call;
        Ok(PlaceHold {
            call: call.id,
            account: call.caller.account.id,
            key: call.caller.key().map(|key| key.id),
            currency: quoted.chosen().quote.currency(),
            wanted,
            least,
            caps: if quoted.is_test {
                Vec::new()
            } else {
                caps(quoted)
            },
            claim: call.claim.clone(),
            at: call.created_at,
            expires_at: call.created_at.after(self.hold_lifetime),
        })
    }

    /// Whether the provider may be called before the hold is durable: the balance
    /// carries it beyond doubt, and nothing but the balance could refuse it.
    pub(super) fn may_overlap(&self, command: &PlaceHold) -> bool {
        command.claim.is_none()
            && command.caps.is_empty()
            && self.hints.clearly_carries(command.account, command.wanted)
    }

    /// Sets the money aside: the first of the two times that a call touches money.
    pub(super) async fn place(&self, command: PlaceHold) -> Result<(Hold, Units), Refusal> {
        let account = command.account;
        let least = command.least;
        match self.wallets.place_hold(command).await {
            Ok(placed) => {
                self.hints.note(account, placed.available);
                Ok((placed.hold, placed.available))
            }
            Err(error) => Err(Refusal { error, least }),
        }
    }

    /// Joins a call with its hold. Where the wallet does not carry all that was
    /// wanted, the output limit comes down to what it carries.
    pub(super) fn held(
        &self,
        quoted: Box<Quoted>,
        (hold, available): (Hold, Units),
    ) -> Result<Held, CallError> {
        let total = hold.total()?;
        let chosen = quoted.chosen();
        let fit = quoted.fit(chosen, total)?.unwrap_or(Fit {
            covered: chosen.plan.least,
            written: Some(chosen.plan.least),
            clamped: Some(chosen.plan.least),
        });
        if fit.clamped.is_some() {
            Tally::add(&self.tally.clamped);
        }
        Ok(Held {
            hold,
            total,
            available,
            covered: fit.covered,
            written: fit.written,
            clamped: fit.clamped,
            renew_at: self.next_renewal(),
            trail: Trail::default(),
            quoted,
        })
    }

    /// What a refusal of the ledger means to the customer.
    pub(super) fn explain(&self, quoted: &Quoted, refusal: Refusal) -> Stop {
        let currency: Currency = quoted.chosen().quote.currency();
        let Refusal { error, least } = refusal;
        Stop::Refused(match error {
            PlaceHoldError::Insufficient { available } => {
                Tally::add(&self.tally.insufficient);
                CallError::Insufficient {
                    required: least,
                    available,
                    currency,
                    max_tokens_affordable: quoted.chosen().affordable(available),
                }
            }
            PlaceHoldError::CapReached { check, remaining } => CallError::CapReached {
                check,
                required: least,
                remaining,
                currency,
            },
            PlaceHoldError::ClaimRunning => CallError::KeyRunning,
            PlaceHoldError::ClaimMismatch => CallError::KeyMismatch,
            PlaceHoldError::ClaimAnswered(answer) => return Stop::Replay(answer),
            PlaceHoldError::Unavailable(fault) => CallError::Unavailable(fault),
        })
    }

    pub(super) fn next_renewal(&self) -> Instant {
        let third = self
            .hold_lifetime
            .checked_div(3)
            .unwrap_or(Duration::from_secs(1));
        Instant::now() + third
    }

    /// Keeps the hold of a call that takes long from expiring.
    pub(super) async fn renew(&self, held: &mut Held) {
        held.renew_at = self.next_renewal();
        let total = held.total;
        if let Err(error) = self.extend_to(held, total).await {
            tracing::warn!(call = %held.quoted.call.id, %error, "a hold was not renewed");
        }
    }

    /// Makes the hold cover so many output tokens of each answer.
    pub(super) async fn stretch(
        &self,
        held: &mut Held,
        most_output: u64,
    ) -> Result<(), ExtendHoldError> {
        let Ok(total) = held.quoted.chosen().worst_case(most_output) else {
            return Err(ExtendHoldError::Insufficient {
                available: Units::ZERO,
            });
        };
        // What was held for somebody dearer is enough for longer.
        let total = total.max(held.total);
        self.extend_to(held, total).await?;
        held.covered = most_output;
        held.renew_at = self.next_renewal();
        Tally::add(&self.tally.extended);
        Ok(())
    }

    async fn extend_to(&self, held: &mut Held, total: Units) -> Result<(), ExtendHoldError> {
        let now = self.clock.now();
        let command = ExtendHold {
            hold: held.hold.id,
            total,
            expires_at: now.after(self.hold_lifetime),
            at: now,
        };
        let caps = caps(&held.quoted);
        let extended = self.wallets.extend_hold(command, caps).await?;
        held.total = extended.hold.total().unwrap_or(held.total);
        held.hold = extended.hold;
        held.available = extended.available;
        Ok(())
    }
}

/// A refusal of the ledger, and what was needed.
pub(super) struct Refusal {
    error: PlaceHoldError,
    least: Units,
}

impl Quoted {
    /// How much one of those who may answer can answer for what is held; `None` if it
    /// is not worth to begin.
    fn fit(&self, candidate: &Candidate, total: Units) -> Result<Option<Fit>, CallError> {
        let plan = candidate.plan;
        if self.is_test || candidate.worst_case(plan.first)? <= total {
            return Ok(Some(Fit {
                covered: plan.first,
                written: plan.written,
                clamped: None,
            }));
        }
        let carried = candidate.affordable(total).map(|most| most.min(plan.first));
        Ok(carried.filter(|most| *most >= plan.least).map(|most| Fit {
            covered: most,
            written: Some(most),
            clamped: Some(most),
        }))
    }
}

impl Held {
    /// Gives the turn to another one, whose limit is fitted to the same hold. `false`
    /// if the hold does not carry it; nothing is changed then.
    pub(super) fn turn_to(&mut self, candidate: Candidate) -> bool {
        let Ok(Some(fit)) = self.quoted.fit(&candidate, self.total) else {
            return false;
        };
        self.covered = fit.covered;
        self.written = fit.written;
        self.clamped = fit.clamped;
        self.quoted.route.chosen = candidate;
        true
    }
}

fn caps(quoted: &Quoted) -> Vec<CapCheck> {
    let caller = &quoted.call.caller;
    let of_account = caller.account.caps.iter().map(|cap| CapCheck {
        scope: CapScope::Account(caller.account.id),
        cap: *cap,
    });
    let of_key = caller.key().and_then(|key| {
        Some(CapCheck {
            scope: CapScope::Key(key.id),
            cap: key.spend_cap?,
        })
    });
    of_account.chain(of_key).collect()
}
