#![expect(clippy::ref_option_ref, reason = "the derive of Insertable writes it")]

use std::time::Duration;

use diesel::sql_types::{BigInt, Text};
use diesel::{Insertable, Queryable, QueryableByName, Selectable};
use vuzo_domain::catalog::ProviderId;
use vuzo_domain::chat::{CallRecord, CallStatus, Endpoint, LoggedCall};
use vuzo_domain::id::{AccountId, GenerationId, KeyId, RuleId};
use vuzo_domain::key::Environment;
use vuzo_domain::money::Units;
use vuzo_domain::port::DailyUsage;
use vuzo_domain::pricing::{Receipt, ServiceTier};
use vuzo_domain::time::{Day, Timestamp};

use crate::fault::{Place, RowFault};
use crate::json::{self, CallDetail};
use crate::number::{signed, unsigned};
use crate::rows::currency;
use crate::schema::usage;
use crate::types::RawId;

/// A row of `usage`, to be written.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = usage, treat_none_as_default_value = false)]
pub struct NewUsageRow<'record> {
    pub account_id: RawId,
    pub id: RawId,
    pub key_id: Option<RawId>,
    pub environment: &'static str,
    pub endpoint: &'static str,
    pub model: &'record str,
    pub served_model: Option<&'record str>,
    pub provider: &'record str,
    pub stream: bool,
    pub status: &'static str,
    pub prompt_tokens: i64,
    pub completion_tokens: i64,
    pub estimated: bool,
    pub currency: &'record str,
    pub cost: i64,
    pub charged: i64,
    pub shortfall: i64,
    pub provider_cost: i64,
    pub price_version: i64,
    pub rule_id: Option<RawId>,
    pub held: i64,
    pub latency_us: i64,
    pub first_token_us: Option<i64>,
    pub metadata: Option<&'record str>,
    pub detail: String,
    pub created_at: i64,
}

impl<'record> NewUsageRow<'record> {
    /// A call, and what came of its charge.
    pub fn new(record: &'record CallRecord, charged: Units, shortfall: Units) -> Self {
        Self {
            account_id: RawId(record.account.uuid()),
            id: RawId(record.id.uuid()),
            key_id: record.key.map(|key| RawId(key.uuid())),
            environment: record.environment.name(),
            endpoint: record.endpoint.name(),
            model: &record.model,
            served_model: record.served_model.as_deref(),
            provider: record.provider.as_str(),
            stream: record.stream,
            status: record.status.name(),
            prompt_tokens: signed(record.consumption.prompt_tokens()),
            completion_tokens: signed(record.consumption.completion_tokens()),
            estimated: record.estimated,
            currency: record.receipt.currency.code(),
            cost: record.receipt.total.0,
            charged: charged.0,
            shortfall: shortfall.0,
            provider_cost: record.provider_cost.0,
            price_version: i64::from(record.price_version),
            rule_id: record.rule.map(|rule| RawId(rule.uuid())),
            held: record.held.0,
            latency_us: micros(record.latency),
            first_token_us: record.time_to_first_token.map(micros),
            metadata: record.metadata.as_deref(),
            detail: json::write(&CallDetail::from(record)),
            created_at: record.created_at.as_micros(),
        }
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// A row of `usage`, as it was read.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = usage)]
pub struct UsageRow {
    pub account_id: RawId,
    pub id: RawId,
    pub key_id: Option<RawId>,
    pub environment: String,
    pub endpoint: String,
    pub model: String,
    pub served_model: Option<String>,
    pub provider: String,
    pub stream: bool,
    pub status: String,
    pub estimated: bool,
    pub currency: String,
    pub cost: i64,
    pub charged: i64,
    pub provider_cost: i64,
    pub price_version: i64,
    pub rule_id: Option<RawId>,
    pub held: i64,
    pub latency_us: i64,
    pub first_token_us: Option<i64>,
    pub metadata: Option<String>,
    pub detail: String,
    pub created_at: i64,
}

impl TryFrom<UsageRow> for LoggedCall {
    type Error = RowFault;

    fn try_from(row: UsageRow) -> Result<Self, RowFault> {
        let id = GenerationId::from_uuid(row.id.0);
        let place = Place::new("usage", &id);
        let detail: CallDetail<'_> = place.json("detail", &row.detail)?;
        let record = CallRecord {
            id,
            account: AccountId::from_uuid(row.account_id.0),
            key: row.key_id.map(|RawId(raw)| KeyId::from_uuid(raw)),
            environment: place.known("environment", Environment::from_name(&row.environment))?,
            endpoint: place.known("endpoint", Endpoint::from_name(&row.endpoint))?,
            model: row.model,
            served_model: row.served_model,
            provider: place.valid("provider", ProviderId::new(&row.provider))?,
            stream: row.stream,
            status: place.known("status", CallStatus::from_name(&row.status))?,
            consumption: detail.consumption(),
            estimated: row.estimated,
            receipt: Receipt {
                currency: currency(&place, &row.currency)?,
                lines: place.known("detail", detail.lines())?,
                total: Units(row.cost),
            },
            provider_cost: Units(row.provider_cost),
            priced_as: place.valid("detail", detail.priced_as())?,
            cached_from: place.valid("detail", detail.cached_from())?,
            service_tier: detail
                .service_tier()
                .map(|name| place.known("detail", ServiceTier::from_name(name)))
                .transpose()?,
            price_version: place.valid("price_version", u32::try_from(row.price_version))?,
            rule: row.rule_id.map(|RawId(raw)| RuleId::from_uuid(raw)),
            held: Units(row.held),
            attempts: place.known("detail", detail.attempts())?,
            latency: Duration::from_micros(unsigned(row.latency_us)),
            time_to_first_token: row
                .first_token_us
                .map(|micros| Duration::from_micros(unsigned(micros))),
            metadata: row.metadata,
            created_at: Timestamp::from_micros(row.created_at),
        };
        Ok(Self {
            record,
            charged: Units(row.charged),
        })
    }
}

/// Sums over the rows of one day, model and provider.
#[derive(Clone, Debug, QueryableByName)]
pub struct DailyUsageRow {
    #[diesel(sql_type = BigInt)]
    pub day: i64,
    #[diesel(sql_type = Text)]
    pub model_part: String,
    #[diesel(sql_type = Text)]
    pub provider_part: String,
    #[diesel(sql_type = BigInt)]
    pub requests: i64,
    #[diesel(sql_type = BigInt)]
    pub prompt_tokens: i64,
    #[diesel(sql_type = BigInt)]
    pub completion_tokens: i64,
    #[diesel(sql_type = BigInt)]
    pub total_charged: i64,
}

impl TryFrom<DailyUsageRow> for DailyUsage {
    type Error = RowFault;

    fn try_from(row: DailyUsageRow) -> Result<Self, RowFault> {
        let day = Day::from_days(row.day);
        let place = Place::new("usage", &day);
        Ok(Self {
            provider: place.valid("provider", ProviderId::new(&row.provider_part))?,
            day,
            model: row.model_part,
            requests: unsigned(row.requests),
            prompt_tokens: unsigned(row.prompt_tokens),
            completion_tokens: unsigned(row.completion_tokens),
            cost: Units(row.total_charged),
        })
    }
}
