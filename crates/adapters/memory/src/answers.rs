use core::time::Duration;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use vuzo_domain::chat::KeptAnswer;
use vuzo_domain::port::{AnswerCache, Clock};
use vuzo_domain::time::Timestamp;

/// Answers in the memory of one process, within a bound of bytes.
pub struct LocalAnswers {
    clock: Arc<dyn Clock>,
    shelf: Mutex<Shelf>,
}

impl LocalAnswers {
    /// So many bytes are usually kept together.
    pub const USUAL_BYTES: usize = 64 * 1024 * 1024;

    /// An empty cache that keeps at most so many bytes, the usual overhead of each
    /// answer included.
    pub fn new(clock: Arc<dyn Clock>, most_bytes: usize) -> Self {
        Self {
            clock,
            shelf: Mutex::new(Shelf {
                most_bytes,
                ..Shelf::default()
            }),
        }
    }

    fn with_shelf<T>(&self, then: impl FnOnce(&mut Shelf) -> T) -> T {
        then(&mut self.shelf.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl core::fmt::Debug for LocalAnswers {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter
            .debug_struct("LocalAnswers")
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl AnswerCache for LocalAnswers {
    async fn find(&self, key: &[u8; 32]) -> Option<KeptAnswer> {
        let now = self.clock.now();
        self.with_shelf(|shelf| shelf.find(key, now))
    }

    async fn keep(&self, key: &[u8; 32], answer: KeptAnswer, lifetime: Duration) {
        if answer.size() <= KeptAnswer::MOST_BYTES {
            let until = self.clock.now().after(lifetime);
            self.with_shelf(|shelf| shelf.keep(*key, answer, until));
        }
    }
}

type Key = [u8; 32];

#[derive(Default)]
struct Shelf {
    most_bytes: usize,
    bytes: usize,
    /// Rises with every touch.
    touches: u64,
    slots: HashMap<Key, Slot>,
    /// The keys by their last touch, the longest ago first.
    by_touch: BTreeMap<u64, Key>,
}

struct Slot {
    answer: KeptAnswer,
    until: Timestamp,
    touch: u64,
    bytes: usize,
}

impl Shelf {
    /// What an answer takes beside its body: names, keys and the slots of both maps.
    const OVERHEAD: usize = 1024;

    fn find(&mut self, key: &Key, now: Timestamp) -> Option<KeptAnswer> {
        let touch = self.next_touch();
        let slot = self.slots.get_mut(key)?;
        if slot.until <= now {
            self.drop_answer(key);
            return None;
        }
        self.by_touch.remove(&slot.touch);
        self.by_touch.insert(touch, *key);
        slot.touch = touch;
        Some(slot.answer.clone())
    }

    fn keep(&mut self, key: Key, answer: KeptAnswer, until: Timestamp) {
        self.drop_answer(&key);
        let bytes = answer.size().saturating_add(Self::OVERHEAD);
        if bytes > self.most_bytes {
            return;
        }
        let room = self.most_bytes.saturating_sub(bytes);
        while self.bytes > room {
            let Some((_, oldest)) = self.by_touch.first_key_value() else {
                break;
            };
            let oldest = *oldest;
            self.drop_answer(&oldest);
        }
        let touch = self.next_touch();
        self.bytes = self.bytes.saturating_add(bytes);
        self.by_touch.insert(touch, key);
        let slot = Slot {
            answer,
            until,
            touch,
            bytes,
        };
        self.slots.insert(key, slot);
    }

    fn drop_answer(&mut self, key: &Key) {
        if let Some(slot) = self.slots.remove(key) {
            self.by_touch.remove(&slot.touch);
            self.bytes = self.bytes.saturating_sub(slot.bytes);
        }
    }

    fn next_touch(&mut self) -> u64 {
        self.touches = self.touches.saturating_add(1);
        self.touches
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ManualClock;
    use bytes::Bytes;
    use uuid::Uuid;
    use vuzo_domain::catalog::{ModelId, ProviderId};
    use vuzo_domain::chat::KeptBody;
    use vuzo_domain::id::GenerationId;
    use vuzo_domain::money::{Currency, Units};
    use vuzo_domain::usage::Consumption;

    const SIZE: usize = 10_000;

    fn answer(size: usize) -> KeptAnswer {
        KeptAnswer {
            made_by: GenerationId::from_uuid(Uuid::from_u128(1)),
            model: ModelId::new("one").unwrap(),
            provider: ProviderId::new("acme").unwrap(),
            upstream_model: "one".to_owned(),
            served_model: None,
            cost: Units::ZERO,
            currency: Currency::USD,
            consumption: Consumption::default(),
            body: KeptBody::Whole(Bytes::from(vec![b'a'; size])),
        }
    }

    fn cache(answers: usize) -> (LocalAnswers, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1)));
        let most = answers * (SIZE + Shelf::OVERHEAD);
        (LocalAnswers::new(Arc::clone(&clock) as _, most), clock)
    }

    async fn kept(cache: &LocalAnswers, keys: impl IntoIterator<Item = u8>) -> Vec<u8> {
        let mut kept = Vec::new();
        for key in keys {
            if cache.find(&[key; 32]).await.is_some() {
                kept.push(key);
            }
        }
        kept
    }

    #[tokio::test]
    async fn who_was_not_asked_for_the_longest_makes_room() {
        const MINUTE: Duration = Duration::from_secs(60);
        let (cache, clock) = cache(3);
        for key in 0..3 {
            cache.keep(&[key; 32], answer(SIZE), MINUTE).await;
        }
        assert_eq!(kept(&cache, [0, 1, 2, 0]).await, [0, 1, 2, 0]);
        cache.keep(&[3; 32], answer(SIZE), MINUTE).await;
        assert_eq!(kept(&cache, 0..4).await, [0, 2, 3]);
        // One of another size makes as much room as it needs, and leaves what it can.
        cache.keep(&[4; 32], answer(SIZE / 2), MINUTE).await;
        assert_eq!(kept(&cache, 0..5).await, [2, 3, 4]);
        cache.keep(&[5; 32], answer(1), MINUTE).await;
        assert_eq!(kept(&cache, 0..6).await, [2, 3, 4, 5]);
        // Larger than everything together: nothing is thrown out for it.
        cache.keep(&[6; 32], answer(4 * SIZE), MINUTE).await;
        assert_eq!(kept(&cache, 0..7).await, [2, 3, 4, 5]);
        clock.advance(MINUTE);
        assert_eq!(kept(&cache, 0..7).await, [0; 0]);
        cache.with_shelf(|shelf| {
            assert_eq!(
                (shelf.bytes, shelf.slots.len(), shelf.by_touch.len()),
                (0, 0, 0)
            );
        });
    }
}
