use core::time::Duration;

use tokio::time::Instant;
use vuzo_domain::chat::UpstreamCall;
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::{Answer, ExtendHold, ExtendHoldError, PlaceHold, PlaceHoldError};
use vuzo_domain::wallet::{CapCheck, CapScope, Hold};

use super::engine::Engine;
use super::error::CallError;
use super::quote::Quoted;
use super::tally::Tally;

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
    pub(super) quoted: Quoted,
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
            currency: quoted.quote.currency(),
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
        quoted: Quoted,
        (hold, available): (Hold, Units),
    ) -> Result<Held, CallError> {
        let total = hold.total()?;
        let (wanted, _) = quoted.hold_bounds()?;
        let plan = quoted.plan;
        let clamped = if total < wanted {
            Tally::add(&self.tally.clamped);
            Some(
                quoted
                    .affordable(total)
                    .unwrap_or(plan.least)
                    .min(plan.first),
            )
        } else {
            None
        };
        Ok(Held {
            hold,
            total,
            available,
            covered: clamped.unwrap_or(plan.first),
            written: clamped.or(plan.written),
            clamped,
            renew_at: self.next_renewal(),
            quoted,
        })
    }

    /// What a refusal of the ledger means to the customer.
    pub(super) fn explain(&self, quoted: &Quoted, refusal: Refusal) -> Stop {
        let currency: Currency = quoted.quote.currency();
        let Refusal { error, least } = refusal;
        Stop::Refused(match error {
            PlaceHoldError::Insufficient { available } => {
                Tally::add(&self.tally.insufficient);
                CallError::Insufficient {
                    required: least,
                    available,
                    currency,
                    max_tokens_affordable: quoted.affordable(available),
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

    fn next_renewal(&self) -> Instant {
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
        let Ok(total) = held.quoted.worst_case(most_output) else {
            return Err(ExtendHoldError::Insufficient {
                available: Units::ZERO,
            });
        };
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
    /// The call as it goes to the provider.
    pub(super) fn upstream(&self, written: Option<u64>) -> UpstreamCall {
        UpstreamCall {
            generation: self.call.id,
            upstream_model: self.upstream_model.clone(),
            capabilities: std::sync::Arc::clone(&self.capabilities),
            model_most: self.model_most,
            secret: None,
            output_limit: written,
            envelope: std::sync::Arc::clone(&self.call.envelope),
        }
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
