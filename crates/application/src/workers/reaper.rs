use core::time::Duration;
use std::sync::Arc;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use vuzo_domain::port::{Clock, Unavailable, Wallets};

use crate::chat::Calls;

/// So many holds or grants are ended in one transaction.
const BATCH: u32 = 200;

/// Gives back what calls left behind that never came to their end, and takes back what
/// is left of grants whose time is over. Instances may reap at the same time.
pub(crate) struct Reaper {
    wallets: Arc<dyn Wallets>,
    clock: Arc<dyn Clock>,
    pause: Duration,
}

impl Reaper {
    pub(crate) fn new(
        wallets: Arc<dyn Wallets>,
        clock: Arc<dyn Clock>,
        hold_lifetime: Duration,
    ) -> Self {
        let pause = hold_lifetime
            .checked_div(8)
            .unwrap_or_default()
            .clamp(Duration::from_millis(250), Duration::from_secs(5));
        Self {
            wallets,
            clock,
            pause,
        }
    }

    /// Reaps at once, and then again and again until it is told to stop.
    pub(crate) async fn run(&self, calls: &Calls, stop: CancellationToken) {
        loop {
            if let Err(fault) = self.reap(calls).await {
                tracing::warn!(%fault, source = %fault.source, "overdue holds wait for the ledger");
            }
            if stop.run_until_cancelled(sleep(self.pause)).await.is_none() {
                return;
            }
        }
    }

    async fn reap(&self, calls: &Calls) -> Result<(), Unavailable> {
        loop {
            let ended = self.wallets.expire_holds(self.clock.now(), BATCH).await?;
            calls.count_expired(ended.len());
            for hold in &ended {
                tracing::warn!(hold = %hold.id, account = %hold.account, "a hold ran out and was given back");
            }
            if ended.len() < usize::try_from(BATCH).unwrap_or(usize::MAX) {
                break;
            }
        }
        while self.wallets.expire_grants(self.clock.now(), BATCH).await? >= BATCH {}
        Ok(())
    }
}
