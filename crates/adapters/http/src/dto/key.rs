use serde::Serialize;
use vuzo_application::keys::{FreshKey, KeyDraft, KeyPatch};
use vuzo_domain::key::{
    ApiKey, DomainName, Environment, IpNetwork, KeyRefusal, KeyStatus, Restrictions, Scope,
};
use vuzo_domain::limit::Limits;
use vuzo_domain::money::Currency;
use vuzo_domain::pattern::ModelPattern;
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::Cap;

use super::limits::{self, LimitsView};
use crate::error::Fault;
use crate::fields::{Fields, Given};
use crate::money;

/// A key, without the key itself.
#[derive(Serialize)]
pub(crate) struct KeyView {
    id: String,
    prefix: String,
    name: String,
    environment: &'static str,
    scopes: Vec<&'static str>,
    allowed_models: Vec<String>,
    ip_allowlist: Vec<String>,
    domain_allowlist: Vec<String>,
    expires_at: Option<String>,
    spend_cap: Option<CapView>,
    limits: LimitsView,
    status: &'static str,
    works_until: Option<String>,
    replaces: Option<String>,
    created_at: String,
    last_used_at: Option<String>,
}

#[derive(Serialize)]
struct CapView {
    amount: String,
    currency: String,
    window: &'static str,
}

impl KeyView {
    pub(crate) fn of(key: &ApiKey, now: Timestamp) -> Self {
        let limits = &key.restrictions;
        Self {
            id: key.id.to_string(),
            prefix: key.prefix.clone(),
            name: key.name.clone(),
            environment: key.environment.name(),
            scopes: key.scopes.iter().map(|scope| scope.name()).collect(),
            allowed_models: limits
                .allowed_models
                .iter()
                .map(ToString::to_string)
                .collect(),
            ip_allowlist: limits
                .ip_allowlist
                .iter()
                .map(ToString::to_string)
                .collect(),
            domain_allowlist: limits
                .domain_allowlist
                .iter()
                .map(|name| name.as_str().to_owned())
                .collect(),
            expires_at: limits.expires_at.map(|at| at.to_string()),
            spend_cap: key.spend_cap.map(|cap| CapView {
                amount: Currency::USD.format(cap.limit),
                currency: Currency::USD.to_string(),
                window: cap.window.name(),
            }),
            limits: LimitsView::of(&key.limits),
            status: status(key, now),
            works_until: match key.status {
                KeyStatus::Retiring(until) => Some(until.to_string()),
                KeyStatus::Active | KeyStatus::Revoked(_) => None,
            },
            replaces: key.replaces.map(|old| old.to_string()),
            created_at: key.created_at.to_string(),
            last_used_at: key.last_used_at.map(|at| at.to_string()),
        }
    }
}

fn status(key: &ApiKey, now: Timestamp) -> &'static str {
    match (key.check_alive(now), key.status) {
        (Ok(()), KeyStatus::Retiring(_)) => "retiring",
        (Ok(()), _) => "active",
        (Err(KeyRefusal::Expired), _) => "expired",
        (Err(_), _) => "revoked",
    }
}

/// A key that was just made: the only answer that holds it.
#[derive(Serialize)]
pub(crate) struct FreshKeyView<'a> {
    key: &'a str,
    #[serde(flatten)]
    view: KeyView,
}

impl<'a> FreshKeyView<'a> {
    pub(crate) fn of(fresh: &'a FreshKey, now: Timestamp) -> Self {
        Self {
            key: fresh.text.expose(),
            view: KeyView::of(&fresh.key, now),
        }
    }
}

/// Reads a key as somebody wants it.
pub(crate) fn draft(mut fields: Fields<'_>) -> Result<KeyDraft, Fault> {
    let name = fields.required_text("name")?;
    let environment = fields.word(
        "environment",
        "live, test, staging or dev",
        Environment::from_name,
    )?;
    let scopes = scopes(&mut fields)?;
    let restrictions = restrictions(&mut fields, &Restrictions::default())?;
    let spend_cap = spend_cap(&mut fields)?;
    let limits = fields.object("limits")?;
    let limits = limits.map(|limits| limits::over(limits, Limits::default()));
    fields.finish()?;
    Ok(KeyDraft {
        name,
        environment: environment.unwrap_or_default(),
        scopes,
        restrictions: restrictions.unwrap_or_default(),
        spend_cap: spend_cap.over(None),
        limits: limits.transpose()?.unwrap_or_default(),
    })
}

/// Reads what shall be different about a key; lists and limits that are left out stay
/// as they are.
pub(crate) fn patch(mut fields: Fields<'_>, known: &ApiKey) -> Result<KeyPatch, Fault> {
    let name = fields.text("name")?;
    let scopes = scopes(&mut fields)?;
    let restrictions = restrictions(&mut fields, &known.restrictions)?;
    let spend_cap = spend_cap(&mut fields)?.into_change();
    let limits = match fields.given_object("limits")? {
        Given::Absent => None,
        Given::Null => Some(Limits::default()),
        Given::Value(limits) => Some(limits::over(limits, known.limits)?),
    };
    fields.finish()?;
    Ok(KeyPatch {
        name,
        scopes,
        restrictions,
        spend_cap,
        limits,
    })
}

fn scopes(fields: &mut Fields<'_>) -> Result<Option<Vec<Scope>>, Fault> {
    fields.words("scopes", "inference, read or keys", Scope::from_name)
}

fn spend_cap(fields: &mut Fields<'_>) -> Result<Given<Cap>, Fault> {
    Ok(match fields.given_object("spend_cap")? {
        Given::Absent => Given::Absent,
        Given::Null => Given::Null,
        Given::Value(cap) => Given::Value(money::cap(cap)?),
    })
}

/// All restrictions as they shall be, or `None` if nothing was said of any.
fn restrictions(
    fields: &mut Fields<'_>,
    known: &Restrictions,
) -> Result<Option<Restrictions>, Fault> {
    let models = fields.given_words(
        "allowed_models",
        "a model pattern such as openai/gpt-4*",
        |text| ModelPattern::new(text).ok(),
    )?;
    let networks = fields.given_words("ip_allowlist", "an IP address or a CIDR range", |text| {
        text.parse::<IpNetwork>().ok()
    })?;
    let domains = fields.given_words(
        "domain_allowlist",
        "a domain name such as example.org or *.example.org",
        |text| DomainName::new(text).ok(),
    )?;
    let expires_at = match fields.given_text("expires_at")? {
        Given::Absent => Given::Absent,
        Given::Null => Given::Null,
        Given::Value(text) => Given::Value(Timestamp::parse(&text).ok_or_else(|| {
            Fault::invalid(
                "expires_at",
                "an RFC 3339 time such as 2027-01-01T00:00:00Z",
            )
        })?),
    };
    let nothing = models == Given::Absent
        && networks == Given::Absent
        && domains == Given::Absent
        && expires_at == Given::Absent;
    Ok((!nothing).then(|| Restrictions {
        allowed_models: list(models, &known.allowed_models),
        ip_allowlist: list(networks, &known.ip_allowlist),
        domain_allowlist: list(domains, &known.domain_allowlist),
        expires_at: expires_at.over(known.expires_at),
    }))
}

/// A list that is taken away is empty.
fn list<T: Clone>(given: Given<Vec<T>>, known: &[T]) -> Vec<T> {
    given.over(Some(known.to_vec())).unwrap_or_default()
}
