use async_trait::async_trait;
use vuzo_domain::account::{Account, Email, Session, User};
use vuzo_domain::id::{AccountId, SessionId, UserId};
use vuzo_domain::money::Currency;
use vuzo_domain::port::{
    AccountChange, Accounts, Change, Naming, Page, PageRequest, Registration, RegistrationError,
    RotateRefresh, RotationError, StoredUser, Unavailable,
};
use vuzo_domain::time::Timestamp;

use crate::MemoryStore;
use crate::list::page_of;
use crate::store::{SessionRow, State};

#[async_trait]
impl Accounts for MemoryStore {
    async fn register(&self, registration: Registration) -> Result<(), RegistrationError> {
        let mut state = self.state();
        let email = registration.user.email.as_str().to_owned();
        if let Some(known) = state.users_by_email.get(&email) {
            return if *known == registration.user.id {
                Ok(())
            } else {
                Err(RegistrationError::EmailTaken)
            };
        }
        let account = registration.account.id;
        let ledger = &mut state.ledger;
        ledger.open_wallet(account, Currency::USD, registration.wallet);
        if let Some(trial) = &registration.trial
            && let Err(fault) = ledger.credit(trial)
        {
            ledger.forget_wallet(account, Currency::USD);
            return Err(fault.into());
        }
        if let Some(entry) = registration.trial.and_then(|trial| trial.audit) {
            state.note(entry);
        }
        state.accounts.insert(account, registration.account);
        state.users_by_email.insert(email, registration.user.id);
        state.open_session(registration.session);
        let stored = StoredUser {
            user: registration.user,
            password: registration.password,
        };
        state.users.insert(stored.user.id, stored);
        Ok(())
    }

    async fn find_user_by_email(&self, email: &Email) -> Result<Option<StoredUser>, Unavailable> {
        let state = self.state();
        let user = state.users_by_email.get(email.as_str());
        Ok(user.and_then(|id| state.users.get(id)).cloned())
    }

    async fn find_user(&self, user: UserId) -> Result<Option<User>, Unavailable> {
        let state = self.state();
        Ok(state.users.get(&user).map(|stored| stored.user.clone()))
    }

    async fn update_user(&self, user: UserId, naming: Naming) -> Result<Option<User>, Unavailable> {
        let mut state = self.state();
        let Some(stored) = state.users.get_mut(&user) else {
            return Ok(None);
        };
        if let Some(full_name) = naming.full_name {
            stored.user.full_name = full_name;
        }
        if let Some(company) = naming.company {
            stored.user.company = company;
        }
        Ok(Some(stored.user.clone()))
    }

    async fn open_session(&self, session: Session) -> Result<(), Unavailable> {
        self.state().open_session(session);
        Ok(())
    }

    async fn rotate_refresh(&self, rotation: RotateRefresh) -> Result<User, RotationError> {
        let mut state = self.state();
        let row = state.sessions.get_mut(&rotation.session);
        let row = row.filter(|row| !row.is_over);
        let row = row.ok_or(RotationError::NoSession)?;
        if row.used.contains(&rotation.presented) {
            row.is_over = true;
            return Err(RotationError::Reused);
        }
        let is_good =
            row.session.refresh_hash == rotation.presented && rotation.at < row.session.expires_at;
        if !is_good {
            return Err(RotationError::NoSession);
        }
        row.used.push(rotation.presented);
        row.session.refresh_hash = rotation.next;
        row.session.expires_at = rotation.next_expires_at;
        let user = row.session.user;
        let stored = state.users.get(&user);
        stored
            .map(|stored| stored.user.clone())
            .ok_or(RotationError::NoSession)
    }

    async fn end_session(&self, session: SessionId, _at: Timestamp) -> Result<(), Unavailable> {
        if let Some(row) = self.state().sessions.get_mut(&session) {
            row.is_over = true;
        }
        Ok(())
    }

    async fn session_is_open(&self, session: SessionId) -> Result<bool, Unavailable> {
        let state = self.state();
        Ok(state.sessions.get(&session).is_some_and(|row| !row.is_over))
    }

    async fn find_account(&self, account: AccountId) -> Result<Option<Account>, Unavailable> {
        Ok(self.state().accounts.get(&account).cloned())
    }

    async fn list_accounts(
        &self,
        query: Option<String>,
        page: PageRequest,
    ) -> Result<Page<Account>, Unavailable> {
        let state = self.state();
        let query = query.map(|query| query.to_lowercase());
        let mut newest_first: Vec<&Account> = state
            .accounts
            .values()
            .filter(|account| match &query {
                Some(query) => state.answers_to(account, query),
                None => true,
            })
            .collect();
        newest_first.sort_by_key(|account| core::cmp::Reverse(account.id));
        Ok(page_of(newest_first.into_iter(), &page, |account| {
            account.id.uuid()
        }))
    }

    async fn update_account(&self, change: AccountChange) -> Result<Option<Account>, Unavailable> {
        let mut state = self.state();
        let Some(account) = state.accounts.get_mut(&change.account) else {
            return Ok(None);
        };
        // Every window of every account is counted from the first call on, so a cap
        // that is new finds its counter as it must be.
        account.status = change.status.unwrap_or(account.status);
        account.limits = change.limits.unwrap_or(account.limits);
        account.plan = change.plan.unwrap_or_else(|| account.plan.clone());
        account.caps = change.caps.unwrap_or_else(|| account.caps.clone());
        let changed = account.clone();
        if let Some((currency, line)) = change.credit_line {
            state.ledger.set_credit_line(change.account, currency, line);
        }
        state.note(change.audit);
        state.changes.push(Change::Account(change.account));
        Ok(Some(changed))
    }
}

impl State {
    fn open_session(&mut self, session: Session) {
        self.sessions.entry(session.id).or_insert(SessionRow {
            session,
            used: Vec::new(),
            is_over: false,
        });
    }

    /// Whether the account's name or a member's address holds the text.
    fn answers_to(&self, account: &Account, query: &str) -> bool {
        let is_named = account.name.to_lowercase().contains(query);
        is_named
            || self.users.values().any(|stored| {
                stored.user.account == account.id && stored.user.email.as_str().contains(query)
            })
    }
}
