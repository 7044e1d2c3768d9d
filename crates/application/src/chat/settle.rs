use core::time::Duration;

use tokio::time::{sleep, timeout};
use vuzo_domain::id::AccountId;
use vuzo_domain::money::Units;
use vuzo_domain::port::{Settle, SettleError, Settled};

use super::admit::Place;
use super::engine::Engine;
use super::tally::{Gauge, Tally};

/// So long an answer waits for its settlement to be durable.
const LONGEST_WAIT: Duration = Duration::from_millis(250);

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

impl Engine {
    /// Settles a call and gives its place back, then lets `deliver` answer: as soon as
    /// the settlement is durable, at the latest after a quarter of a second. The
    /// settlement itself is seen to its end, however long the ledger is away. Answers
    /// whether the ledger has taken it.
    pub(super) async fn settle(
        &self,
        place: Place,
        tokens: u64,
        command: Settle,
        deliver: impl AsyncFnOnce(Option<Settled>),
    ) -> bool {
        let account = command.record.account;
        let settling = async {
            let (settled, ()) = futures_util::join!(
                self.settle_at_last(account, command),
                self.leave(place, tokens)
            );
            settled
        };
        let mut settling = core::pin::pin!(settling);
        if let Ok(settled) = timeout(LONGEST_WAIT, settling.as_mut()).await {
            let is_settled = settled.is_some();
            deliver(settled).await;
            is_settled
        } else {
            Tally::add(&self.tally.late_settles);
            deliver(None).await;
            settling.await.is_some()
        }
    }

    /// Sends the settlement until the ledger has taken it; sending it twice does no
    /// harm. Gives up only when the process has to end: the hold then runs out, and
    /// the customer is not charged.
    async fn settle_at_last(&self, account: AccountId, command: Settle) -> Option<Settled> {
        let call = command.record.id;
        let mut pause = FIRST_PAUSE;
        let mut waiting = None;
        loop {
            match self.wallets.settle(command.clone()).await {
                Ok(settled) => {
                    self.hints.note(account, settled.available);
                    if settled.shortfall > Units::ZERO {
                        Tally::add(&self.tally.shortfalls);
                        tracing::error!(%call, shortfall = settled.shortfall.0, "a call cost more than was held");
                    }
                    return Some(settled);
                }
                Err(SettleError::UnknownHold) => {
                    tracing::error!(%call, "there is no hold to settle");
                    return None;
                }
                Err(SettleError::Unavailable(fault)) => {
                    tracing::warn!(%call, %fault, source = %fault.source, "a settlement waits for the ledger");
                }
            }
            waiting.get_or_insert_with(|| Gauge::raise(&self.tally.unsettled));
            tokio::select! {
                () = sleep(pause) => pause = pause.saturating_mul(2).min(LONGEST_PAUSE),
                () = self.hurry.cancelled() => {
                    tracing::error!(%call, "a settlement was given up at shutdown");
                    return None;
                }
            }
        }
    }
}
