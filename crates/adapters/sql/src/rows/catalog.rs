use diesel::{AsChangeset, Identifiable, Insertable, Queryable, Selectable};
use vuzo_domain::catalog::{Model, ModelId, ModelStatus, ProviderId};
use vuzo_domain::id::RuleId;
use vuzo_domain::money::{BasisPoints, Units};
use vuzo_domain::pattern::ModelPattern;
use vuzo_domain::pricing::{Markup, PriceVersion, PricingRule, RateCard};
use vuzo_domain::time::Timestamp;

use crate::fault::{Place, RowFault};
use crate::json::{self, RateCardJson};
use crate::number::{signed, unsigned};
use crate::schema::{models, price_versions, pricing_rules};
use crate::types::RawId;

/// A row of `models`.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, Identifiable, AsChangeset)]
#[diesel(table_name = models)]
pub struct ModelRow {
    pub id: String,
    pub provider: String,
    pub upstream_id: String,
    pub status: String,
    pub context_length: i64,
    pub max_output_tokens: i64,
    pub capabilities: String,
    pub aliases: String,
    pub created_at: i64,
    pub priority: i32,
    pub weight: i32,
}

impl From<&Model> for ModelRow {
    fn from(model: &Model) -> Self {
        let aliases: Vec<&str> = model.aliases.iter().map(ModelId::as_str).collect();
        Self {
            id: model.id.as_str().to_owned(),
            provider: model.provider.as_str().to_owned(),
            upstream_id: model.upstream_id.clone(),
            status: model.status.name().to_owned(),
            context_length: signed(model.context_length),
            max_output_tokens: signed(model.max_output_tokens),
            capabilities: json::write(&*model.capabilities),
            aliases: json::write(&aliases),
            created_at: model.created_at.as_micros(),
            priority: model.priority,
            weight: i32::try_from(model.weight).unwrap_or(i32::MAX),
        }
    }
}

impl TryFrom<ModelRow> for Model {
    type Error = RowFault;

    fn try_from(row: ModelRow) -> Result<Self, RowFault> {
        let place = Place::new("models", &row.id);
        let aliases: Vec<String> = place.json("aliases", &row.aliases)?;
        let aliases: Result<_, _> = aliases.iter().map(|text| ModelId::new(text)).collect();
        Ok(Self {
            id: place.valid("id", ModelId::new(&row.id))?,
            provider: place.valid("provider", ProviderId::new(&row.provider))?,
            status: place.known("status", ModelStatus::from_name(&row.status))?,
            context_length: unsigned(row.context_length),
            max_output_tokens: unsigned(row.max_output_tokens),
            capabilities: place
                .json::<Vec<String>>("capabilities", &row.capabilities)?
                .into(),
            aliases: place.valid("aliases", aliases)?,
            created_at: Timestamp::from_micros(row.created_at),
            priority: row.priority,
            weight: place.valid("weight", u32::try_from(row.weight))?,
            upstream_id: row.upstream_id,
        })
    }
}

/// A row of `price_versions`.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = price_versions, treat_none_as_default_value = false)]
pub struct PriceVersionRow {
    pub model_id: String,
    pub number: i64,
    pub effective_at: i64,
    pub cost: String,
    pub retail: Option<String>,
}

impl PriceVersionRow {
    /// A version of the prices of a model.
    pub fn new(model: &ModelId, version: &PriceVersion) -> Self {
        let card = |card: &RateCard| json::write(&RateCardJson::from(card));
        Self {
            model_id: model.as_str().to_owned(),
            number: i64::from(version.number),
            effective_at: version.effective_from.as_micros(),
            cost: card(&version.cost),
            retail: version.retail.as_ref().map(card),
        }
    }
}

impl TryFrom<PriceVersionRow> for PriceVersion {
    type Error = RowFault;

    fn try_from(row: PriceVersionRow) -> Result<Self, RowFault> {
        let id = format!("{}#{}", row.model_id, row.number);
        let place = Place::new("price_versions", &id);
        let card = |column, text: &str| {
            let json: RateCardJson<'_> = place.json(column, text)?;
            place.known(column, json.to_card())
        };
        Ok(Self {
            number: place.valid("number", u32::try_from(row.number))?,
            effective_from: Timestamp::from_micros(row.effective_at),
            cost: card("cost", &row.cost)?,
            retail: row
                .retail
                .as_deref()
                .map(|text| card("retail", text))
                .transpose()?,
        })
    }
}

/// A row of `pricing_rules`.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, Identifiable, AsChangeset)]
#[diesel(table_name = pricing_rules)]
pub struct RuleRow {
    pub id: RawId,
    pub pattern: String,
    pub percentage_bp: i64,
    pub fixed_fee: i64,
    pub minimum: i64,
    pub priority: i32,
    pub is_active: bool,
}

impl From<&PricingRule> for RuleRow {
    fn from(rule: &PricingRule) -> Self {
        Self {
            id: RawId(rule.id.uuid()),
            pattern: rule.pattern.as_str().to_owned(),
            percentage_bp: i64::from(rule.markup.percentage.0),
            fixed_fee: rule.markup.fixed_fee.0,
            minimum: rule.markup.minimum.0,
            priority: rule.priority,
            is_active: rule.is_active,
        }
    }
}

impl TryFrom<RuleRow> for PricingRule {
    type Error = RowFault;

    fn try_from(row: RuleRow) -> Result<Self, RowFault> {
        let id = RuleId::from_uuid(row.id.0);
        let place = Place::new("pricing_rules", &id);
        let percentage = u32::try_from(row.percentage_bp).map(BasisPoints);
        Ok(Self {
            id,
            pattern: place.valid("pattern", ModelPattern::new(&row.pattern))?,
            markup: Markup {
                percentage: place.valid("percentage_bp", percentage)?,
                fixed_fee: Units(row.fixed_fee),
                minimum: Units(row.minimum),
            },
            priority: row.priority,
            is_active: row.is_active,
        })
    }
}
