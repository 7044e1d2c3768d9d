use core::time::Duration;
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use vuzo_domain::port::{Change, ChangeSink, Changes};

use crate::access::Directory;
use crate::models::Models;
use crate::provider_keys::ProviderKeyring;

/// How often the durable list of changes is read. With the time that reading takes, a
/// revoked key stops within a second on every instance, whether or not news arrive.
const PAUSE: Duration = Duration::from_millis(300);

/// Keeps what this process remembers up to date with what other instances change.
pub(crate) struct Watcher {
    changes: Arc<dyn Changes>,
    directory: Arc<Directory>,
    models: Arc<Models>,
    keyring: Arc<ProviderKeyring>,
    catalog_is_stale: Notify,
}

impl Watcher {
    pub(crate) fn new(
        changes: Arc<dyn Changes>,
        directory: Arc<Directory>,
        models: Arc<Models>,
        keyring: Arc<ProviderKeyring>,
    ) -> Self {
        Self {
            changes,
            directory,
            models,
            keyring,
            catalog_is_stale: Notify::new(),
        }
    }

    /// Reads the list of changes from `cursor` on, until it is told to stop.
    pub(crate) async fn follow(&self, mut cursor: i64, stop: CancellationToken) {
        while stop.run_until_cancelled(sleep(PAUSE)).await.is_some() {
            match self.changes.changes_since(cursor).await {
                Ok(batch) => {
                    cursor = batch.cursor;
                    for change in batch.changes {
                        self.forget(change);
                    }
                }
                Err(fault) => {
                    tracing::warn!(%fault, source = %fault.source, "changes could not be read");
                }
            }
        }
    }

    /// Reads the catalogue and the provider keys anew whenever they are stale, until it is told to stop.
    pub(crate) async fn refresh(&self, stop: CancellationToken) {
        while stop
            .run_until_cancelled(self.catalog_is_stale.notified())
            .await
            .is_some()
        {
            let (models, keys) = (self.models.reload().await, self.keyring.reload().await);
            if let Err(fault) = models.and(keys) {
                tracing::warn!(%fault, "the catalogue could not be read");
                self.catalog_is_stale.notify_one();
                stop.run_until_cancelled(sleep(PAUSE)).await;
            }
        }
    }
}

impl ChangeSink for Watcher {
    fn forget(&self, change: Change) {
        self.directory.forget(change);
        if change == Change::Catalog {
            self.catalog_is_stale.notify_one();
        }
    }
}
