//! Bringing the tables up to date.

use core::error::Error;

use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel::sql_types::{BigInt, Bool, Text};
use diesel::{QueryResult, QueryableByName};
use diesel_async::{AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl as _};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};
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
    let connector = Connector::new(url)?;
    let work = async move {
        let mut conn = connector.open(Purpose::Migrate).await?;
        diesel::sql_query("SELECT pg_advisory_lock($1)")
            .bind::<BigInt, _>(LOCK)
            .execute(&mut conn)
            .await?;
        // The lock goes with the connection.
        let mut harness = AsyncMigrationHarness::new(conn);
        let done = harness.run_pending_migrations(MIGRATIONS)?;
        Ok(done.iter().map(ToString::to_string).collect())
    };
    run("migrating the database", runtime, work).await
}

/// The migrations that have not run yet, oldest first. Runs none of them, and changes
/// nothing: a user that owns nothing may ask.
///
/// `runtime` must be a multi-thread runtime.
pub(crate) async fn pending_migrations(
    url: &str,
    runtime: &Handle,
) -> Result<Vec<String>, MigrateError> {
    let connector = Connector::new(url)?;
    let work = async move {
        let mut conn = connector.open(Purpose::Migrate).await?;
        let done = applied(&mut conn).await?;
        let known = MigrationSource::<Pg>::migrations(&MIGRATIONS)?;
        let mut pending: Vec<String> = known
            .iter()
            .map(|migration| migration.name().version().to_string())
            .filter(|version| !done.contains(version))
            .collect();
        pending.sort_unstable();
        Ok(pending)
    };
    run("reading the state of the database", runtime, work).await
}

/// The migrations that have run. Diesel's own look would make the table of them where
/// there is none, and ask for the right to it in any case.
async fn applied(conn: &mut AsyncPgConnection) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Table {
        #[diesel(sql_type = Bool)]
        is_there: bool,
    }
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        version: String,
    }
    let look = "SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL AS is_there";
    let table: Table = diesel::sql_query(look).get_result(conn).await?;
    if !table.is_there {
        return Ok(Vec::new());
    }
    let read = "SELECT version FROM __diesel_schema_migrations";
    let rows: Vec<Row> = diesel::sql_query(read).load(conn).await?;
    Ok(rows.into_iter().map(|row| row.version).collect())
}

type Failure = Box<dyn Error + Send + Sync>;

async fn run(
    operation: &'static str,
    runtime: &Handle,
    work: impl Future<Output = Result<Vec<String>, Failure>> + Send + 'static,
) -> Result<Vec<String>, MigrateError> {
    let outcome = runtime
        .spawn(work)
        .await
        .map_err(|fault| Unavailable::new(operation, fault))?;
    Ok(outcome.map_err(|fault| Unavailable::new(operation, fault))?)
}
