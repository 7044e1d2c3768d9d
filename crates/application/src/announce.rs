use std::sync::Arc;

use vuzo_domain::port::{Change, ChangeFeed, ChangeSink as _};

use crate::access::Directory;
use crate::models::Models;
use crate::provider_keys::ProviderKeyring;

/// Makes a change known: here before it returns, elsewhere as fast as the feed is.
/// What the feed loses, the durable list of changes has.
pub struct Announcer {
    feed: Arc<dyn ChangeFeed>,
    directory: Arc<Directory>,
    models: Arc<Models>,
    keyring: Arc<ProviderKeyring>,
}

impl Announcer {
    /// Announces on the feed, and to the caches of this process.
    pub fn new(
        feed: Arc<dyn ChangeFeed>,
        directory: Arc<Directory>,
        models: Arc<Models>,
        keyring: Arc<ProviderKeyring>,
    ) -> Self {
        Self {
            feed,
            directory,
            models,
            keyring,
        }
    }

    /// Makes a change known.
    pub async fn tell(&self, change: Change) {
        self.directory.forget(change);
        if change == Change::Catalog {
            let (models, keys) = (self.models.reload().await, self.keyring.reload().await);
            if let Err(fault) = models.and(keys) {
                tracing::warn!(%fault, "the catalogue will be read again");
            }
        }
        if let Err(fault) = self.feed.announce(change).await {
            tracing::debug!(%fault, "the change will be found by polling");
        }
    }
}
