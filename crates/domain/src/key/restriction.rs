use core::net::IpAddr;

use super::{IpNetwork, Scope};
use crate::pattern::ModelPattern;
use crate::time::Timestamp;

/// A host name in lower case; `*.example.org` stands for every name below it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DomainName(String);

/// The text is not a host name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a domain name")]
pub struct InvalidDomain;

impl DomainName {
    /// Checks and normalises a name.
    pub fn new(text: &str) -> Result<Self, InvalidDomain> {
        let name = text.trim().to_ascii_lowercase();
        let plain = name.strip_prefix("*.").unwrap_or(&name);
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        let labels_ok = plain
            .split('.')
            .all(|label| !label.is_empty() && label.bytes().all(allowed));
        if name.len() > 253 || !labels_ok {
            return Err(InvalidDomain);
        }
        Ok(Self(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn covers(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        match self.0.strip_prefix("*.") {
            Some(parent) => host
                .strip_suffix(parent)
                .is_some_and(|left| left.ends_with('.')),
            None => host == self.0,
        }
    }
}

/// Where, when and for which models a key works. Empty lists restrict nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restrictions {
    /// Models by id or `provider/model`.
    pub allowed_models: Vec<ModelPattern>,
    /// Addresses of callers.
    pub ip_allowlist: Vec<IpNetwork>,
    /// Hosts of the pages that call (Origin or Referer).
    pub domain_allowlist: Vec<DomainName>,
    /// Until when.
    pub expires_at: Option<Timestamp>,
}

/// Where a call comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The address of the caller, as far as it can be trusted.
    pub address: Option<IpAddr>,
    /// The host of the page, from the Origin or Referer header.
    pub page_host: Option<String>,
}

/// Why a key does not open this.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefusal {
    /// It was revoked or replaced.
    #[error("this API key has been revoked")]
    Revoked,
    /// Its time is over.
    #[error("this API key has expired")]
    Expired,
    /// It is not for this.
    #[error("this API key lacks the scope \"{}\"", .0.name())]
    Scope(Scope),
    /// Not from this address.
    #[error("this API key may not be used from this address")]
    Address,
    /// Not from this page.
    #[error("this API key may not be used from this website")]
    Domain,
    /// Not for this model.
    #[error("this API key may not call the model {0}")]
    Model(String),
}

impl Restrictions {
    /// Whether a call may come from there.
    pub fn check_origin(&self, origin: &Origin) -> Result<(), KeyRefusal> {
        let address_ok = self.ip_allowlist.is_empty()
            || origin
                .address
                .is_some_and(|ip| self.ip_allowlist.iter().any(|net| net.contains(ip)));
        if !address_ok {
            return Err(KeyRefusal::Address);
        }
        let page_ok = self.domain_allowlist.is_empty()
            || origin
                .page_host
                .as_deref()
                .is_some_and(|host| self.domain_allowlist.iter().any(|name| name.covers(host)));
        if page_ok {
            Ok(())
        } else {
            Err(KeyRefusal::Domain)
        }
    }

    /// Whether a model, known by these names, may be called.
    pub fn check_model(&self, names: &[&str]) -> Result<(), KeyRefusal> {
        let fits = |pattern: &ModelPattern| names.iter().any(|name| pattern.matches(name));
        if self.allowed_models.is_empty() || self.allowed_models.iter().any(fits) {
            return Ok(());
        }
        Err(KeyRefusal::Model(
            names.first().copied().unwrap_or_default().to_owned(),
        ))
    }
}
