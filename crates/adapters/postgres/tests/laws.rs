//! The laws of every storage port on Postgres, and what is particular to it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends by panicking"
)]

mod common;
mod database;

use common::Database;
use vuzo_contracts::{Store, World, ledger_model};

async fn fresh() -> Store {
    let database = Database::new().await;
    let store = database.open();
    Store::of(&store).keeping(database)
}

vuzo_contracts::storage_laws!(crate::fresh);

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_agrees_with_the_model() {
    ledger_model::check_store(&World::new(fresh().await), ledger_model::CASES, 64).await;
}
