use core::time::Duration;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use vuzo_domain::id::KeyId;
use vuzo_domain::port::Keys;
use vuzo_domain::time::Timestamp;

const PAUSE: Duration = Duration::from_secs(5);

/// So many keys are remembered between two writes; more are noted later.
const MOST: usize = 50_000;

struct Touch {
    at: Timestamp,
    is_written: bool,
}

/// When keys were last used, to the minute, written a few at a time.
pub(crate) struct Touches {
    keys: Arc<dyn Keys>,
    noted: Mutex<HashMap<KeyId, Touch>>,
}

impl Touches {
    pub(crate) fn new(keys: Arc<dyn Keys>) -> Self {
        Self {
            keys,
            noted: Mutex::default(),
        }
    }

    /// Notes that a key was used.
    pub(crate) fn note(&self, key: KeyId, now: Timestamp) {
        let minute = Timestamp::from_secs(now.as_secs().div_euclid(60).saturating_mul(60));
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = noted.len() >= MOST;
        match noted.entry(key) {
            Entry::Occupied(mut known) if known.get().at < minute => {
                known.insert(Touch {
                    at: minute,
                    is_written: false,
                });
            }
            Entry::Occupied(_) => {}
            Entry::Vacant(_) if is_full => {}
            Entry::Vacant(free) => {
                free.insert(Touch {
                    at: minute,
                    is_written: false,
                });
            }
        }
    }

    /// Writes what was noted, again and again; once more when it is told to stop.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        loop {
            let goes_on = stop.run_until_cancelled(sleep(PAUSE)).await.is_some();
            self.write().await;
            if !goes_on {
                return;
            }
        }
    }

    async fn write(&self) {
        let used = self.take();
        if used.is_empty() {
            return;
        }
        if let Err(fault) = self.keys.touch_keys(used).await {
            tracing::debug!(%fault, "the last use of some keys was not noted");
        }
    }

    /// What is to be written. Keys that were written before and not used since are
    /// forgotten.
    fn take(&self) -> Vec<(KeyId, Timestamp)> {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = noted.values().map(|touch| touch.at).max();
        noted.retain(|_, touch| !touch.is_written || Some(touch.at) == newest);
        let mut due = Vec::new();
        for (key, touch) in noted.iter_mut().filter(|(_, touch)| !touch.is_written) {
            touch.is_written = true;
            due.push((*key, touch.at));
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;
    use vuzo_domain::port::MockKeys;

    #[test]
    fn a_key_is_written_once_a_minute() {
        let touches = Touches::new(Arc::new(MockKeys::new()));
        let key = KeyId::from_uuid(Uuid::from_u128(1));
        touches.note(key, Timestamp::from_secs(61));
        touches.note(key, Timestamp::from_secs(119));
        assert_eq!(touches.take(), [(key, Timestamp::from_secs(60))]);
        touches.note(key, Timestamp::from_secs(119));
        assert_eq!(touches.take(), []);
        touches.note(key, Timestamp::from_secs(120));
        assert_eq!(touches.take(), [(key, Timestamp::from_secs(120))]);
    }
}
