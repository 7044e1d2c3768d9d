use core::time::Duration;

use uuid::Uuid;
use vuzo_domain::account::{Account, AccountStatus, Email, Role, Session, User};
use vuzo_domain::id::{
    AccountId, AuditId, GenerationId, KeyId, LedgerAccountId, SessionId, TransferId, UserId,
};
use vuzo_domain::key::{ApiKey, Environment, KeyHash, KeyStatus, Restrictions, Scope};
use vuzo_domain::limit::Limits;
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::{
    AccountChange, Actor, AuditEntry, CreditWallet, Grant, GrantTerms, NewKey, PageRequest,
    PasswordHash, PlaceHold, Registration, Settle,
};
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::{Cap, GrantKind, Hold, Source, SourceKind, Transfer, TransferKind};

use crate::{Store, Ticker, sample};

/// A store under test with a clock and ids of its own, and short ways to say what
/// laws say often.
pub struct World {
    /// The store.
    pub store: Store,
    ticker: Ticker,
}

/// Somebody who signed up, with an empty wallet in US dollars.
#[derive(Clone, Debug)]
pub struct Customer {
    /// Their account.
    pub account: AccountId,
    /// The person.
    pub user: User,
    /// The paid source of their wallet.
    pub paid: LedgerAccountId,
    /// Their session.
    pub session: Session,
}

/// Sums over the sources of a wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// What is posted.
    pub posted: i64,
    /// What is held.
    pub held: i64,
}

impl World {
    /// A world around a fresh store.
    pub fn new(store: Store) -> Self {
        Self {
            store,
            ticker: Ticker::default(),
        }
    }

    /// Its ids and times.
    pub const fn ticker(&self) -> &Ticker {
        &self.ticker
    }

    /// A fresh id in the order of time.
    pub fn uuid(&self) -> Uuid {
        self.ticker.uuid()
    }

    /// Now: a millisecond later every time.
    pub fn now(&self) -> Timestamp {
        self.ticker.now()
    }

    /// Lets time pass.
    pub fn pass(&self, span: Duration) {
        self.ticker.pass(span);
    }

    /// An entry for the audit log.
    pub fn audit_entry(&self, action: &str, target: &impl ToString) -> AuditEntry {
        AuditEntry {
            id: AuditId::from_uuid(self.uuid()),
            actor: Actor::System,
            action: action.to_owned(),
            target: target.to_string(),
            detail: "{}".to_owned(),
            at: self.now(),
        }
    }

    /// What signing up would make, not yet stored.
    pub fn registration(&self) -> Registration {
        let account = AccountId::from_uuid(self.uuid());
        let at = self.now();
        let user = User {
            id: UserId::from_uuid(self.uuid()),
            account,
            email: Email::new(&format!("{}@example.org", self.uuid().as_simple())).unwrap(),
            full_name: Some("Ada Lovelace".to_owned()),
            company: None,
            role: Role::Member,
            created_at: at,
        };
        let session = Session {
            id: SessionId::from_uuid(self.uuid()),
            user: user.id,
            refresh_hash: sample::digest(self.uuid()),
            expires_at: at.after(Duration::from_secs(30 * 86_400)),
            created_at: at,
        };
        Registration {
            password: PasswordHash("$argon2id$some-hash".to_owned()),
            account: Account {
                id: account,
                name: "Ada's account".to_owned(),
                plan: "free".to_owned(),
                status: AccountStatus::Active,
                limits: Limits::default(),
                caps: vec![],
                created_at: at,
            },
            wallet: LedgerAccountId::from_uuid(self.uuid()),
            trial: None,
            user,
            session,
        }
    }

    /// Signs somebody up.
    pub async fn sign_up(&self) -> Customer {
        let registration = self.registration();
        let customer = Customer {
            account: registration.account.id,
            user: registration.user.clone(),
            paid: registration.wallet,
            session: registration.session.clone(),
        };
        self.store.accounts.register(registration).await.unwrap();
        customer
    }

    /// Signs somebody up who has paid in this much.
    pub async fn customer_with(&self, amount: i64) -> Customer {
        let customer = self.sign_up().await;
        let command = self.topup(&customer, amount);
        self.store.wallets.credit(command).await.unwrap();
        customer
    }

    /// Money that a customer pays in; negative for a refund.
    pub fn topup(&self, customer: &Customer, amount: i64) -> CreditWallet {
        CreditWallet {
            transfer: TransferId::from_uuid(self.uuid()),
            claim: None,
            account: customer.account,
            open_as: LedgerAccountId::from_uuid(self.uuid()),
            currency: Currency::USD,
            amount: Units(amount),
            kind: if amount < 0 {
                TransferKind::Refund
            } else {
                TransferKind::Topup
            },
            grant: Grant::Paid,
            description: "Top-up".to_owned(),
            at: self.now(),
            audit: None,
        }
    }

    /// Credit given away, and the source that it comes to.
    pub fn grant(
        &self,
        customer: &Customer,
        amount: i64,
        kind: GrantKind,
        expires_at: Option<Timestamp>,
    ) -> (LedgerAccountId, CreditWallet) {
        let source = LedgerAccountId::from_uuid(self.uuid());
        let command = CreditWallet {
            kind: match kind {
                GrantKind::Plan => TransferKind::PlanGrant,
                GrantKind::Trial | GrantKind::Promo => TransferKind::TrialGrant,
            },
            grant: Grant::Separate(source, GrantTerms { kind, expires_at }),
            description: "A present".to_owned(),
            ..self.topup(customer, amount)
        };
        (source, command)
    }

    /// A hold of exactly this much, for ten minutes, without a key or caps.
    pub fn hold(&self, customer: &Customer, amount: i64) -> PlaceHold {
        let at = self.now();
        PlaceHold {
            call: GenerationId::from_uuid(self.uuid()),
            account: customer.account,
            key: None,
            currency: Currency::USD,
            wanted: Units(amount),
            least: Units(amount),
            caps: vec![],
            claim: None,
            at,
            expires_at: at.after(Duration::from_secs(600)),
        }
    }

    /// Places a hold that must succeed.
    pub async fn place(&self, command: &PlaceHold) -> Hold {
        let placed = self.store.wallets.place_hold(command.clone()).await;
        placed.unwrap().hold
    }

    /// The settlement of a hold by this charge.
    pub fn settlement(&self, hold: &Hold, charge: i64) -> Settle {
        sample::settlement(hold, Units(charge), self.now())
    }

    /// Holds and settles one call of this cost.
    pub async fn call(&self, customer: &Customer, cost: i64) -> GenerationId {
        let hold = self.place(&self.hold(customer, cost)).await;
        let command = self.settlement(&hold, cost);
        self.store.wallets.settle(command).await.unwrap();
        hold.id.generation()
    }

    /// A key of a customer, not yet stored.
    pub fn new_key(&self, customer: &Customer) -> NewKey {
        let id = KeyId::from_uuid(self.uuid());
        NewKey {
            key: ApiKey {
                id,
                account: customer.account,
                name: "a key".to_owned(),
                hash: KeyHash(sample::digest(self.uuid())),
                prefix: "vz-sk_AbCdEf".to_owned(),
                environment: Environment::Live,
                scopes: Scope::USUAL.to_vec(),
                restrictions: Restrictions::default(),
                spend_cap: None,
                limits: Limits::default(),
                status: KeyStatus::Active,
                replaces: None,
                created_at: self.now(),
                last_used_at: None,
            },
            audit: self.audit_entry("key.create", &id),
        }
    }

    /// A stored key of a customer.
    pub async fn key(&self, customer: &Customer) -> ApiKey {
        let new = self.new_key(customer);
        self.store.keys.add_key(new.clone()).await.unwrap();
        new.key
    }

    /// A change that changes nothing yet.
    pub fn account_change(&self, account: AccountId) -> AccountChange {
        AccountChange {
            account,
            status: None,
            plan: None,
            limits: None,
            caps: None,
            credit_line: None,
            audit: self.audit_entry("account.update", &account),
        }
    }

    /// Sets how far below zero a customer's wallet may go.
    pub async fn set_credit_line(&self, customer: &Customer, line: i64) {
        let change = AccountChange {
            credit_line: Some((Currency::USD, Units(line))),
            ..self.account_change(customer.account)
        };
        let account = self.store.accounts.update_account(change).await.unwrap();
        assert!(account.is_some(), "the account is there");
    }

    /// Sets the caps of an account.
    pub async fn set_account_caps(&self, customer: &Customer, caps: Vec<Cap>) {
        let change = AccountChange {
            caps: Some(caps.clone()),
            ..self.account_change(customer.account)
        };
        let account = self.store.accounts.update_account(change).await.unwrap();
        assert_eq!(account.map(|account| account.caps), Some(caps));
    }

    /// The sources of a customer's wallet in US dollars.
    pub async fn sources(&self, account: AccountId) -> Vec<Source> {
        let wallets = self.store.wallets.list_wallets(account).await.unwrap();
        wallets
            .into_iter()
            .filter(|wallet| wallet.currency == Currency::USD)
            .flat_map(|wallet| wallet.sources)
            .collect()
    }

    /// One source of a customer's wallet; an empty one where it is not listed.
    pub async fn source(&self, account: AccountId, id: LedgerAccountId) -> Source {
        let sources = self.sources(account).await;
        let found = sources.into_iter().find(|source| source.id == id);
        found.unwrap_or(Source::empty(id, SourceKind::Paid))
    }

    /// What is posted and held in a customer's wallet in US dollars.
    pub async fn figures(&self, customer: &Customer) -> Figures {
        let sources = self.sources(customer.account).await;
        Figures {
            posted: sources.iter().map(|source| source.posted.0).sum(),
            held: sources.iter().map(|source| source.held.0).sum(),
        }
    }

    /// The newest transfers of an account, at most 200.
    pub async fn transfers(&self, account: AccountId) -> Vec<Transfer> {
        let page = PageRequest::first(PageRequest::MOST);
        let listed = self.store.wallets.list_transfers(account, page).await;
        listed.unwrap().rows
    }

    /// Asserts that an entry is in the audit log, whole and once.
    pub async fn expect_audited(&self, entry: &AuditEntry) {
        let page = PageRequest::first(PageRequest::MOST);
        let listed = self.store.audit.list_audit(page).await.unwrap().rows;
        let same: Vec<_> = listed.iter().filter(|row| row.id == entry.id).collect();
        assert_eq!(same, [entry]);
    }

    /// Asserts what is posted and held, and that the books can be proven.
    pub async fn expect_figures(&self, customer: &Customer, posted: i64, held: i64) {
        assert_eq!(self.figures(customer).await, Figures { posted, held });
        self.expect_proof().await;
    }

    /// Asserts that the books can be proven.
    pub async fn expect_proof(&self) {
        let report = self.store.ledger_audit.audit_ledger(self.now()).await;
        assert_eq!(report.unwrap().findings, vec![]);
    }
}
