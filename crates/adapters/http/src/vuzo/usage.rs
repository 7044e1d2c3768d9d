use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::value::RawValue;
use vuzo_domain::chat::LoggedCall;
use vuzo_domain::id::GenerationId;
use vuzo_domain::money::Currency;
use vuzo_domain::port::DailyUsage;
use vuzo_domain::time::{Day, Timestamp};

use super::float;
use super::range::wanted;
use crate::dto::millis;
use crate::error::Fault;
use crate::gate::Gate;
use crate::page::json;
use crate::query::Query;

/// How many days are added up when nothing was said.
const USUAL_DAYS: i64 = 30;

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
    let (filter, page) = (wanted(&query)?, query.page::<GenerationId>()?);
    let calls = gate.application.usage.list(account, filter, page).await?;
    let rows: Vec<LogRow> = calls.rows.iter().map(LogRow::of).collect();
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
    let filter = wanted(&query)?;
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

impl DailyRow {
    fn of(sum: DailyUsage) -> Self {
        Self {
            date: sum.day.to_string(),
            model: sum.model,
            provider: sum.provider.to_string(),
            total_requests: sum.requests,
            input_tokens: sum.prompt_tokens,
            output_tokens: sum.completion_tokens,
            total_cost: float(Currency::USD, sum.cost),
        }
    }
}

/// `GET /vuzo/v1/usage/daily`, the latest day first. Usage is priced in US dollars.
pub(super) async fn daily(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let query = Query::of(&request);
    let account = gate.read_account(&request, &query).await?;
    let mut filter = wanted(&query)?;
    let today = gate.backends.clock.now().day();
    filter.from.get_or_insert_with(|| {
        let last = filter.to.map_or(today, Timestamp::day);
        Day::from_days(last.as_days().saturating_sub(USUAL_DAYS - 1)).start()
    });
    let usage = &gate.application.usage;
    let days = usage.daily(account, filter, today).await?;
    let rows: Vec<DailyRow> = days.into_iter().map(DailyRow::of).collect();
    Ok(json(&rows))
}
