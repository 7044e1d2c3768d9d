use serde::Serialize;
use serde_json::value::RawValue;
use vuzo_application::access::Reader;
use vuzo_domain::chat::{Attempt, LoggedCall};
use vuzo_domain::money::{BasisPoints, Currency, Units, format_scaled};
use vuzo_domain::pricing::{Line, Rate, ServedTier, ServiceTier};

use super::{millis, raw};

/// One call in the usage log.
#[derive(Serialize)]
pub(crate) struct CallView {
    id: String,
    created_at: String,
    api_key_id: Option<String>,
    environment: &'static str,
    model: String,
    served_model: Option<String>,
    provider: String,
    endpoint: &'static str,
    stream: bool,
    status: &'static str,
    prompt_tokens: u64,
    completion_tokens: u64,
    cached_tokens: u64,
    reasoning_tokens: u64,
    total_tokens: u64,
    cost: String,
    currency: String,
    estimated: bool,
    /// Only where an answer was given again.
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    cached: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cached_from: Option<String>,
    latency_ms: u64,
    time_to_first_token_ms: Option<u64>,
    metadata: Option<Box<RawValue>>,
}

impl CallView {
    pub(crate) fn of(logged: &LoggedCall) -> Self {
        let call = &logged.record;
        let consumed = &call.consumption;
        let currency = call.receipt.currency;
        Self {
            id: call.id.to_string(),
            created_at: call.created_at.to_string(),
            api_key_id: call.key.map(|key| key.to_string()),
            environment: call.environment.name(),
            model: call.model.clone(),
            served_model: call.served_model.clone(),
            provider: call.provider.to_string(),
            endpoint: call.endpoint.name(),
            stream: call.stream,
            status: call.status.name(),
            prompt_tokens: consumed.prompt_tokens(),
            completion_tokens: consumed.completion_tokens(),
            cached_tokens: consumed.cache_read,
            reasoning_tokens: consumed.reasoning,
            total_tokens: consumed.total_tokens(),
            cost: currency.format(logged.charged),
            currency: currency.to_string(),
            estimated: call.estimated,
            cached: call.cached_from.is_some(),
            cached_from: call.cached_from.map(|call| call.to_string()),
            latency_ms: millis(call.latency),
            time_to_first_token_ms: call.time_to_first_token.map(millis),
            metadata: raw(call.metadata.as_deref()),
        }
    }
}

/// The receipt of one call: anybody can recompute the cost from its lines.
#[derive(Serialize)]
pub(crate) struct ReceiptView {
    #[serde(flatten)]
    call: CallView,
    lines: Vec<LineView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priced_as: Option<String>,
    service_tier: &'static str,
    price_version: u32,
    rule_id: Option<String>,
    hold: String,
    attempts: Vec<AttemptView>,
}

#[derive(Serialize)]
struct LineView {
    kind: &'static str,
    quantity: u64,
    unit_price: String,
    per: u64,
    multiplier: String,
    cost: String,
}

/// What the provider takes and what went wrong there is the operator's to know.
#[derive(Serialize)]
struct AttemptView {
    provider: String,
    model: String,
    status: &'static str,
    latency_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_cost: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

impl ReceiptView {
    pub(crate) fn of(logged: &LoggedCall, reader: &Reader) -> Self {
        let call = &logged.record;
        let currency = call.receipt.currency;
        let lines = call.receipt.lines.iter();
        let waived = logged.charged.saturating_minus(call.receipt.total);
        let waived = (waived != Units::ZERO).then(|| LineView::waived(waived, currency));
        let attempts = call.attempts.iter();
        Self {
            call: CallView::of(logged),
            lines: lines
                .map(|line| LineView::of(line, currency))
                .chain(waived)
                .collect(),
            priced_as: call.priced_as.as_ref().map(ToString::to_string),
            service_tier: call
                .service_tier
                .map_or(ServedTier::DEFAULT, ServiceTier::name),
            price_version: call.price_version,
            rule_id: call.rule.map(|rule| rule.to_string()),
            hold: currency.format(call.held),
            attempts: attempts
                .map(|attempt| AttemptView::of(attempt, reader.is_admin))
                .collect(),
        }
    }
}

impl LineView {
    fn of(line: &Line, currency: Currency) -> Self {
        let factor = i128::from(line.markup.0).saturating_add(i128::from(BasisPoints::ONE));
        Self {
            kind: line.kind.name(),
            quantity: line.quantity,
            unit_price: line.unit_price.format(currency),
            per: line.per,
            multiplier: format_scaled(factor, 4, 0),
            cost: line.cost.format(currency),
        }
    }

    /// What the call cost beyond what the customer was charged: below zero, so that
    /// the lines sum to the charge.
    fn waived(cost: Units, currency: Currency) -> Self {
        Self {
            kind: "waived",
            quantity: 1,
            unit_price: Rate::default().format(currency),
            per: 1,
            multiplier: "1".to_owned(),
            cost: currency.format(cost),
        }
    }
}

impl AttemptView {
    fn of(attempt: &Attempt, is_admin: bool) -> Self {
        let cost = || Currency::USD.format(attempt.provider_cost);
        Self {
            provider: attempt.provider.to_string(),
            model: attempt.model.clone(),
            status: attempt.status.name(),
            latency_ms: millis(attempt.latency),
            provider_cost: is_admin.then(cost),
            fault: attempt.fault.clone().filter(|_| is_admin),
            key: attempt.key.clone().filter(|_| is_admin),
        }
    }
}
