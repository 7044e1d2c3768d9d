//! Reading what was called.

use std::sync::Arc;

use vuzo_domain::chat::LoggedCall;
use vuzo_domain::id::{AccountId, GenerationId};
use vuzo_domain::port::{
    DailyUsage, Page, PageRequest, Unavailable, Usage, UsageFilter, UsageSummary,
};
use vuzo_domain::time::Day;

use crate::access::Reader;
use crate::ports::Ports;

/// The most days of one list.
const MOST_DAYS: i64 = 366;

/// Why usage by day is not listed.
#[derive(Debug, thiserror::Error)]
pub enum DailyError {
    /// The last day is before the first.
    #[error("the last day must not be before the first")]
    Backwards,
    /// More days than one answer holds.
    #[error("ask for at most {MOST_DAYS} days at once")]
    TooManyDays,
    /// The store is.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// The usage log, for those who may read it.
pub struct UsageDesk {
    usage: Arc<dyn Usage>,
}

impl UsageDesk {
    /// A desk over these ports.
    pub fn new(ports: &Ports) -> Self {
        Self {
            usage: Arc::clone(&ports.usage),
        }
    }

    /// One call, if the reader may see it. Another account's is as if it were not there.
    pub async fn find(
        &self,
        reader: &Reader,
        call: GenerationId,
    ) -> Result<Option<LoggedCall>, Unavailable> {
        self.usage.find_call(reader.confined_to(), call).await
    }

    /// Calls of an account, newest first.
    pub async fn list(
        &self,
        account: AccountId,
        filter: UsageFilter,
        page: PageRequest,
    ) -> Result<Page<LoggedCall>, Unavailable> {
        self.usage.list_calls(account, filter, page).await
    }

    /// What the calls of an account came to.
    pub async fn summary(
        &self,
        account: AccountId,
        filter: UsageFilter,
    ) -> Result<UsageSummary, Unavailable> {
        self.usage.summarize(account, filter).await
    }

    /// The same by day, from the first to the last day, empty days included.
    pub async fn daily(
        &self,
        account: AccountId,
        first: Day,
        last: Day,
    ) -> Result<Vec<DailyUsage>, DailyError> {
        let span = last.as_days().saturating_sub(first.as_days());
        if span < 0 {
            return Err(DailyError::Backwards);
        }
        if span >= MOST_DAYS {
            return Err(DailyError::TooManyDays);
        }
        Ok(self.usage.daily(account, first, last).await?)
    }
}
