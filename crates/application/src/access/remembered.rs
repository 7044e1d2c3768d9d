use core::hash::{BuildHasher, Hash};
use core::time::Duration;
use std::collections::HashMap;
use std::hash::RandomState;
use std::sync::{PoisonError, RwLock};

use tokio::time::Instant;

const SHARDS: usize = 16;

/// So many values a shard remembers; then it begins anew. What is in use is back with
/// its next look-up, and whoever fills it with rubbish gains nothing by it.
const MOST_PER_SHARD: usize = 4_096;

type Shard<K, V> = RwLock<HashMap<K, (V, Instant)>>;

/// Values that were looked up a short while ago, bounded in number and in age.
pub(super) struct Remembered<K, V> {
    shards: [Shard<K, V>; SHARDS],
    hasher: RandomState,
    longest: Duration,
}

impl<K: Hash + Eq, V: Clone> Remembered<K, V> {
    /// Remembers values for so long.
    pub(super) fn for_at_most(longest: Duration) -> Self {
        Self {
            shards: core::array::from_fn(|_| RwLock::default()),
            hasher: RandomState::new(),
            longest,
        }
    }

    /// The value of a key, if it is known and not too old.
    pub(super) fn get(&self, key: &K) -> Option<V> {
        let shard = self.shard(key)?;
        let known = shard.read().unwrap_or_else(PoisonError::into_inner);
        let (value, since) = known.get(key)?;
        (since.elapsed() <= self.longest).then(|| value.clone())
    }

    /// Remembers a value.
    pub(super) fn insert(&self, key: K, value: V) {
        if let Some(shard) = self.shard(&key) {
            let mut known = shard.write().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= MOST_PER_SHARD && !known.contains_key(&key) {
                known.clear();
            }
            known.insert(key, (value, Instant::now()));
        }
    }

    /// Forgets the value of a key.
    pub(super) fn forget(&self, key: &K) {
        if let Some(shard) = self.shard(key) {
            let mut known = shard.write().unwrap_or_else(PoisonError::into_inner);
            known.remove(key);
        }
    }

    fn shard(&self, key: &K) -> Option<&Shard<K, V>> {
        let hash = usize::try_from(self.hasher.hash_one(key) >> 32).unwrap_or_default();
        self.shards.get(hash % SHARDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn values_are_remembered_until_they_are_old_or_forgotten() {
        let known = Remembered::for_at_most(Duration::from_secs(60));
        assert_eq!(known.get(&1), None);
        known.insert(1, "one");
        known.insert(2, "two");
        known.forget(&2);
        assert_eq!((known.get(&1), known.get(&2)), (Some("one"), None));
        tokio::time::advance(Duration::from_secs(61)).await;
        assert_eq!(known.get(&1), None);
    }

    #[tokio::test]
    async fn what_is_remembered_is_bounded() {
        let known = Remembered::for_at_most(Duration::from_secs(60));
        for number in 0..300_000_u32 {
            known.insert(number, ());
        }
        let count = |shard: &Shard<u32, ()>| shard.read().unwrap().len();
        let most = SHARDS * MOST_PER_SHARD;
        assert!(known.shards.iter().map(count).sum::<usize>() <= most);
        assert_eq!(known.get(&299_999), Some(()), "the newest is among them");
    }
}
