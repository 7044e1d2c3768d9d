use serde::Serialize;
use vuzo_application::usage::DayTotal;
use vuzo_domain::money::Currency;
use vuzo_domain::port::UsageSummary;
use vuzo_domain::time::Timestamp;

/// What some calls came to.
#[derive(Serialize)]
pub(crate) struct SummaryView {
    from: Option<String>,
    to: Option<String>,
    requests: u64,
    errors: u64,
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    cost: String,
    currency: String,
    by_model: Vec<ModelRow>,
    by_key: Vec<KeyRow>,
}

#[derive(Serialize)]
struct ModelRow {
    model: String,
    requests: u64,
    total_tokens: u64,
    cost: String,
}

#[derive(Serialize)]
struct KeyRow {
    api_key_id: Option<String>,
    requests: u64,
    total_tokens: u64,
    cost: String,
}

impl SummaryView {
    pub(crate) fn of(
        summary: UsageSummary,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> Self {
        let currency = summary.currency;
        let models = summary.by_model.into_iter().map(|row| ModelRow {
            model: row.model,
            requests: row.requests,
            total_tokens: row.total_tokens,
            cost: currency.format(row.cost),
        });
        let keys = summary.by_key.into_iter().map(|row| KeyRow {
            api_key_id: row.key.map(|key| key.to_string()),
            requests: row.requests,
            total_tokens: row.total_tokens,
            cost: currency.format(row.cost),
        });
        Self {
            from: from.map(|at| at.to_string()),
            to: to.map(|at| at.to_string()),
            requests: summary.requests,
            errors: summary.errors,
            prompt_tokens: summary.prompt_tokens,
            completion_tokens: summary.completion_tokens,
            total_tokens: summary
                .prompt_tokens
                .saturating_add(summary.completion_tokens),
            cost: currency.format(summary.cost),
            currency: currency.to_string(),
            by_model: models.collect(),
            by_key: keys.collect(),
        }
    }
}

/// What the calls of one day came to. Usage is priced in US dollars.
#[derive(Serialize)]
pub(crate) struct DailyView {
    date: String,
    requests: u64,
    total_tokens: u64,
    cost: String,
    currency: String,
}

impl DailyView {
    pub(crate) fn of(day: &DayTotal) -> Self {
        Self {
            date: day.day.to_string(),
            requests: day.requests,
            total_tokens: day.total_tokens,
            cost: Currency::USD.format(day.cost),
            currency: Currency::USD.to_string(),
        }
    }
}
