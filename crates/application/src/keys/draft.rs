use vuzo_domain::key::{ApiKey, DomainName, Environment, Restrictions, Scope};
use vuzo_domain::limit::Limits;
use vuzo_domain::pattern::ModelPattern;
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::Cap;

use super::{KeyError, MOST_ENTRIES};
use crate::operator::{Detail, cap_detail, limits_detail};
use crate::people::line;

/// The most characters in a key's name.
const LONGEST_NAME: usize = 100;

/// A key as somebody wants it.
#[derive(Clone, Debug)]
pub struct KeyDraft {
    /// What its owner calls it.
    pub name: String,
    /// What it is used for.
    pub environment: Environment,
    /// What it may be used for; [`Scope::USUAL`] if nothing is said.
    pub scopes: Option<Vec<Scope>>,
    /// Where, when and for which models it works.
    pub restrictions: Restrictions,
    /// A cap on what is spent with it, in US dollars.
    pub spend_cap: Option<Cap>,
    /// Limits on its calls.
    pub limits: Limits,
}

/// What shall be different about a key. `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct KeyPatch {
    /// What its owner calls it.
    pub name: Option<String>,
    /// What it may be used for.
    pub scopes: Option<Vec<Scope>>,
    /// Where, when and for which models it works, all of it.
    pub restrictions: Option<Restrictions>,
    /// Its cap; `Some(None)` takes it away.
    pub spend_cap: Option<Option<Cap>>,
    /// Its limits, all of them.
    pub limits: Option<Limits>,
}

pub(super) fn check_name(name: &str) -> Result<String, KeyError> {
    line(name, LONGEST_NAME).map_err(|_fault| KeyError::Name)
}

/// Each scope once.
pub(super) fn check_scopes(scopes: &[Scope]) -> Result<Vec<Scope>, KeyError> {
    let named = |(scope, _): &(Scope, &str)| scopes.contains(scope).then_some(*scope);
    let each_once: Vec<Scope> = Scope::NAMES.iter().filter_map(named).collect();
    if each_once.is_empty() {
        return Err(KeyError::NoScopes);
    }
    Ok(each_once)
}

/// The lists are looked through with every call, so they have a bound.
pub(super) fn check_lists(restrictions: &Restrictions) -> Result<(), KeyError> {
    let lengths = [
        ("allowed_models", restrictions.allowed_models.len()),
        ("ip_allowlist", restrictions.ip_allowlist.len()),
        ("domain_allowlist", restrictions.domain_allowlist.len()),
    ];
    let mut too_long = lengths
        .into_iter()
        .filter(|(_, length)| *length > MOST_ENTRIES);
    match too_long.next() {
        Some((field, _)) => Err(KeyError::TooMany { field }),
        None => Ok(()),
    }
}

pub(super) fn check_expiry(restrictions: &Restrictions, now: Timestamp) -> Result<(), KeyError> {
    match restrictions.expires_at {
        Some(expires_at) if expires_at <= now => Err(KeyError::Expiry),
        _ => Ok(()),
    }
}

pub(super) fn check_cap(cap: Option<&Cap>) -> Result<(), KeyError> {
    match cap {
        Some(cap) if cap.limit.0 < 0 => Err(KeyError::SpendCap),
        _ => Ok(()),
    }
}

/// A whole key, as the audit log tells of it.
pub(super) fn key_detail(key: &ApiKey) -> Detail {
    let detail = Detail::new()
        .text("account", &key.account.to_string())
        .text("name", &key.name)
        .text("prefix", &key.prefix)
        .text("environment", key.environment.name())
        .texts("scopes", key.scopes.iter().map(|scope| scope.name()))
        .object("restrictions", &restrictions_detail(&key.restrictions))
        .object("limits", &limits_detail(&key.limits));
    match &key.spend_cap {
        Some(cap) => detail.object("spend_cap", &cap_detail(cap)),
        None => detail,
    }
}

/// What was changed about a key, and nothing else.
pub(super) fn patch_detail(patch: &KeyPatch) -> Detail {
    let mut detail = Detail::new();
    if let Some(name) = &patch.name {
        detail = detail.text("name", name);
    }
    if let Some(scopes) = &patch.scopes {
        detail = detail.texts("scopes", scopes.iter().map(|scope| scope.name()));
    }
    if let Some(restrictions) = &patch.restrictions {
        detail = detail.object("restrictions", &restrictions_detail(restrictions));
    }
    match &patch.spend_cap {
        Some(Some(cap)) => detail = detail.object("spend_cap", &cap_detail(cap)),
        Some(None) => detail = detail.nothing("spend_cap"),
        None => {}
    }
    if let Some(limits) = &patch.limits {
        detail = detail.object("limits", &limits_detail(limits));
    }
    detail
}

fn restrictions_detail(restrictions: &Restrictions) -> Detail {
    let mut detail = Detail::new();
    let Restrictions {
        allowed_models,
        ip_allowlist,
        domain_allowlist,
        expires_at,
    } = restrictions;
    if !allowed_models.is_empty() {
        let patterns = allowed_models.iter().map(ModelPattern::as_str);
        detail = detail.texts("allowed_models", patterns);
    }
    if !ip_allowlist.is_empty() {
        let networks = ip_allowlist.iter().map(ToString::to_string);
        detail = detail.texts("ip_allowlist", networks);
    }
    if !domain_allowlist.is_empty() {
        let names = domain_allowlist.iter().map(DomainName::as_str);
        detail = detail.texts("domain_allowlist", names);
    }
    match expires_at {
        Some(expires_at) => detail.text("expires_at", &expires_at.to_string()),
        None => detail,
    }
}
