use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use async_trait::async_trait;
use vuzo_domain::catalog::ProviderId;
use vuzo_domain::chat::{CallStatus, LoggedCall};
use vuzo_domain::id::{AccountId, GenerationId};
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::{
    DailyUsage, KeyUsage, ModelUsage, Page, PageRequest, Unavailable, Usage, UsageFilter,
    UsageSummary,
};

use crate::MemoryStore;
use crate::list::page_of;
use crate::store::State;

#[async_trait]
impl Usage for MemoryStore {
    async fn find_call(
        &self,
        account: Option<AccountId>,
        call: GenerationId,
    ) -> Result<Option<LoggedCall>, Unavailable> {
        let state = self.state();
        let found = state.ledger.calls.get(&call);
        let found =
            found.filter(|call| account.is_none_or(|account| call.record.account == account));
        Ok(found.cloned())
    }

    async fn list_calls(
        &self,
        account: AccountId,
        filter: UsageFilter,
        page: PageRequest,
    ) -> Result<Page<LoggedCall>, Unavailable> {
        let state = self.state();
        let newest_first = state.calls_of(account, &filter).rev();
        Ok(page_of(newest_first, &page, |call| call.record.id.uuid()))
    }

    async fn summarize(
        &self,
        account: AccountId,
        filter: UsageFilter,
    ) -> Result<UsageSummary, Unavailable> {
        let state = self.state();
        let calls = || state.calls_of(account, &filter);
        let whole = Tally::of(calls());
        let by_model = Tally::dearest_first(calls(), |call| call.record.model.clone());
        let by_key = Tally::dearest_first(calls(), |call| call.record.key);
        Ok(UsageSummary {
            requests: whole.requests,
            errors: whole.errors,
            prompt_tokens: whole.prompt_tokens,
            completion_tokens: whole.completion_tokens,
            cost: whole.cost,
            currency: Currency::USD,
            by_model: by_model
                .into_iter()
                .map(|(model, tally)| ModelUsage {
                    model,
                    requests: tally.requests,
                    total_tokens: tally.total_tokens(),
                    cost: tally.cost,
                })
                .collect(),
            by_key: by_key
                .into_iter()
                .map(|(key, tally)| KeyUsage {
                    key,
                    requests: tally.requests,
                    total_tokens: tally.total_tokens(),
                    cost: tally.cost,
                })
                .collect(),
        })
    }

    async fn daily(
        &self,
        account: AccountId,
        filter: UsageFilter,
    ) -> Result<Vec<DailyUsage>, Unavailable> {
        let state = self.state();
        let mut by_day: BTreeMap<_, (ProviderId, Tally)> = BTreeMap::new();
        for call in state.calls_of(account, &filter) {
            let record = &call.record;
            let day = Reverse(record.created_at.day());
            let key = (day, record.model.as_str(), record.provider.as_str());
            let (_, tally) = by_day
                .entry(key)
                .or_insert_with(|| (record.provider.clone(), Tally::default()));
            tally.add(call);
        }
        Ok(by_day
            .into_iter()
            .map(|((Reverse(day), model, _), (provider, tally))| DailyUsage {
                day,
                model: model.to_owned(),
                provider,
                requests: tally.requests,
                prompt_tokens: tally.prompt_tokens,
                completion_tokens: tally.completion_tokens,
                cost: tally.cost,
            })
            .collect())
    }
}

impl State {
    fn calls_of<'state>(
        &'state self,
        account: AccountId,
        filter: &'state UsageFilter,
    ) -> impl DoubleEndedIterator<Item = &'state LoggedCall> {
        self.ledger.calls.values().filter(move |logged| {
            let call = &logged.record;
            call.account == account
                && filter
                    .model
                    .as_ref()
                    .is_none_or(|model| call.model == *model)
                && filter
                    .provider
                    .as_ref()
                    .is_none_or(|provider| call.provider.as_str() == provider)
                && filter.key.is_none_or(|key| call.key == Some(key))
                && filter.from.is_none_or(|from| call.created_at >= from)
                && filter.to.is_none_or(|to| call.created_at < to)
        })
    }
}

/// Sums over calls.
#[derive(Clone, Copy, Default)]
struct Tally {
    requests: u64,
    errors: u64,
    prompt_tokens: u64,
    completion_tokens: u64,
    cost: Units,
}

impl Tally {
    fn of<'calls>(calls: impl Iterator<Item = &'calls LoggedCall>) -> Self {
        let mut tally = Self::default();
        for call in calls {
            tally.add(call);
        }
        tally
    }

    fn dearest_first<'calls, K: Hash + Ord + Clone>(
        calls: impl Iterator<Item = &'calls LoggedCall>,
        key: impl Fn(&LoggedCall) -> K,
    ) -> Vec<(K, Self)> {
        let mut tallies: HashMap<K, Self> = HashMap::new();
        for call in calls {
            tallies.entry(key(call)).or_default().add(call);
        }
        let mut sorted: Vec<(K, Self)> = tallies.into_iter().collect();
        sorted.sort_by_key(|(key, tally)| (Reverse(tally.cost), key.clone()));
        sorted
    }

    fn add(&mut self, logged: &LoggedCall) {
        let call = &logged.record;
        let more = |sum: u64, part: u64| sum.saturating_add(part);
        self.requests = more(self.requests, 1);
        self.errors = more(self.errors, u64::from(call.status != CallStatus::Ok));
        self.prompt_tokens = more(self.prompt_tokens, call.consumption.prompt_tokens());
        self.completion_tokens = more(self.completion_tokens, call.consumption.completion_tokens());
        self.cost = self.cost.saturating_plus(logged.charged);
    }

    const fn total_tokens(&self) -> u64 {
        self.prompt_tokens.saturating_add(self.completion_tokens)
    }
}
