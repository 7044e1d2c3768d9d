//! Reading what was called.

use std::collections::HashMap;
use std::sync::Arc;

use vuzo_domain::chat::LoggedCall;
use vuzo_domain::id::{AccountId, GenerationId};
use vuzo_domain::money::Units;
use vuzo_domain::port::{
    DailyUsage, Page, PageRequest, Unavailable, Usage, UsageFilter, UsageSummary,
};
use vuzo_domain::time::{Day, Timestamp};

use crate::access::Reader;
use crate::ports::Ports;

/// The most days of a list with empty days.
const MOST_DAYS: i64 = 366;

/// The most days of a list without them.
const MOST_DAYS_APART: i64 = 3_660;

/// Why usage by day is not listed.
#[derive(Debug, thiserror::Error)]
pub enum DailyError {
    /// The last day is before the first.
    #[error("the last day must not be before the first")]
    Backwards,
    /// More days than one answer holds.
    #[error("ask for at most {0} days at once")]
    TooManyDays(i64),
    /// The store is.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// What all calls of one day came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayTotal {
    /// The day in UTC.
    pub day: Day,
    /// How many.
    pub requests: u64,
    /// Their tokens.
    pub total_tokens: u64,
    /// What was charged for them, in US dollars.
    pub cost: Units,
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

    /// The same by day, model and provider, the latest day first and without empty days.
    /// The filter has to say when the first of the days is; the last is today, unless it
    /// says otherwise.
    pub async fn daily(
        &self,
        account: AccountId,
        filter: UsageFilter,
        today: Day,
    ) -> Result<Vec<DailyUsage>, DailyError> {
        let first = filter.from.map_or(Day::from_days(0), Timestamp::day);
        let last = filter.to.map_or(today, Timestamp::day);
        if last.as_days().saturating_sub(first.as_days()) > MOST_DAYS_APART {
            return Err(DailyError::TooManyDays(MOST_DAYS_APART));
        }
        Ok(self.usage.daily(account, filter).await?)
    }

    /// The sums of whole days, from the first to the last, empty days included.
    pub async fn days(
        &self,
        account: AccountId,
        first: Day,
        last: Day,
    ) -> Result<Vec<DayTotal>, DailyError> {
        let span = last.as_days().saturating_sub(first.as_days());
        if span < 0 {
            return Err(DailyError::Backwards);
        }
        if span >= MOST_DAYS {
            return Err(DailyError::TooManyDays(MOST_DAYS));
        }
        let filter = UsageFilter {
            from: Some(first.start()),
            to: Some(last.next().start()),
            ..UsageFilter::default()
        };
        let rows = self.usage.daily(account, filter).await?;
        let mut totals: HashMap<Day, DayTotal> = HashMap::new();
        for row in &rows {
            let total = totals.entry(row.day).or_insert_with(|| empty(row.day));
            let tokens = row.prompt_tokens.saturating_add(row.completion_tokens);
            total.requests = total.requests.saturating_add(row.requests);
            total.total_tokens = total.total_tokens.saturating_add(tokens);
            total.cost = total.cost.saturating_plus(row.cost);
        }
        let days = core::iter::successors(Some(first), |day| Some(day.next()));
        Ok(days
            .take_while(|day| *day <= last)
            .map(|day| totals.remove(&day).unwrap_or_else(|| empty(day)))
            .collect())
    }
}

const fn empty(day: Day) -> DayTotal {
    DayTotal {
        day,
        requests: 0,
        total_tokens: 0,
        cost: Units::ZERO,
    }
}
