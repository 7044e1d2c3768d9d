use async_trait::async_trait;

use super::{Page, PageRequest, Unavailable};
use crate::catalog::ProviderId;
use crate::chat::LoggedCall;
use crate::id::{AccountId, GenerationId, KeyId};
use crate::money::{Currency, Units};
use crate::time::{Day, Timestamp};

/// Which calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageFilter {
    /// Of this model, by the name asked for.
    pub model: Option<String>,
    /// Answered by this provider, by its name; a name that no provider has finds nothing.
    pub provider: Option<String>,
    /// With this key.
    pub key: Option<KeyId>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

/// What some calls came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageSummary {
    /// How many.
    pub requests: u64,
    /// How many of them did not end well.
    pub errors: u64,
    /// Prompt tokens.
    pub prompt_tokens: u64,
    /// Completion tokens.
    pub completion_tokens: u64,
    /// What was charged for them.
    pub cost: Units,
    /// In this currency.
    pub currency: Currency,
    /// By the model asked for, dearest first.
    pub by_model: Vec<ModelUsage>,
    /// By key, dearest first.
    pub by_key: Vec<KeyUsage>,
}

/// What the calls of one model came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelUsage {
    /// The model.
    pub model: String,
    /// How many.
    pub requests: u64,
    /// Their tokens.
    pub total_tokens: u64,
    /// What was charged for them.
    pub cost: Units,
}

/// What the calls with one key came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUsage {
    /// The key; `None` for calls with a session.
    pub key: Option<KeyId>,
    /// How many.
    pub requests: u64,
    /// Their tokens.
    pub total_tokens: u64,
    /// What was charged for them.
    pub cost: Units,
}

/// What the calls of one day came to that asked for one model and that one provider
/// answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DailyUsage {
    /// The day in UTC on which they began.
    pub day: Day,
    /// The model asked for.
    pub model: String,
    /// Who answered.
    pub provider: ProviderId,
    /// How many.
    pub requests: u64,
    /// Their prompt tokens.
    pub prompt_tokens: u64,
    /// Their completion tokens.
    pub completion_tokens: u64,
    /// What was charged for them, in US dollars.
    pub cost: Units,
}

/// Reading the usage log. It is written by [`super::Wallets::settle`] alone.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Usage: Send + Sync + 'static {
    /// One call. With an account, MUST NOT find another account's.
    async fn find_call(
        &self,
        account: Option<AccountId>,
        call: GenerationId,
    ) -> Result<Option<LoggedCall>, Unavailable>;

    /// Calls of an account, newest first.
    async fn list_calls(
        &self,
        account: AccountId,
        filter: UsageFilter,
        page: PageRequest,
    ) -> Result<Page<LoggedCall>, Unavailable>;

    /// What the calls of an account came to.
    async fn summarize(
        &self,
        account: AccountId,
        filter: UsageFilter,
    ) -> Result<UsageSummary, Unavailable>;

    /// The same by day, model and provider: the latest day first, on one day by the bytes
    /// of the model's name and then the provider's. A day without calls MUST NOT be in it.
    /// Sums MUST be exact; those that no amount can hold are `Unavailable`. A day of which
    /// the filter lets through a part has the sums of that part.
    async fn daily(
        &self,
        account: AccountId,
        filter: UsageFilter,
    ) -> Result<Vec<DailyUsage>, Unavailable>;
}
