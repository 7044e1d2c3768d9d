use std::collections::BTreeMap;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::value::RawValue;
use vuzo_domain::chat::LoggedCall;
use vuzo_domain::id::{AccountId, GenerationId};
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::PageRequest;
use vuzo_domain::time::{Day, Timestamp};

use super::float;
use super::range::Wanted;
use crate::dto::millis;
use crate::error::{Fault, rules};
use crate::gate::Gate;
use crate::page::json;
use crate::query::Query;

/// How many days are added up when nothing was said.
const USUAL_DAYS: i64 = 30;

/// So many calls are looked through for one answer, a page at a time; more are refused
/// rather than left out.
const MOST_PAGES: u32 = 250;

#[derive(Serialize)]
struct LogRow {
    id: String,
    provider: String,
    model: String,
    input_tokens: u64,
    output_tokens: u64,
    total_tokens: u64,
    provider_cost: Box<RawValue>,
    vuzo_cost: Box<RawValue>,
    response_time_ms: u64,
    created_at: String,
}

impl LogRow {
    fn of(logged: &LoggedCall) -> Self {
        let call = &logged.record;
        let cost = || float(call.receipt.currency, logged.charged);
        Self {
            id: call.id.to_string(),
            provider: call.provider.to_string(),
            model: call.model.clone(),
            input_tokens: call.consumption.prompt_tokens(),
            output_tokens: call.consumption.completion_tokens(),
            total_tokens: call.consumption.total_tokens(),
            provider_cost: cost(),
            vuzo_cost: cost(),
            response_time_ms: millis(call.latency),
            created_at: call.created_at.to_string(),
        }
    }
}

/// `GET /vuzo/v1/usage` and `/vuzo/v1/usage/logs`.
pub(super) async fn logs(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let query = Query::of(&request);
    let account = gate.read_account(&request, &query).await?;
    let (wanted, page) = (Wanted::of(&query)?, query.page::<GenerationId>()?);
    if wanted.provider.is_none() {
        let usage = &gate.application.usage;
        let calls = usage.list(account, wanted.filter, page).await?;
        let rows: Vec<LogRow> = calls.rows.iter().map(LogRow::of).collect();
        return Ok(json(&rows));
    }
    let most = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let (mut rows, mut left) = (Vec::new(), page.offset);
    each(&gate, account, wanted, |call| {
        if left > 0 {
            left -= 1;
        } else {
            rows.push(LogRow::of(call));
        }
        rows.len() < most
    })
    .await?;
    Ok(json(&rows))
}

#[derive(Serialize)]
#[expect(
    clippy::struct_field_names,
    reason = "the names that the package reads"
)]
struct SummaryRow {
    total_requests: u64,
    total_input_tokens: u64,
    total_output_tokens: u64,
    total_tokens: u64,
    total_provider_cost: Box<RawValue>,
    total_vuzo_cost: Box<RawValue>,
}

/// `GET /vuzo/v1/usage/summary`.
pub(super) async fn summary(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let query = Query::of(&request);
    let account = gate.read_account(&request, &query).await?;
    let filter = Wanted::of(&query)?.filter;
    let sum = gate.application.usage.summary(account, filter).await?;
    let cost = || float(sum.currency, sum.cost);
    Ok(json(&SummaryRow {
        total_requests: sum.requests,
        total_input_tokens: sum.prompt_tokens,
        total_output_tokens: sum.completion_tokens,
        total_tokens: sum.prompt_tokens.saturating_add(sum.completion_tokens),
        total_provider_cost: cost(),
        total_vuzo_cost: cost(),
    }))
}

/// What the calls of one day, model and provider came to.
#[derive(Default)]
struct Sum {
    requests: u64,
    input: u64,
    output: u64,
    cost: Units,
}

#[derive(Serialize)]
struct DailyRow {
    date: String,
    model: String,
    provider: String,
    total_requests: u64,
    input_tokens: u64,
    output_tokens: u64,
    total_cost: Box<RawValue>,
}

/// `GET /vuzo/v1/usage/daily`, the latest day first. Usage is priced in US dollars.
pub(super) async fn daily(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let query = Query::of(&request);
    let account = gate.read_account(&request, &query).await?;
    let mut wanted = Wanted::of(&query)?;
    let today = gate.backends.clock.now().day();
    wanted.filter.from.get_or_insert_with(|| {
        let last = wanted.filter.to.map_or(today, Timestamp::day);
        Day::from_days(last.as_days().saturating_sub(USUAL_DAYS - 1)).start()
    });
    let mut sums: BTreeMap<(i64, String, String), Sum> = BTreeMap::new();
    each(&gate, account, wanted, |logged| {
        let call = &logged.record;
        let key = (
            call.created_at.day().as_days().saturating_neg(),
            call.model.clone(),
            call.provider.to_string(),
        );
        let sum = sums.entry(key).or_default();
        sum.requests = sum.requests.saturating_add(1);
        sum.input = sum.input.saturating_add(call.consumption.prompt_tokens());
        sum.output = sum
            .output
            .saturating_add(call.consumption.completion_tokens());
        sum.cost = sum.cost.saturating_plus(logged.charged);
        true
    })
    .await?;
    let rows = sums
        .into_iter()
        .map(|((day, model, provider), sum)| DailyRow {
            date: Day::from_days(day.saturating_neg()).to_string(),
            model,
            provider,
            total_requests: sum.requests,
            input_tokens: sum.input,
            output_tokens: sum.output,
            total_cost: float(Currency::USD, sum.cost),
        });
    Ok(json(&rows.collect::<Vec<_>>()))
}

/// Looks through the calls that are wanted, the latest first, until `visit` has enough.
async fn each(
    gate: &Gate,
    account: AccountId,
    wanted: Wanted,
    mut visit: impl FnMut(&LoggedCall) -> bool,
) -> Result<(), Fault> {
    let mut page = PageRequest::first(PageRequest::MOST);
    for _ in 0..MOST_PAGES {
        let filter = wanted.filter.clone();
        let calls = gate.application.usage.list(account, filter, page).await?;
        for call in &calls.rows {
            let provider = call.record.provider.as_str();
            if wanted
                .provider
                .as_deref()
                .is_some_and(|name| name != provider)
            {
                continue;
            }
            if !visit(call) {
                return Ok(());
            }
        }
        let Some(last) = calls.rows.last().filter(|_| calls.has_more) else {
            return Ok(());
        };
        page.before = Some(last.record.id.uuid());
    }
    let most = MOST_PAGES.saturating_mul(PageRequest::MOST);
    let message = format!(
        "There are more than {most} calls between these dates: ask for fewer days with start_date and end_date."
    );
    Err(Fault::new(rules::INVALID_VALUE, message).param("start_date"))
}
