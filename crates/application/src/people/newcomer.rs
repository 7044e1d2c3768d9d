use core::fmt;
use core::time::Duration;

use vuzo_domain::account::{Account, AccountStatus, Email, Password, Role, Session, User};
use vuzo_domain::id::{AccountId, LedgerAccountId, SessionId, TransferId, UserId};
use vuzo_domain::money::Currency;
use vuzo_domain::port::{
    Actor, CreditWallet, Grant, GrantTerms, IdGen, PasswordHash, Registration,
};
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::{GrantKind, TransferKind};

use super::{LONGEST_NAME, LineFault, PeopleError, line};
use crate::operator::Detail;
use crate::ports::{Policy, TrialPolicy};

/// The plan of who has not chosen one.
const FIRST_PLAN: &str = "free";
const DAY: Duration = Duration::from_secs(86_400);

/// What somebody writes to sign up.
pub struct SignUp {
    /// Their address.
    pub email: String,
    /// Their password.
    pub password: String,
    /// How they want to be called.
    pub full_name: Option<String>,
    /// Where they work.
    pub company: Option<String>,
}

impl fmt::Debug for SignUp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SignUp")
            .field("email", &self.email)
            .field("full_name", &self.full_name)
            .field("company", &self.company)
            .finish_non_exhaustive()
    }
}

/// Somebody whose sign-up was checked.
pub(super) struct Newcomer {
    pub(super) email: Email,
    pub(super) password: Password,
    full_name: Option<String>,
    company: Option<String>,
}

impl Newcomer {
    pub(super) fn check(sign_up: &SignUp) -> Result<Self, PeopleError> {
        let email = Email::new(&sign_up.email)?;
        Ok(Self {
            password: Password::of(&sign_up.password, &email)?,
            email,
            full_name: optional("full_name", sign_up.full_name.as_deref())?,
            company: optional("company", sign_up.company.as_deref())?,
        })
    }

    /// Everything that signing up makes, but for the token's digest: all of it is
    /// written at once.
    pub(super) fn registration(
        self,
        role: Role,
        password: PasswordHash,
        policy: &Policy,
        ids: &dyn IdGen,
        at: Timestamp,
    ) -> Registration {
        let account = Account {
            id: AccountId::from_uuid(ids.uuid()),
            name: self.account_name(),
            plan: FIRST_PLAN.to_owned(),
            status: AccountStatus::Active,
            limits: policy.default_limits,
            caps: Vec::new(),
            created_at: at,
        };
        let user = User {
            id: UserId::from_uuid(ids.uuid()),
            account: account.id,
            email: self.email,
            full_name: self.full_name,
            company: self.company,
            role,
            created_at: at,
        };
        let wallet = LedgerAccountId::from_uuid(ids.uuid());
        let trial = policy.trial.filter(|trial| trial.credit.is_positive());
        Registration {
            session: session_of(&user, policy, ids, at),
            trial: trial.map(|trial| trial_credit(trial, account.id, wallet, ids, at)),
            user,
            password,
            account,
            wallet,
        }
    }

    /// The company, else the person, else what stands before the `@`.
    fn account_name(&self) -> String {
        let named = self.company.as_deref().or(self.full_name.as_deref());
        let address = self.email.as_str();
        let local = address.split('@').next().unwrap_or(address);
        named.unwrap_or(local).to_owned()
    }
}

/// A session without a token yet.
pub(super) fn session_of(user: &User, policy: &Policy, ids: &dyn IdGen, at: Timestamp) -> Session {
    Session {
        id: SessionId::from_uuid(ids.uuid()),
        user: user.id,
        refresh_hash: [0; 32],
        expires_at: at.after(policy.refresh_lifetime),
        created_at: at,
    }
}

fn trial_credit(
    trial: TrialPolicy,
    account: AccountId,
    wallet: LedgerAccountId,
    ids: &dyn IdGen,
    at: Timestamp,
) -> CreditWallet {
    let expires_at = trial.days.map(|days| at.after(DAY.saturating_mul(days)));
    let terms = GrantTerms {
        kind: GrantKind::Trial,
        expires_at,
    };
    let detail = Detail::new()
        .text("kind", TransferKind::TrialGrant.name())
        .amount("amount", trial.credit, Currency::USD)
        .text("currency", Currency::USD.code());
    CreditWallet {
        transfer: TransferId::from_uuid(ids.uuid()),
        claim: None,
        account,
        open_as: wallet,
        currency: Currency::USD,
        amount: trial.credit,
        kind: TransferKind::TrialGrant,
        grant: Grant::Separate(LedgerAccountId::from_uuid(ids.uuid()), terms),
        description: "Trial credit".to_owned(),
        at,
        audit: Some(detail.entry(ids, Actor::System, "credit.grant", &account, at)),
    }
}

/// A name that may be left out; in a form that is as good as empty.
fn optional(field: &'static str, text: Option<&str>) -> Result<Option<String>, PeopleError> {
    match text.map(|text| line(text, LONGEST_NAME)) {
        None | Some(Err(LineFault::Blank)) => Ok(None),
        Some(taken) => taken.map(Some).map_err(|fault| name_error(field, fault)),
    }
}

pub(super) fn name_error(field: &'static str, fault: LineFault) -> PeopleError {
    match fault {
        LineFault::Blank => PeopleError::Blank { field },
        LineFault::TooLong => PeopleError::TooLong { field },
        LineFault::Unprintable => PeopleError::Unprintable { field },
    }
}
