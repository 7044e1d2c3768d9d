use core::net::IpAddr;
use core::time::Duration;
use std::sync::Arc;

use vuzo_domain::account::{Account, AccountStatus};
use vuzo_domain::id::GenerationId;
use vuzo_domain::key::{KeyText, Origin, Scope};
use vuzo_domain::limit::{LimitRefusal, LimitScope, Limits};
use vuzo_domain::port::{
    Actor, Admission, Claims, Clock, Hasher, IdGen, LimitScopeRules, Limiter, LimiterError, Signer,
};
use vuzo_domain::secret::Secret;

use super::{AccessError, Caller, Directory, Identity, Reader};
use crate::ports::{Policy, Ports};
use crate::workers::Touches;

/// Judges credentials.
pub struct Access {
    directory: Arc<Directory>,
    touches: Arc<Touches>,
    hasher: Arc<dyn Hasher>,
    signer: Arc<dyn Signer>,
    limiter: Arc<dyn Limiter>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGen>,
    admin_key: Option<Secret>,
    anonymous_per_minute: Option<u64>,
}

impl Access {
    pub(crate) fn new(
        ports: &Ports,
        policy: &Policy,
        directory: Arc<Directory>,
        touches: Arc<Touches>,
    ) -> Self {
        Self {
            directory,
            touches,
            hasher: Arc::clone(&ports.hasher),
            signer: Arc::clone(&ports.signer),
            limiter: Arc::clone(&ports.limiter),
            clock: Arc::clone(&ports.clock),
            ids: Arc::clone(&ports.ids),
            admin_key: policy.admin_key.clone(),
            anonymous_per_minute: policy.anonymous_per_minute,
        }
    }

    /// Somebody with an API key of that scope, or a session, who acts for an account.
    pub async fn caller(
        &self,
        bearer: &str,
        origin: &Origin,
        scope: Scope,
    ) -> Result<Caller, AccessError> {
        if !KeyText::looks_like(bearer) {
            let (claims, account) = self.claims(bearer).await?;
            check_in_use(&account)?;
            return Ok(caller_of(&claims, account));
        }
        let text = KeyText::parse(bearer).map_err(|_malformed| AccessError::InvalidKey)?;
        let hash = self.hasher.hash_key(&text);
        let (key, account) = self
            .directory
            .key(hash)
            .await?
            .ok_or(AccessError::InvalidKey)?;
        let now = self.clock.now();
        key.check_alive(now)?;
        key.check_scope(scope)?;
        key.restrictions.check_origin(origin)?;
        check_in_use(&account)?;
        self.touches.note(key.id, now);
        Ok(Caller {
            account,
            identity: Identity::Key(key),
        })
    }

    /// Somebody who is logged in.
    pub async fn session(&self, bearer: &str) -> Result<Caller, AccessError> {
        let person = self.person(bearer).await?;
        check_in_use(&person.account)?;
        Ok(person)
    }

    /// The same, whatever became of the account: for looking at one's own profile.
    pub async fn person(&self, bearer: &str) -> Result<Caller, AccessError> {
        if KeyText::looks_like(bearer) || self.is_admin_key(bearer) {
            return Err(AccessError::SessionOnly);
        }
        let (claims, account) = self.claims(bearer).await?;
        Ok(caller_of(&claims, account))
    }

    /// Somebody who reads: with the admin key everybody's rows, else their own.
    pub async fn reader(&self, bearer: &str, origin: &Origin) -> Result<Reader, AccessError> {
        if self.is_admin_key(bearer) {
            return Ok(Reader::OPERATOR);
        }
        let caller = self.caller(bearer, origin, Scope::Read).await?;
        Ok(Reader {
            own: Some(caller.account.id),
            is_admin: caller.is_admin(),
        })
    }

    /// The operator: the admin key, or a session of an administrator.
    pub async fn admin(&self, bearer: &str) -> Result<Actor, AccessError> {
        if self.is_admin_key(bearer) {
            return Ok(Actor::AdminKey);
        }
        if KeyText::looks_like(bearer) {
            return Err(AccessError::AdminOnly);
        }
        let caller = self.session(bearer).await?;
        if caller.is_admin() {
            Ok(caller.actor())
        } else {
            Err(AccessError::AdminOnly)
        }
    }

    /// Counts a request of somebody who is not known yet.
    pub async fn anonymous(&self, address: IpAddr) -> Result<(), LimitRefusal> {
        let admission = Admission {
            call: GenerationId::from_uuid(self.ids.uuid()),
            scopes: vec![LimitScopeRules {
                scope: LimitScope::Address(address),
                limits: Limits {
                    requests_per_minute: self.anonymous_per_minute,
                    ..Limits::default()
                },
            }],
            tokens: 0,
            at: self.clock.now(),
        };
        match self.limiter.admit(&admission).await {
            Err(LimiterError::Refused(refusal)) => Err(refusal),
            Err(LimiterError::Unavailable(fault)) => {
                // A limiter that is wired as it should be never ends here.
                tracing::warn!(%fault, "an anonymous request could not be counted");
                Err(LimitRefusal {
                    scope: LimitScope::Address(address),
                    limited: vuzo_domain::limit::Limited::Concurrency,
                    limit: 0,
                    retry_after: Duration::from_secs(1),
                })
            }
            Ok(_) => Ok(()),
        }
    }

    /// Whether this is the operator's own key, which belongs to no account.
    pub fn is_admin_key(&self, bearer: &str) -> bool {
        self.admin_key.as_ref().is_some_and(|known| {
            self.hasher
                .same_secret(known.expose().as_bytes(), bearer.as_bytes())
        })
    }

    async fn claims(&self, bearer: &str) -> Result<(Claims, Arc<Account>), AccessError> {
        // What has not even the form of a token was meant to be a key. The admin key
        // ends here, too, where an account is needed.
        if bearer.bytes().filter(|byte| *byte == b'.').count() != 2 {
            return Err(AccessError::InvalidKey);
        }
        let claims = self.signer.verify(bearer, self.clock.now())?;
        if !self.directory.session_is_open(claims.session).await? {
            return Err(AccessError::SessionOver);
        }
        let account = self.directory.account(claims.account).await?;
        Ok((claims, account.ok_or(AccessError::SessionOver)?))
    }
}

fn caller_of(claims: &Claims, account: Arc<Account>) -> Caller {
    Caller {
        account,
        identity: Identity::Session {
            user: claims.user,
            session: claims.session,
            role: claims.role,
        },
    }
}

fn check_in_use(account: &Account) -> Result<(), AccessError> {
    match account.status {
        AccountStatus::Active => Ok(()),
        AccountStatus::Suspended => Err(AccessError::Suspended),
        AccountStatus::Closed => Err(AccessError::Closed),
    }
}
