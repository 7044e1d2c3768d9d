use std::sync::Arc;

use vuzo_domain::port::{Change, ChangeFeed, ChangeSink as _};

use crate::access::Directory;
use crate::models::Models;

/// Makes a change known: here before it returns, elsewhere as fast as the feed is.
/// What the feed loses, the durable list of changes has.
pub struct Announcer {
    feed: Arc<dyn ChangeFeed>,
    directory: Arc<Directory>,
    models: Arc<Models>,
}

impl Announcer {
    /// Announces on the feed, and to the caches of this process.
    pub fn new(feed: Arc<dyn ChangeFeed>, directory: Arc<Directory>, models: Arc<Models>) -> Self {
        Self {
            feed,
            directory,
            models,
        }
    }

    /// Makes a change known.
    pub async fn tell(&self, change: Change) {
        self.directory.forget(change);
        if change == Change::Catalog
            && let Err(fault) = self.models.reload().await
        {
            tracing::warn!(%fault, "the catalogue will be read again");
        }
        if let Err(fault) = self.feed.announce(change).await {
            tracing::debug!(%fault, "the change will be found by polling");
        }
    }
}
