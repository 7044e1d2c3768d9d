//! The memory store under every law of the storage ports, and the local limiter and the
//! local cache of answers under those of their own.

use std::sync::Arc;

use vuzo_contracts::{FIRST_MOMENT, Store, World, ledger_model};
use vuzo_domain::port::{AnswerCache, Clock, Limiter};
use vuzo_domain::time::Timestamp;
use vuzo_memory::{LocalAnswers, LocalLimiter, MemoryStore};

async fn fresh() -> Store {
    Store::of(&Arc::new(MemoryStore::new()))
}

vuzo_contracts::storage_laws!(crate::fresh);

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_agrees_with_the_model() {
    ledger_model::check_store(&World::new(fresh().await), ledger_model::CASES, 64).await;
}

async fn local() -> Arc<dyn Limiter> {
    Arc::new(LocalLimiter::default())
}

vuzo_contracts::limiter_laws!(crate::local);

/// A clock that runs as fast as real time.
struct Running(std::time::Instant);

impl Clock for Running {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(FIRST_MOMENT).after(self.0.elapsed())
    }
}

async fn answers() -> Arc<dyn AnswerCache> {
    let clock = Arc::new(Running(std::time::Instant::now()));
    Arc::new(LocalAnswers::new(clock, LocalAnswers::USUAL_BYTES))
}

vuzo_contracts::answer_cache_laws!(crate::answers);
