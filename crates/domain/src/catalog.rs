//! The models on offer.

use core::fmt;
use std::sync::Arc;

use crate::time::Timestamp;

/// The name by which customers call a model, for example `gpt-4o` or `sim/echo`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelId(String);

/// The text cannot name a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a model id has 1 to 128 characters out of letters, digits and . _ - : / @ +")]
pub struct InvalidModelId;

impl ModelId {
    /// Checks and takes a name.
    pub fn new(text: &str) -> Result<Self, InvalidModelId> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-:/@+".contains(&b);
        if text.is_empty() || text.len() > 128 || !text.bytes().all(allowed) {
            return Err(InvalidModelId);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The name of a provider, for example `openai` or `sim`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderId(String);

/// The text cannot name a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a provider name has 1 to 32 lower-case letters, digits, - or _")]
pub struct InvalidProviderId;

impl ProviderId {
    /// Checks and takes a name.
    pub fn new(text: &str) -> Result<Self, InvalidProviderId> {
        let allowed =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        if text.is_empty() || text.len() > 32 || !text.bytes().all(allowed) {
            return Err(InvalidProviderId);
        }
        Ok(Self(text.to_owned()))
    }

    /// The built-in simulator.
    pub fn simulator() -> Self {
        Self("sim".to_owned())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProviderId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Where a model is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ModelStatus {
    /// On sale.
    Active,
    /// On sale, and may change.
    Preview,
    /// On sale until it is retired.
    Deprecated,
    /// Gone: a call answers 404.
    Retired,
}

impl ModelStatus {
    /// Every status with its name on the wire.
    pub const NAMES: [(Self, &'static str); 4] = [
        (Self::Active, "active"),
        (Self::Preview, "preview"),
        (Self::Deprecated, "deprecated"),
        (Self::Retired, "retired"),
    ];

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(status, _)| *status == self)
            .map_or("retired", |(_, name)| name)
    }

    /// The status of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(status, _)| *status)
    }
}

/// A model that customers may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Its public name.
    pub id: ModelId,
    /// Who serves it.
    pub provider: ProviderId,
    /// What the provider calls it.
    pub upstream_id: String,
    /// Where it is in its life.
    pub status: ModelStatus,
    /// The most prompt tokens it takes.
    pub context_length: u64,
    /// The most completion tokens it gives.
    pub max_output_tokens: u64,
    /// What it can do, as words of the catalogue (`chat`, `tools`, `vision`, …).
    pub capabilities: Arc<[String]>,
    /// Other public names of it. Models of several providers may share one: the call
    /// goes to any of them.
    pub aliases: Vec<ModelId>,
    /// Among models of one name those of a lower priority wait until those of a higher
    /// one cannot be used, as with pricing rules and provider keys.
    pub priority: i32,
    /// Its share of the calls among models of one name and priority. With 0 it only
    /// stands in for the others.
    pub weight: u32,
    /// When it came into the catalogue.
    pub created_at: Timestamp,
}

impl Model {
    /// The weight of a model of which nothing else is said.
    pub const USUAL_WEIGHT: u32 = 100;

    /// No model weighs more.
    pub const MOST_WEIGHT: u32 = 10_000;

    /// `provider/id`, unless the id says so already.
    pub fn qualified_name(&self) -> String {
        let id = self.id.as_str();
        let provider = self.provider.as_str();
        match id.split_once('/') {
            Some((prefix, _)) if prefix == provider => id.to_owned(),
            _ => format!("{provider}/{id}"),
        }
    }

    /// Whether customers may call it now.
    pub fn is_on_sale(&self) -> bool {
        self.status != ModelStatus::Retired
    }

    /// Whether it has that capability.
    pub fn can(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|known| known == capability)
    }
}
