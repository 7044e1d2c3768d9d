use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vuzo_domain::catalog::{InvalidModelId, ModelId, ProviderId};
use vuzo_domain::chat::{Attempt, AttemptStatus, CallRecord};
use vuzo_domain::id::{GenerationId, InvalidId};
use vuzo_domain::money::{BasisPoints, Units};
use vuzo_domain::pricing::{Dimension, Exact, Line, LineKind, Rate};
use vuzo_domain::usage::Consumption;

use super::{Text, is_zero};

/// What of a call is read together with it and never filtered by.
#[derive(Debug, Serialize, Deserialize)]
pub struct CallDetail<'text> {
    consumption: ConsumptionJson,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    lines: Vec<LineJson<'text>>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    attempts: Vec<AttemptJson<'text>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    priced_as: Option<Cow<'text, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    cached_from: Option<Cow<'text, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    service_tier: Option<Cow<'text, str>>,
}

/// Counts of tokens and pieces.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ConsumptionJson {
    #[serde(skip_serializing_if = "is_zero")]
    input: u64,
    #[serde(skip_serializing_if = "is_zero")]
    cache_read: u64,
    #[serde(skip_serializing_if = "is_zero")]
    cache_write: u64,
    #[serde(skip_serializing_if = "is_zero")]
    cache_write_1h: u64,
    #[serde(skip_serializing_if = "is_zero")]
    audio_input: u64,
    #[serde(skip_serializing_if = "is_zero")]
    output: u64,
    #[serde(skip_serializing_if = "is_zero")]
    reasoning: u64,
    #[serde(skip_serializing_if = "is_zero")]
    images: u64,
}

/// A line of a receipt. Its cost is a string: other readers of JSON would round it.
#[derive(Debug, Serialize, Deserialize)]
pub struct LineJson<'text> {
    #[serde(borrow)]
    kind: Cow<'text, str>,
    quantity: u64,
    unit_price: u64,
    per: u64,
    markup_bp: u32,
    cost: Text<i128>,
}

/// One attempt at a provider.
#[derive(Debug, Serialize, Deserialize)]
pub struct AttemptJson<'text> {
    #[serde(borrow)]
    provider: Cow<'text, str>,
    #[serde(borrow)]
    model: Cow<'text, str>,
    #[serde(borrow)]
    status: Cow<'text, str>,
    latency_us: u64,
    provider_cost: i64,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    fault: Option<Cow<'text, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    key: Option<Cow<'text, str>>,
}

impl<'record> From<&'record CallRecord> for CallDetail<'record> {
    fn from(record: &'record CallRecord) -> Self {
        Self {
            consumption: ConsumptionJson::from(&record.consumption),
            lines: record.receipt.lines.iter().map(LineJson::from).collect(),
            attempts: record.attempts.iter().map(AttemptJson::from).collect(),
            priced_as: record
                .priced_as
                .as_ref()
                .map(|model| Cow::Borrowed(model.as_str())),
            cached_from: record.cached_from.map(|call| Cow::Owned(call.to_string())),
            service_tier: record.service_tier.map(|tier| Cow::Borrowed(tier.name())),
        }
    }
}

impl CallDetail<'_> {
    /// What was consumed.
    pub fn consumption(&self) -> Consumption {
        self.consumption.into()
    }

    /// The lines of the receipt, if each is of a known kind.
    pub fn lines(&self) -> Option<Vec<Line>> {
        self.lines.iter().map(LineJson::to_line).collect()
    }

    /// The model by whose price it was charged, where that was noted.
    pub fn priced_as(&self) -> Result<Option<ModelId>, InvalidModelId> {
        self.priced_as.as_deref().map(ModelId::new).transpose()
    }

    /// The call whose answer was given again, where that was noted.
    pub fn cached_from(&self) -> Result<Option<GenerationId>, InvalidId> {
        self.cached_from.as_deref().map(str::parse).transpose()
    }

    /// The name of the service tier, where it was not the standard one.
    pub fn service_tier(&self) -> Option<&str> {
        self.service_tier.as_deref()
    }

    /// The attempts, if each is well-formed.
    pub fn attempts(&self) -> Option<Vec<Attempt>> {
        self.attempts.iter().map(AttemptJson::to_attempt).collect()
    }
}

impl From<&Consumption> for ConsumptionJson {
    fn from(consumption: &Consumption) -> Self {
        Self {
            input: consumption.input,
            cache_read: consumption.cache_read,
            cache_write: consumption.cache_write,
            cache_write_1h: consumption.cache_write_long,
            audio_input: consumption.audio_input,
            output: consumption.output,
            reasoning: consumption.reasoning,
            images: consumption.images,
        }
    }
}

impl From<ConsumptionJson> for Consumption {
    fn from(json: ConsumptionJson) -> Self {
        Self {
            input: json.input,
            cache_read: json.cache_read,
            cache_write: json.cache_write,
            cache_write_long: json.cache_write_1h,
            audio_input: json.audio_input,
            output: json.output,
            reasoning: json.reasoning,
            images: json.images,
        }
    }
}

impl From<&Line> for LineJson<'static> {
    fn from(line: &Line) -> Self {
        Self {
            kind: Cow::Borrowed(line.kind.name()),
            quantity: line.quantity,
            unit_price: line.unit_price.units(),
            per: line.per,
            markup_bp: line.markup.0,
            cost: Text(line.cost.to_raw()),
        }
    }
}

impl LineJson<'_> {
    fn to_line(&self) -> Option<Line> {
        let special = [
            LineKind::FixedFee,
            LineKind::Minimum,
            LineKind::Rounding,
            LineKind::CacheHit,
        ]
        .into_iter()
        .find(|kind| kind.name() == self.kind);
        let usage = || Dimension::from_name(&self.kind).map(LineKind::Usage);
        Some(Line {
            kind: special.or_else(usage)?,
            quantity: self.quantity,
            unit_price: Rate::from_units(self.unit_price)?,
            per: self.per,
            markup: BasisPoints(self.markup_bp),
            cost: Exact::from_raw(self.cost.0),
        })
    }
}

impl<'record> From<&'record Attempt> for AttemptJson<'record> {
    fn from(attempt: &'record Attempt) -> Self {
        Self {
            provider: Cow::Borrowed(attempt.provider.as_str()),
            model: Cow::Borrowed(&attempt.model),
            status: Cow::Borrowed(attempt.status.name()),
            latency_us: u64::try_from(attempt.latency.as_micros()).unwrap_or(u64::MAX),
            provider_cost: attempt.provider_cost.0,
            fault: attempt.fault.as_deref().map(Cow::Borrowed),
            key: attempt.key.as_deref().map(Cow::Borrowed),
        }
    }
}

impl AttemptJson<'_> {
    fn to_attempt(&self) -> Option<Attempt> {
        Some(Attempt {
            provider: ProviderId::new(&self.provider).ok()?,
            model: self.model.clone().into_owned(),
            status: AttemptStatus::from_name(&self.status)?,
            latency: Duration::from_micros(self.latency_us),
            provider_cost: Units(self.provider_cost),
            fault: self.fault.clone().map(Cow::into_owned),
            key: self.key.clone().map(Cow::into_owned),
        })
    }
}
