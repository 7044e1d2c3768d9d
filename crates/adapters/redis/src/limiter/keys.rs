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
pub(super) const LAYOUT: &str = "vuzo:limit:1:";

impl<'a> KeyNames<'a> {
    pub(super) fn new(prefix: &'a str, admission: &Admission) -> Self {
        let account = admission.scopes.iter().find_map(|rules| match rules.scope {
            LimitScope::Account(account) => Some(account.to_string()),
            LimitScope::Key(_) | LimitScope::Address(_) => None,
        });
        Self { prefix, account }
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

/// The last word of a window's key.
pub(super) const fn window_suffix(counted: Counted, window: RateWindow) -> &'static str {
    match (counted, window) {
        (Counted::Requests, RateWindow::Minute) => "rm",
        (Counted::Requests, RateWindow::Hour) => "rh",
        (Counted::Requests, RateWindow::Day) => "rd",
        (Counted::Tokens, RateWindow::Minute) => "tm",
        (Counted::Tokens, RateWindow::Hour) => "th",
        (Counted::Tokens, RateWindow::Day) => "td",
    }
}

/// The last word of the key of a scope's open calls.
pub(super) const OPEN_SUFFIX: &str = "open";
