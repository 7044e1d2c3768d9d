use async_trait::async_trait;

use super::{AuditEntry, Unavailable};
use crate::catalog::{Model, ModelId};
use crate::id::RuleId;
use crate::pricing::{PriceVersion, PricingRule};

/// A model with its prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelEntry {
    /// The model.
    pub model: Model,
    /// Its prices, oldest version first.
    pub versions: Vec<PriceVersion>,
}

/// Everything that pricing needs, as of one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogSnapshot {
    /// All models, by id.
    pub models: Vec<ModelEntry>,
    /// All rules.
    pub rules: Vec<PricingRule>,
}

/// A model made or changed.
#[derive(Clone, Debug)]
pub struct ModelWrite {
    /// The model as it shall be.
    pub model: Model,
    /// A further price version. Its number is given by the store: one more than the
    /// highest of the model.
    pub version: Option<PriceVersion>,
    /// Lands with it.
    pub audit: AuditEntry,
}

/// A rule made, changed or taken away.
#[derive(Clone, Debug)]
pub struct RuleWrite {
    /// Which rule.
    pub id: RuleId,
    /// The rule as it shall be; `None` takes it away.
    pub rule: Option<PricingRule>,
    /// Lands with it.
    pub audit: AuditEntry,
}

/// Models, prices and pricing rules. Every change is announced to
/// [`super::Changes`] in its transaction. Price versions are never changed.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Catalog: Send + Sync + 'static {
    /// Everything, as of one moment.
    async fn load_catalog(&self) -> Result<CatalogSnapshot, Unavailable>;

    /// Makes or changes a model and adds a version of its prices. A version equal to
    /// the newest one (but for its number) adds nothing.
    async fn save_model(&self, write: ModelWrite) -> Result<ModelEntry, Unavailable>;

    /// The same for many models at once: all of them are written or none.
    async fn save_models(&self, writes: Vec<ModelWrite>) -> Result<Vec<ModelEntry>, Unavailable>;

    /// Makes, changes or takes away a rule. `false` if there was none to take away.
    async fn save_rule(&self, write: RuleWrite) -> Result<bool, Unavailable>;

    /// Adds models that are not there yet, and rules if there are none at all: the
    /// starter catalogue. Answers the ids that were added.
    async fn seed_catalog(&self, seed: CatalogSnapshot) -> Result<Vec<ModelId>, Unavailable>;
}
