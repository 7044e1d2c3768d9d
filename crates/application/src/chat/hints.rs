use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;
use vuzo_domain::id::AccountId;
use vuzo_domain::money::Units;

const SHARDS: usize = 16;

/// So many accounts are remembered in each shard; then it begins anew.
const MOST_PER_SHARD: usize = 4_096;

/// After this time nothing is known of a balance any more.
const LONGEST: Duration = Duration::from_millis(250);

/// How many times over a balance must carry a call for it to be beyond doubt. All
/// instances together cannot spend that much of it before the hold is placed.
const CLEARLY: i64 = 256;

/// What wallets had left when they were last seen: good for a guess, never for money.
pub(super) struct Hints {
    shards: [Mutex<HashMap<AccountId, (Units, Instant)>>; SHARDS],
}

impl Hints {
    pub(super) fn new() -> Self {
        Self {
            shards: core::array::from_fn(|_| Mutex::default()),
        }
    }

    /// Notes what a wallet has left.
    pub(super) fn note(&self, account: AccountId, available: Units) {
        let Some(shard) = self.shard(account) else {
            return;
        };
        let mut known = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_PER_SHARD && !known.contains_key(&account) {
            known.clear();
        }
        known.insert(account, (available, Instant::now()));
    }

    /// Whether a wallet carries an amount beyond doubt.
    pub(super) fn clearly_carries(&self, account: AccountId, amount: Units) -> bool {
        let Some(shard) = self.shard(account) else {
            return false;
        };
        let known = shard.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&account).is_some_and(|(available, seen_at)| {
            seen_at.elapsed() <= LONGEST && available.0 >= amount.0.saturating_mul(CLEARLY)
        })
    }

    fn shard(&self, account: AccountId) -> Option<&Mutex<HashMap<AccountId, (Units, Instant)>>> {
        // The last bytes of an id are random.
        let last = account.uuid().as_bytes()[15];
        self.shards.get(usize::from(last) % SHARDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[tokio::test(start_paused = true)]
    async fn a_balance_is_known_for_a_quarter_of_a_second() {
        let hints = Hints::new();
        let account = AccountId::from_uuid(Uuid::from_u128(1));
        assert!(
            !hints.clearly_carries(account, Units(1)),
            "nothing is known"
        );
        hints.note(account, Units(2_560));
        assert!(hints.clearly_carries(account, Units(10)));
        assert!(!hints.clearly_carries(account, Units(11)));
        assert!(!hints.clearly_carries(account, Units(i64::MAX)));
        tokio::time::advance(Duration::from_millis(251)).await;
        assert!(!hints.clearly_carries(account, Units(1)));
    }
}
