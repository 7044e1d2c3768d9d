//! Where the books are kept: in Postgres if an address is stated, else in a file.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};
use vuzo_domain::port::{
    Accounts, Audit, Catalog, Changes, Keys, LedgerAudit, ProviderKeys, Unavailable, Usage, Wallets,
};
use vuzo_postgres::{MigrateError, PgStore, Settings};
use vuzo_sqlite::SqliteStore;

use crate::config::Config;

/// How long a server that starts waits for a database that cannot be reached.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is tried meanwhile.
const RETRY: Duration = Duration::from_millis(250);

/// Which database, not opened yet.
pub(crate) enum Place {
    Sqlite(PathBuf),
    Postgres(Settings),
}

/// A database that is open.
#[derive(Clone)]
pub(crate) enum Store {
    Sqlite(Arc<SqliteStore>),
    Postgres(Arc<PgStore>),
}

/// The ports that a database stands behind.
pub(crate) struct StorePorts {
    pub(crate) wallets: Arc<dyn Wallets>,
    pub(crate) ledger_audit: Arc<dyn LedgerAudit>,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) keys: Arc<dyn Keys>,
    pub(crate) catalog: Arc<dyn Catalog>,
    pub(crate) provider_keys: Arc<dyn ProviderKeys>,
    pub(crate) usage: Arc<dyn Usage>,
    pub(crate) audit: Arc<dyn Audit>,
    pub(crate) changes: Arc<dyn Changes>,
}

impl Place {
    pub(crate) fn of(config: &Config) -> Self {
        match &config.database_url {
            Some(url) => Self::Postgres(Settings::new(url.expose())),
            None => Self::Sqlite(config.sqlite_file()),
        }
    }

    /// What it is called in messages; of an address not more than the kind.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("SQLite in {}", path.display()),
            Self::Postgres(_) => "Postgres".to_owned(),
        }
    }

    /// Whether there is anything to look into. Looking would make the file.
    pub(crate) fn exists(&self) -> bool {
        match self {
            Self::Sqlite(path) => path.exists(),
            Self::Postgres(_) => true,
        }
    }

    /// The migrations that have not run yet. Waits so long for a server that is not
    /// there.
    pub(crate) async fn pending(&self, handle: &Handle, patience: Duration) -> Result<Vec<String>> {
        match self {
            Self::Sqlite(path) => Ok(SqliteStore::pending(path)?),
            Self::Postgres(settings) => reach(&settings.url, handle, patience).await,
        }
    }

    /// Runs the migrations that have not run yet, under a lock, and names them.
    pub(crate) async fn migrate(&self, handle: &Handle) -> Result<Vec<String>> {
        match self {
            Self::Sqlite(path) => {
                if let Some(folder) = path.parent() {
                    fs::create_dir_all(folder)
                        .with_context(|| format!("cannot make {}", folder.display()))?;
                }
                let pending = SqliteStore::pending(path)?;
                SqliteStore::migrate(path)?;
                Ok(pending)
            }
            Self::Postgres(settings) => {
                reach(&settings.url, handle, PATIENCE).await?;
                Ok(PgStore::migrate(&settings.url, handle).await?)
            }
        }
    }

    /// Opens it as it is, and refuses one that is not up to date.
    pub(crate) async fn open(&self, handle: &Handle, patience: Duration) -> Result<Store> {
        if !self.exists() {
            bail!(
                "{} does not exist; make it with `vuzo migrate`",
                self.name()
            );
        }
        let pending = self.pending(handle, patience).await?;
        if !pending.is_empty() {
            bail!(
                "{} is not up to date: run `vuzo migrate` (pending: {})",
                self.name(),
                pending.join(", ")
            );
        }
        match self {
            Self::Sqlite(path) => {
                let store = SqliteStore::open_as_is(path, handle.clone())?;
                Ok(Store::Sqlite(Arc::new(store)))
            }
            Self::Postgres(settings) => {
                let store = PgStore::open_as_is(settings, handle.clone())?;
                store.ping().await.context("Postgres")?;
                Ok(Store::Postgres(Arc::new(store)))
            }
        }
    }
}

/// Waits until the server can be asked, and asks it what is pending.
async fn reach(url: &str, handle: &Handle, patience: Duration) -> Result<Vec<String>> {
    let begun = Instant::now();
    let mut told = false;
    loop {
        match PgStore::pending(url, handle).await {
            Ok(pending) => return Ok(pending),
            Err(fault @ MigrateError::Url(_)) => return Err(fault).context("DATABASE_URL"),
            Err(fault) if begun.elapsed() >= patience => {
                return Err(fault).with_context(|| {
                    format!(
                        "Postgres at DATABASE_URL cannot be used (tried for {} s)",
                        patience.as_secs()
                    )
                });
            }
            Err(fault) => {
                if !told {
                    let error = format!("{:#}", anyhow::Error::from(fault));
                    tracing::warn!(error, "Postgres does not answer yet; waiting for it");
                    told = true;
                }
                sleep(RETRY).await;
            }
        }
    }
}

impl Store {
    pub(crate) fn ports(&self) -> StorePorts {
        match self {
            Self::Sqlite(store) => StorePorts::of(store),
            Self::Postgres(store) => StorePorts::of(store),
        }
    }

    /// Whether it answers.
    pub(crate) async fn ping(&self) -> Result<(), Unavailable> {
        match self {
            Self::Sqlite(store) => store.ping().await,
            Self::Postgres(store) => store.ping().await,
        }
    }
}

impl StorePorts {
    fn of<S>(store: &Arc<S>) -> Self
    where
        S: Wallets
            + LedgerAudit
            + Accounts
            + Keys
            + Catalog
            + ProviderKeys
            + Usage
            + Audit
            + Changes,
    {
        // Each port is one more name of the same store.
        Self {
            wallets: Arc::<S>::clone(store),
            ledger_audit: Arc::<S>::clone(store),
            accounts: Arc::<S>::clone(store),
            keys: Arc::<S>::clone(store),
            catalog: Arc::<S>::clone(store),
            provider_keys: Arc::<S>::clone(store),
            usage: Arc::<S>::clone(store),
            audit: Arc::<S>::clone(store),
            changes: Arc::<S>::clone(store),
        }
    }
}
