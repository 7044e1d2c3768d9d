use vuzo_domain::limit::{Counted, LimitScope, RateWindow};
use vuzo_domain::port::Admission;

/// Names the keys of one admission.
///
/// The keys of an account and of its API keys carry the account as hash tag, so that
/// a Redis cluster keeps them in one slot and one script reaches them all.
pub(super) struct KeyNames<'a> {
    prefix: &'a str,
    account: Option<String>,
}

/// The layout of the keys and of what is in them; see `window.lua`.
pub(super) const LAYOUT: &str = "vuzo:limit:2:";

impl<'a> KeyNames<'a> {
    pub(super) fn new(prefix: &'a str, admission: &Admission) -> Self {
        let account = admission.scopes.iter().find_map(|rules| match rules.scope {
            LimitScope::Account(account) => Some(account.to_string()),
            LimitScope::Key(_) | LimitScope::Address(_) => None,
        });
        Self { prefix, account }
    }

    /// The hash tag of all keys of the admission.
    pub(super) fn tag(&self, admission: &Admission) -> String {
        match (&self.account, admission.scopes.first()) {
            (Some(account), _) => account.clone(),
            (None, Some(rules)) => match rules.scope {
                LimitScope::Account(account) => account.to_string(),
                LimitScope::Key(key) => key.to_string(),
                LimitScope::Address(address) => address.to_string(),
            },
            (None, None) => String::new(),
        }
    }

    /// What all keys of one scope begin with.
    pub(super) fn scope(&self, scope: LimitScope) -> String {
        let prefix = self.prefix;
        match (scope, &self.account) {
            (LimitScope::Account(account), _) => format!("{prefix}{{{account}}}:"),
            (LimitScope::Key(key), Some(account)) => format!("{prefix}{{{account}}}:{key}:"),
            (LimitScope::Key(key), None) => format!("{prefix}{{{key}}}:"),
            (LimitScope::Address(address), _) => format!("{prefix}{{{address}}}:"),
        }
    }
}

/// Which of `NAMES` in `window.lua` a window has.
pub(super) const fn window_kind(counted: Counted, window: RateWindow) -> u8 {
    match (counted, window) {
        (Counted::Requests, RateWindow::Minute) => 1,
        (Counted::Requests, RateWindow::Hour) => 2,
        (Counted::Requests, RateWindow::Day) => 3,
        (Counted::Tokens, RateWindow::Minute) => 4,
        (Counted::Tokens, RateWindow::Hour) => 5,
        (Counted::Tokens, RateWindow::Day) => 6,
    }
}

/// The last word of the key of a scope's windows.
pub(super) const WINDOWS_SUFFIX: &str = "windows";

/// The last word of the key of a scope's open calls.
pub(super) const OPEN_SUFFIX: &str = "open";
