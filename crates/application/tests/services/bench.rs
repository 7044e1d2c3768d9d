use core::time::Duration;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use uuid::Uuid;
use vuzo_application::access::Caller;
use vuzo_application::keys::{FreshKey, KeyDraft};
use vuzo_application::people::{LoggedIn, SignUp};
use vuzo_application::{Application, Policy, Ports};
use vuzo_contracts::{Customer, Store, World};
use vuzo_domain::account::{Password, Role, Session};
use vuzo_domain::id::{LedgerAccountId, SessionId};
use vuzo_domain::key::{Environment, KeyHash, KeyText, Origin, Restrictions, Scope};
use vuzo_domain::limit::Limits;
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::{
    AuditEntry, Change, ChangeFeed, Claims, Clock, Hasher, IdGen, PageRequest, PasswordHash,
    Signer, TokenFault, Unavailable,
};
use vuzo_domain::secret::Secret;
use vuzo_domain::time::Timestamp;
use vuzo_memory::{LocalAnswers, LocalLimiter, ManualClock, MemoryStore, SequentialIds};

use crate::provider_keys::PlainSealer;

pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const ADMIN_KEY: &str = "the operator's own key";
pub(crate) const DAY: Duration = Duration::from_secs(86_400);

/// An application over a fresh memory store, with a clock that stands still.
pub(crate) struct Bench {
    pub(crate) app: Arc<Application>,
    pub(crate) ports: Ports,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) told: Arc<Told>,
    pub(crate) hasher: Arc<PlainHasher>,
    pub(crate) world: World,
}

pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

pub(crate) fn usd(text: &str) -> Units {
    vuzo_domain::money::Money::parse(text, Currency::USD)
        .unwrap()
        .units
}

pub(crate) fn page() -> PageRequest {
    PageRequest::first(PageRequest::MOST)
}

pub(crate) fn policy() -> Policy {
    Policy {
        admin_key: Some(Secret::new(ADMIN_KEY)),
        ..Policy::default()
    }
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with(policy(), |_ports| {}).await
    }

    /// A bench where some ports are others.
    pub(crate) async fn with(policy: Policy, replace: impl FnOnce(&mut Ports)) -> Self {
        let store = Arc::new(MemoryStore::new());
        let clock = Arc::new(ManualClock::at(at("2026-03-10T12:00:00Z")));
        let (told, hasher) = (Arc::new(Told::default()), Arc::new(PlainHasher::default()));
        let mut ports = Ports {
            wallets: Arc::<MemoryStore>::clone(&store),
            ledger_audit: Arc::<MemoryStore>::clone(&store),
            accounts: Arc::<MemoryStore>::clone(&store),
            keys: Arc::<MemoryStore>::clone(&store),
            catalog: Arc::<MemoryStore>::clone(&store),
            provider_keys: Arc::<MemoryStore>::clone(&store),
            sealer: Arc::new(PlainSealer::under(&["first"])),
            usage: Arc::<MemoryStore>::clone(&store),
            audit: Arc::<MemoryStore>::clone(&store),
            changes: Arc::<MemoryStore>::clone(&store),
            feed: Arc::<Told>::clone(&told),
            limiter: Arc::new(LocalLimiter::default()),
            answers: Arc::new(LocalAnswers::new(
                Arc::clone(&clock) as _,
                LocalAnswers::USUAL_BYTES,
            )),
            providers: Vec::new(),
            hasher: Arc::<PlainHasher>::clone(&hasher),
            signer: Arc::new(PlainSigner),
            clock: Arc::<ManualClock>::clone(&clock),
            ids: Arc::new(ClockIds::new(Arc::clone(&clock))),
        };
        replace(&mut ports);
        let handle = tokio::runtime::Handle::current();
        let app = Application::start(ports.clone(), policy, handle).await;
        Self {
            app: app.unwrap(),
            ports,
            clock,
            told,
            hasher,
            world: World::new(Store::of(&store)),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Somebody who has just signed up.
    pub(crate) async fn sign_up(&self, email: &str) -> LoggedIn {
        self.app.people.register(sign_up(email)).await.unwrap()
    }

    /// The same, as the law-suites of the store know them.
    pub(crate) async fn customer(&self, person: &LoggedIn) -> Customer {
        let wallets = self.ports.wallets.list_wallets(person.account.id).await;
        let sources = wallets.unwrap().into_iter().flat_map(|w| w.sources);
        let mut paid = sources.filter(|s| s.kind == vuzo_domain::wallet::SourceKind::Paid);
        let now = self.now();
        Customer {
            account: person.account.id,
            user: person.user.clone(),
            paid: paid
                .next()
                .map_or(LedgerAccountId::from_uuid(Uuid::nil()), |source| source.id),
            session: Session {
                id: person.session,
                user: person.user.id,
                refresh_hash: [0; 32],
                expires_at: now,
                created_at: now,
            },
        }
    }

    /// A key of somebody, who makes it in a session.
    pub(crate) async fn key(&self, owner: &LoggedIn, draft: KeyDraft) -> FreshKey {
        let made = self.app.keys.create(&owner.caller(), draft).await;
        made.unwrap()
    }

    /// Who has shown this key.
    pub(crate) async fn holder(&self, key: &FreshKey) -> Caller {
        let access = &self.app.access;
        let origin = Origin {
            address: Some("10.1.2.3".parse().unwrap()),
            page_host: Some("www.example.org".to_owned()),
        };
        let caller = access.caller(key.text.expose(), &origin, Scope::Keys).await;
        caller.unwrap()
    }

    /// The audit log, newest first.
    pub(crate) async fn audit(&self) -> Vec<AuditEntry> {
        self.app.operator.audit(page()).await.unwrap().rows
    }
}

pub(crate) fn sign_up(email: &str) -> SignUp {
    SignUp {
        email: email.to_owned(),
        password: PASSWORD.to_owned(),
        full_name: None,
        company: None,
    }
}

/// A live key for everything, without restrictions.
pub(crate) fn draft() -> KeyDraft {
    KeyDraft {
        name: "laptop".to_owned(),
        environment: Environment::Live,
        scopes: Some(vec![Scope::Inference, Scope::Read, Scope::Keys]),
        restrictions: Restrictions::default(),
        spend_cap: None,
        limits: Limits::default(),
    }
}

/// Remembers what was announced.
#[derive(Default)]
pub(crate) struct Told {
    changes: Mutex<Vec<Change>>,
}

impl Told {
    /// What was announced since the last time.
    pub(crate) fn take(&self) -> Vec<Change> {
        core::mem::take(&mut *self.changes.lock().unwrap())
    }
}

#[async_trait]
impl ChangeFeed for Told {
    async fn announce(&self, change: Change) -> Result<(), Unavailable> {
        self.changes.lock().unwrap().push(change);
        Ok(())
    }
}

/// Ids of version 7 by a clock that is moved by hand; of one moment they count up.
pub(crate) struct ClockIds {
    clock: Arc<ManualClock>,
    count: AtomicU64,
    random: SequentialIds,
}

impl ClockIds {
    fn new(clock: Arc<ManualClock>) -> Self {
        Self {
            clock,
            count: AtomicU64::new(0),
            random: SequentialIds::new(),
        }
    }
}

impl IdGen for ClockIds {
    fn uuid(&self) -> Uuid {
        let millis = u128::try_from(self.clock.now().as_millis()).unwrap();
        let count = u128::from(self.count.fetch_add(1, Ordering::Relaxed));
        Uuid::from_u128((millis << 80) | (0x7 << 76) | (0b10 << 62) | count)
    }

    fn fill_random(&self, buffer: &mut [u8]) {
        self.random.fill_random(buffer);
    }
}

/// Hashes that can be told apart and nothing else, and a count of the passwords
/// that were checked.
#[derive(Default)]
pub(crate) struct PlainHasher {
    pub(crate) verified: AtomicU64,
    pub(crate) hashed: AtomicU64,
}

#[async_trait]
impl Hasher for PlainHasher {
    async fn hash_password(&self, password: &Password) -> Result<PasswordHash, Unavailable> {
        self.hashed.fetch_add(1, Ordering::Relaxed);
        Ok(PasswordHash(password.expose().chars().rev().collect()))
    }

    async fn verify_password(
        &self,
        candidate: &str,
        hash: Option<PasswordHash>,
    ) -> Result<bool, Unavailable> {
        self.verified.fetch_add(1, Ordering::Relaxed);
        let reversed: String = candidate.chars().rev().collect();
        Ok(hash.is_some_and(|hash| hash.0 == reversed))
    }

    fn hash_key(&self, key: &KeyText) -> KeyHash {
        KeyHash(self.digest(key.expose().as_bytes()))
    }

    fn digest(&self, bytes: &[u8]) -> [u8; 32] {
        let mut state = 0xcbf2_9ce4_8422_2325_u64;
        core::array::from_fn(|round| {
            for byte in bytes {
                state = (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            }
            state = state.wrapping_add(u64::try_from(round).unwrap());
            state.to_be_bytes()[0]
        })
    }

    fn same_secret(&self, left: &[u8], right: &[u8]) -> bool {
        left == right
    }
}

/// Tokens that say everything in plain words.
pub(crate) struct PlainSigner;

impl Signer for PlainSigner {
    fn sign(&self, claims: &Claims) -> String {
        format!(
            "plain.{}|{}|{}|{}|{}|{}.signed",
            claims.user,
            claims.account,
            claims.role.name(),
            claims.session,
            claims.issued_at.as_secs(),
            claims.expires_at.as_secs()
        )
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, TokenFault> {
        let inside = token.strip_prefix("plain.");
        let inside = inside.and_then(|rest| rest.strip_suffix(".signed"));
        let parts: Vec<&str> = inside.ok_or(TokenFault::Invalid)?.split('|').collect();
        let [user, account, role, session, issued_at, expires_at] = parts[..] else {
            return Err(TokenFault::Invalid);
        };
        let moment = |text: &str| Timestamp::from_secs(text.parse().unwrap());
        let claims = Claims {
            user: user.parse().unwrap(),
            account: account.parse().unwrap(),
            role: Role::from_name(role).unwrap(),
            session: session.parse::<SessionId>().unwrap(),
            issued_at: moment(issued_at),
            expires_at: moment(expires_at),
        };
        if now >= claims.expires_at {
            return Err(TokenFault::Expired);
        }
        Ok(claims)
    }
}
