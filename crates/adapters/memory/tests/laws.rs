//! The memory store under every law of the storage ports, and the local limiter under
//! those of its own.

use std::sync::Arc;

use vuzo_contracts::{Store, World, ledger_model};
use vuzo_domain::port::Limiter;
use vuzo_memory::{LocalLimiter, MemoryStore};

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
