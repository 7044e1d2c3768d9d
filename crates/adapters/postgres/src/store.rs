use tokio::runtime::Handle;
use vuzo_domain::port::Unavailable;

use crate::connect::InvalidUrl;
use crate::database::{Database, Settings};
use crate::migrate::{self, MigrateError};
use crate::writer::{Ping, Writer};

/// Every storage port over one Postgres database.
pub struct PgStore {
    database: Database,
    writer: Writer,
}

impl PgStore {
    /// Brings the tables up to date and prepares the way to them.
    ///
    /// Everything runs on `runtime`, whoever asks: it must be a multi-thread runtime
    /// that outlives all callers.
    pub async fn open(settings: &Settings, runtime: Handle) -> Result<Self, MigrateError> {
        Self::migrate(&settings.url, &runtime).await?;
        Ok(Self::open_as_is(settings, runtime)?)
    }

    /// The same without touching the tables; see [`PgStore::pending`]. Nothing is
    /// connected yet.
    pub fn open_as_is(settings: &Settings, runtime: Handle) -> Result<Self, InvalidUrl> {
        let database = Database::new(settings, runtime)?;
        let writer = Writer::start(&database);
        Ok(Self { database, writer })
    }

    /// Runs every migration that has not run yet, as the user that the URL names, who
    /// then owns the tables. Answers their names. Instances that start at the same
    /// time wait for each other.
    pub async fn migrate(url: &str, runtime: &Handle) -> Result<Vec<String>, MigrateError> {
        migrate::migrate(url, runtime).await
    }

    /// The migrations that have not run yet, oldest first. Runs none of them.
    pub async fn pending(url: &str, runtime: &Handle) -> Result<Vec<String>, MigrateError> {
        migrate::pending_migrations(url, runtime).await
    }

    /// Whether the database answers and the writer of the ledger still takes commands.
    pub async fn ping(&self) -> Result<(), Unavailable> {
        self.database.probe().await?;
        self.writer.run(Ping).await
    }

    /// The way to the database, for everything but the ledger's writer.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// The way to the ledger's writer.
    pub(crate) fn writer(&self) -> &Writer {
        &self.writer
    }
}
