//! Bringing the tables up to date.

use core::error::Error;

use diesel::migration::Migration;
use diesel::pg::Pg;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl as _};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use tokio::runtime::Handle;
use vuzo_domain::port::Unavailable;

use crate::connect::{Connector, InvalidUrl, Purpose};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../../migrations/postgres");

/// Whoever holds this advisory lock migrates; the others wait, and find it done.
const LOCK: i64 = 0x7675_7a6f_6d69_6772;

/// Why the tables are not up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The URL cannot be used.
    #[error(transparent)]
    Url(#[from] InvalidUrl),
    /// The database cannot be reached, or a migration failed. What was done before
    /// the failed one stays.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Runs every migration that has not run yet, as the user that the URL names, who
/// then owns the tables. Answers their names. Instances that start at the same time
/// wait for each other.
///
/// `runtime` must be a multi-thread runtime.
pub(crate) async fn migrate(url: &str, runtime: &Handle) -> Result<Vec<String>, MigrateError> {
    locked("migrating the database", url, runtime, |harness| {
        let done = harness.run_pending_migrations(MIGRATIONS)?;
        Ok(done.iter().map(ToString::to_string).collect())
    })
    .await
}

/// The migrations that have not run yet, oldest first. Runs none of them.
///
/// `runtime` must be a multi-thread runtime.
pub(crate) async fn pending_migrations(
    url: &str,
    runtime: &Handle,
) -> Result<Vec<String>, MigrateError> {
    locked(
        "reading the state of the database",
        url,
        runtime,
        |harness| {
            let pending = harness.pending_migrations(MIGRATIONS)?;
            Ok(pending
                .iter()
                .map(|migration| Migration::<Pg>::name(migration).version().to_string())
                .collect())
        },
    )
    .await
}

type Harness = AsyncMigrationHarness<AsyncPgConnection>;
type Failure = Box<dyn Error + Send + Sync>;

/// Even looking needs the lock: the first look makes the table that it looks into.
async fn locked(
    operation: &'static str,
    url: &str,
    runtime: &Handle,
    work: fn(&mut Harness) -> Result<Vec<String>, Failure>,
) -> Result<Vec<String>, MigrateError> {
    let connector = Connector::new(url)?;
    let task = runtime.spawn(async move {
        let mut conn = connector.open(Purpose::Migrate).await?;
        diesel::sql_query("SELECT pg_advisory_lock($1)")
            .bind::<BigInt, _>(LOCK)
            .execute(&mut conn)
            .await?;
        // The lock goes with the connection.
        work(&mut AsyncMigrationHarness::new(conn))
    });
    let outcome: Result<_, Failure> = task
        .await
        .map_err(|fault| Unavailable::new(operation, fault))?;
    Ok(outcome.map_err(|fault| Unavailable::new(operation, fault))?)
}
