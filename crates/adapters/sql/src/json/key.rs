use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use vuzo_domain::key::{DomainName, IpNetwork, Restrictions, Scope};
use vuzo_domain::limit::Limits;
use vuzo_domain::money::Units;
use vuzo_domain::pattern::ModelPattern;
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::{Cap, CapWindow};

use super::Text;

/// Limits on calls.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    requests_per_minute: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requests_per_hour: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requests_per_day: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens_per_minute: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens_per_hour: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens_per_day: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens_per_request: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_concurrency: Option<u64>,
}

impl From<&Limits> for LimitsJson {
    fn from(limits: &Limits) -> Self {
        Self {
            requests_per_minute: limits.requests_per_minute,
            requests_per_hour: limits.requests_per_hour,
            requests_per_day: limits.requests_per_day,
            tokens_per_minute: limits.tokens_per_minute,
            tokens_per_hour: limits.tokens_per_hour,
            tokens_per_day: limits.tokens_per_day,
            max_tokens_per_request: limits.max_tokens_per_request,
            max_concurrency: limits.max_concurrency,
        }
    }
}

impl From<LimitsJson> for Limits {
    fn from(json: LimitsJson) -> Self {
        Self {
            requests_per_minute: json.requests_per_minute,
            requests_per_hour: json.requests_per_hour,
            requests_per_day: json.requests_per_day,
            tokens_per_minute: json.tokens_per_minute,
            tokens_per_hour: json.tokens_per_hour,
            tokens_per_day: json.tokens_per_day,
            max_tokens_per_request: json.max_tokens_per_request,
            max_concurrency: json.max_concurrency,
        }
    }
}

/// A spending cap.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapJson<'text> {
    #[serde(borrow)]
    window: Cow<'text, str>,
    limit: i64,
}

impl From<&Cap> for CapJson<'static> {
    fn from(cap: &Cap) -> Self {
        Self {
            window: Cow::Borrowed(cap.window.name()),
            limit: cap.limit.0,
        }
    }
}

impl CapJson<'_> {
    /// The cap, if its window is known.
    pub fn to_cap(&self) -> Option<Cap> {
        Some(Cap {
            window: CapWindow::from_name(&self.window)?,
            limit: Units(self.limit),
        })
    }
}

/// Where, when and for which models a key works.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RestrictionsJson {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allowed_models: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ip_allowlist: Vec<Text<IpNetwork>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    domain_allowlist: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
}

impl From<&Restrictions> for RestrictionsJson {
    fn from(restrictions: &Restrictions) -> Self {
        Self {
            allowed_models: restrictions
                .allowed_models
                .iter()
                .map(|pattern| pattern.as_str().to_owned())
                .collect(),
            ip_allowlist: restrictions
                .ip_allowlist
                .iter()
                .copied()
                .map(Text)
                .collect(),
            domain_allowlist: restrictions
                .domain_allowlist
                .iter()
                .map(|name| name.as_str().to_owned())
                .collect(),
            expires_at: restrictions.expires_at.map(Timestamp::as_micros),
        }
    }
}

impl RestrictionsJson {
    /// The restrictions, if every pattern and name is one.
    pub fn into_restrictions(self) -> Option<Restrictions> {
        Some(Restrictions {
            allowed_models: self
                .allowed_models
                .iter()
                .map(|text| ModelPattern::new(text).ok())
                .collect::<Option<_>>()?,
            ip_allowlist: self
                .ip_allowlist
                .into_iter()
                .map(|Text(network)| network)
                .collect(),
            domain_allowlist: self
                .domain_allowlist
                .iter()
                .map(|text| DomainName::new(text).ok())
                .collect::<Option<_>>()?,
            expires_at: self.expires_at.map(Timestamp::from_micros),
        })
    }
}

/// Scopes as a list of their names.
pub fn write_scopes(scopes: &[Scope]) -> String {
    let names: Vec<&str> = scopes.iter().map(|scope| scope.name()).collect();
    super::write(&names)
}

/// The scopes of such a list, if each is known.
pub fn read_scopes(names: &[Cow<'_, str>]) -> Option<Vec<Scope>> {
    names.iter().map(|name| Scope::from_name(name)).collect()
}
