use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use vuzo_domain::id::GenerationId;
use vuzo_domain::time::Day;

use crate::dto::call::CallView;
use crate::dto::usage::{DailyView, SummaryView};
use crate::error::Fault;
use crate::gate::Gate;
use crate::page::{self, json, whole_list};
use crate::query::Query;

/// How many days are listed when nothing was said.
const USUAL_DAYS: i64 = 30;

/// `GET /v1/usage/logs`.
pub(crate) async fn logs(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let query = Query::of(&request);
    let account = gate.read_account(&request, &query).await?;
    let (filter, page) = (query.usage_filter()?, query.page::<GenerationId>()?);
    let usage = &gate.application.usage;
    let calls = usage.list(account, filter, page).await?;
    Ok(page::list(
        calls,
        |call| call.record.id,
        |call| CallView::of(&call),
    ))
}

/// `GET /v1/usage/summary`.
pub(crate) async fn summary(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let query = Query::of(&request);
    let account = gate.read_account(&request, &query).await?;
    let filter = query.usage_filter()?;
    let (from, to) = (filter.from, filter.to);
    let summary = gate.application.usage.summary(account, filter).await?;
    Ok(json(&SummaryView::of(summary, from, to)))
}

/// `GET /v1/usage/daily`.
pub(crate) async fn daily(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let query = Query::of(&request);
    let account = gate.read_account(&request, &query).await?;
    let today = || gate.backends.clock.now().day();
    let last = query.day("end")?.unwrap_or_else(today);
    let usual = || Day::from_days(last.as_days().saturating_sub(USUAL_DAYS - 1));
    let first = query.day("start")?.unwrap_or_else(usual);
    let days = gate.application.usage.days(account, first, last).await?;
    Ok(whole_list(days.iter().map(DailyView::of).collect()))
}
