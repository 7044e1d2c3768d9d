use serde::Serialize;
use vuzo_application::people::LoggedIn;
use vuzo_domain::account::{Account, User};

use super::limits::LimitsView;

/// A person.
#[derive(Serialize)]
pub(crate) struct UserView<'a> {
    id: String,
    email: &'a str,
    full_name: Option<&'a str>,
    company: Option<&'a str>,
    role: &'static str,
    created_at: String,
}

impl<'a> UserView<'a> {
    pub(crate) fn of(user: &'a User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email.as_str(),
            full_name: user.full_name.as_deref(),
            company: user.company.as_deref(),
            role: user.role.name(),
            created_at: user.created_at.to_string(),
        }
    }
}

/// An account, as its people see it.
#[derive(Serialize)]
pub(crate) struct AccountView<'a> {
    id: String,
    name: &'a str,
    plan: &'a str,
    status: &'static str,
}

impl<'a> AccountView<'a> {
    pub(crate) fn of(account: &'a Account) -> Self {
        Self {
            id: account.id.to_string(),
            name: &account.name,
            plan: &account.plan,
            status: account.status.name(),
        }
    }
}

/// Somebody who has just logged in.
#[derive(Serialize)]
pub(crate) struct LoggedInView<'a> {
    user: UserView<'a>,
    account: AccountView<'a>,
    access_token: &'a str,
    refresh_token: &'a str,
    token_type: &'static str,
    expires_in: u64,
}

impl<'a> LoggedInView<'a> {
    pub(crate) fn of(logged_in: &'a LoggedIn) -> Self {
        Self {
            user: UserView::of(&logged_in.user),
            account: AccountView::of(&logged_in.account),
            access_token: &logged_in.access_token,
            refresh_token: &logged_in.refresh_token,
            token_type: "bearer",
            expires_in: logged_in.expires_in.as_secs(),
        }
    }
}

/// One's own profile. A key has an account and nobody behind it.
#[derive(Serialize)]
pub(crate) struct MeView<'a> {
    id: Option<String>,
    email: Option<&'a str>,
    full_name: Option<&'a str>,
    company: Option<&'a str>,
    role: Option<&'static str>,
    created_at: Option<String>,
    account: AccountView<'a>,
    limits: LimitsView,
}

impl<'a> MeView<'a> {
    pub(crate) fn of(user: Option<&'a User>, account: &'a Account) -> Self {
        Self {
            id: user.map(|user| user.id.to_string()),
            email: user.map(|user| user.email.as_str()),
            full_name: user.and_then(|user| user.full_name.as_deref()),
            company: user.and_then(|user| user.company.as_deref()),
            role: user.map(|user| user.role.name()),
            created_at: user.map(|user| user.created_at.to_string()),
            account: AccountView::of(account),
            limits: LimitsView::of(&account.limits),
        }
    }
}
