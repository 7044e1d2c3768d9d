use core::net::IpAddr;

use vuzo_domain::key::{ApiKey, DomainName, Environment, IpNetwork, Restrictions, Scope};
use vuzo_domain::limit::Limits;
use vuzo_domain::pattern::ModelPattern;
use vuzo_domain::time::Timestamp;

use super::KeyError;

/// What somebody can give to a key: with an API key, nothing that it has not itself.
/// Otherwise whoever finds a narrow key makes a wide one with it.
///
/// What was left open is taken over from the giving key; what was asked for and is
/// wider is refused rather than cut, so that nobody gets another key than they think.
pub(super) struct Bounds<'key>(pub(super) Option<&'key ApiKey>);

impl Bounds<'_> {
    /// Refuses a key whose own cap would not count what further keys spend.
    pub(super) fn check_uncapped(&self) -> Result<(), KeyError> {
        match self.0 {
            Some(own) if own.spend_cap.is_some() => Err(KeyError::Capped),
            _ => Ok(()),
        }
    }

    /// A key that never spends money does not make one that does.
    pub(super) fn check_environment(&self, asked: Environment) -> Result<(), KeyError> {
        match self.0 {
            Some(own) if own.environment == Environment::Test && asked != Environment::Test => {
                Err(KeyError::Wider {
                    field: "environment",
                })
            }
            _ => Ok(()),
        }
    }

    /// Refuses scopes that the giver has not.
    pub(super) fn check_scopes(&self, asked: &[Scope]) -> Result<(), KeyError> {
        let missing = self.0.and_then(|own| {
            let mut asked = asked.iter();
            asked.find(|scope| !own.scopes.contains(scope))
        });
        match missing {
            Some(scope) => Err(KeyError::Scope(*scope)),
            None => Ok(()),
        }
    }

    /// The usual scopes, as far as the giver has them.
    pub(super) fn usual_scopes(&self) -> Vec<Scope> {
        let has = |scope: &Scope| self.0.is_none_or(|own| own.scopes.contains(scope));
        Scope::USUAL.into_iter().filter(has).collect()
    }

    /// The restrictions asked for, and the giver's where nothing was asked.
    pub(super) fn restrictions(&self, asked: Restrictions) -> Result<Restrictions, KeyError> {
        let Some(own) = self.0.map(|own| &own.restrictions) else {
            return Ok(asked);
        };
        Ok(Restrictions {
            allowed_models: narrowed(
                "allowed_models",
                &own.allowed_models,
                asked.allowed_models,
                covers_model,
            )?,
            ip_allowlist: narrowed(
                "ip_allowlist",
                &own.ip_allowlist,
                asked.ip_allowlist,
                covers_network,
            )?,
            domain_allowlist: narrowed(
                "domain_allowlist",
                &own.domain_allowlist,
                asked.domain_allowlist,
                covers_domain,
            )?,
            expires_at: sooner(own.expires_at, asked.expires_at)?,
        })
    }

    /// The limits asked for, and the giver's where nothing was asked.
    pub(super) fn limits(&self, asked: Limits) -> Result<Limits, KeyError> {
        let Some(own) = self.0.map(|own| own.limits) else {
            return Ok(asked);
        };
        Ok(Limits {
            requests_per_minute: lower(own.requests_per_minute, asked.requests_per_minute)?,
            requests_per_hour: lower(own.requests_per_hour, asked.requests_per_hour)?,
            requests_per_day: lower(own.requests_per_day, asked.requests_per_day)?,
            tokens_per_minute: lower(own.tokens_per_minute, asked.tokens_per_minute)?,
            tokens_per_hour: lower(own.tokens_per_hour, asked.tokens_per_hour)?,
            tokens_per_day: lower(own.tokens_per_day, asked.tokens_per_day)?,
            max_tokens_per_request: lower(
                own.max_tokens_per_request,
                asked.max_tokens_per_request,
            )?,
            max_concurrency: lower(own.max_concurrency, asked.max_concurrency)?,
        })
    }

    /// Refuses a key that is wider than the giver in any way: its text must not come
    /// into the giver's hands.
    pub(super) fn check_covers(&self, key: &ApiKey) -> Result<(), KeyError> {
        self.check_environment(key.environment)?;
        self.check_scopes(&key.scopes)?;
        if self.restrictions(key.restrictions.clone())? != key.restrictions {
            return Err(KeyError::Wider {
                field: "restrictions",
            });
        }
        if self.limits(key.limits)? != key.limits {
            return Err(KeyError::Wider { field: "limits" });
        }
        Ok(())
    }
}

fn narrowed<T: Clone>(
    field: &'static str,
    own: &[T],
    asked: Vec<T>,
    covers: fn(&T, &T) -> bool,
) -> Result<Vec<T>, KeyError> {
    if own.is_empty() {
        return Ok(asked);
    }
    if asked.is_empty() {
        return Ok(own.to_vec());
    }
    let is_covered = |entry: &T| own.iter().any(|wide| covers(wide, entry));
    if asked.iter().all(is_covered) {
        Ok(asked)
    } else {
        Err(KeyError::Wider { field })
    }
}

fn sooner(own: Option<Timestamp>, asked: Option<Timestamp>) -> Result<Option<Timestamp>, KeyError> {
    match (own, asked) {
        (Some(own), Some(asked)) if asked > own => Err(KeyError::Wider {
            field: "expires_at",
        }),
        (own, asked) => Ok(asked.or(own)),
    }
}

fn lower(own: Option<u64>, asked: Option<u64>) -> Result<Option<u64>, KeyError> {
    match (own, asked) {
        (Some(own), Some(asked)) if asked > own => Err(KeyError::Wider { field: "limits" }),
        (own, asked) => Ok(asked.or(own)),
    }
}

/// A star of the narrow pattern can only be met by a star of the wide one, and then
/// the wide one meets whatever it stands for.
fn covers_model(wide: &ModelPattern, narrow: &ModelPattern) -> bool {
    wide.matches(narrow.as_str())
}

fn covers_network(wide: &IpNetwork, narrow: &IpNetwork) -> bool {
    let (Some((wide_address, wide_length)), Some((address, length))) = (parts(wide), parts(narrow))
    else {
        return false;
    };
    wide_address.is_ipv4() == address.is_ipv4() && length >= wide_length && wide.contains(address)
}

/// A network shows itself as its address and its length.
fn parts(network: &IpNetwork) -> Option<(IpAddr, u8)> {
    let text = network.to_string();
    let (address, length) = text.split_once('/')?;
    Some((address.parse().ok()?, length.parse().ok()?))
}

fn covers_domain(wide: &DomainName, narrow: &DomainName) -> bool {
    if wide == narrow {
        return true;
    }
    let Some(parent) = wide.as_str().strip_prefix("*.") else {
        return false;
    };
    let narrow = narrow.as_str();
    let below = narrow.strip_prefix("*.").unwrap_or(narrow);
    below
        .strip_suffix(parent)
        .is_some_and(|left| left.ends_with('.'))
}

#[cfg(test)]
mod tests;
