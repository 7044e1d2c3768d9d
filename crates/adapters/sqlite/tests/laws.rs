//! The laws of every storage port on SQLite, and what is particular to it.

#![expect(clippy::unwrap_used, reason = "a test ends by panicking")]

mod common;
mod file;

use common::{Directory, open};
use vuzo_contracts::{Store, World, ledger_model};

async fn fresh() -> Store {
    let directory = Directory::new();
    let store = open(&directory.file());
    Store::of(&store).keeping(directory)
}

vuzo_contracts::storage_laws!(crate::fresh);

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_agrees_with_the_model() {
    ledger_model::check_store(&World::new(fresh().await), ledger_model::CASES, 64).await;
}
