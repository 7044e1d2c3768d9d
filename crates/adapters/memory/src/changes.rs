use std::sync::Arc;

use async_trait::async_trait;
use vuzo_domain::port::{Change, ChangeBatch, ChangeFeed, ChangeSink, Changes, Unavailable};

use crate::MemoryStore;

/// The most changes in one answer.
const MOST: usize = 10_000;

#[async_trait]
impl Changes for MemoryStore {
    async fn change_cursor(&self) -> Result<i64, Unavailable> {
        Ok(cursor_at(self.state().changes.len()))
    }

    async fn changes_since(&self, cursor: i64) -> Result<ChangeBatch, Unavailable> {
        let state = self.state();
        let known = usize::try_from(cursor).unwrap_or(0);
        let changes: Vec<Change> = state
            .changes
            .iter()
            .skip(known)
            .take(MOST)
            .copied()
            .collect();
        let reached = known.min(state.changes.len()).saturating_add(changes.len());
        Ok(ChangeBatch {
            cursor: cursor_at(reached),
            changes,
        })
    }
}

fn cursor_at(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// News for this process alone: what a single node needs. Without anybody who
/// listens it does nothing.
#[derive(Default)]
pub struct LocalFeed {
    sinks: Vec<Arc<dyn ChangeSink>>,
}

impl LocalFeed {
    /// A feed to these.
    pub fn to(sinks: Vec<Arc<dyn ChangeSink>>) -> Self {
        Self { sinks }
    }
}

#[async_trait]
impl ChangeFeed for LocalFeed {
    async fn announce(&self, change: Change) -> Result<(), Unavailable> {
        for sink in &self.sinks {
            sink.forget(change);
        }
        Ok(())
    }
}
