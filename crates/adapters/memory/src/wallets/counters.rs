use std::collections::HashMap;

use vuzo_domain::money::{Currency, Units};
use vuzo_domain::wallet::{CapCheck, CapScope, CapUse, CapWindow, Hold, SpendCounter};

/// What was spent and is held, by scope and window.
///
/// Every hold counts in all windows of its account and its key, capped or not, so
/// that a cap which is new finds its counter as if it had always been there.
#[derive(Default)]
pub(crate) struct Counters {
    rows: HashMap<(CapUse, Currency), SpendCounter>,
}

impl Counters {
    /// What a counter leaves under a cap.
    pub(super) fn remaining(&self, counted: CapUse, currency: Currency, check: &CapCheck) -> Units {
        let row = self.rows.get(&(counted, currency));
        row.copied().unwrap_or_default().remaining(check.cap)
    }

    /// Counts what a hold has set aside.
    pub(super) fn hold(&mut self, hold: &Hold, amount: Units) {
        self.each(hold, |counter| {
            counter.held = counter.held.saturating_plus(amount);
        });
    }

    /// Counts what a hold has given back.
    pub(super) fn release(&mut self, hold: &Hold, amount: Units) {
        self.each(hold, |counter| {
            counter.held = counter.held.saturating_minus(amount);
        });
    }

    /// Counts a charge.
    pub(super) fn spend(&mut self, hold: &Hold, amount: Units) {
        self.each(hold, |counter| {
            counter.spent = counter.spent.saturating_plus(amount);
        });
    }

    fn each(&mut self, hold: &Hold, change: impl Fn(&mut SpendCounter)) {
        for counted in uses_of(hold) {
            change(self.rows.entry((counted, hold.currency)).or_default());
        }
    }
}

/// The windows that count a hold: all of its account and key, and those of any
/// other cap that it was placed under.
fn uses_of(hold: &Hold) -> Vec<CapUse> {
    let own = [
        Some(CapScope::Account(hold.account)),
        hold.key.map(CapScope::Key),
    ];
    let mut uses = hold.caps.clone();
    for scope in own.into_iter().flatten() {
        uses.extend(CapWindow::ALL.into_iter().map(|window| CapUse {
            scope,
            window,
            started_at: window.start(hold.placed_at),
        }));
    }
    uses.sort_unstable();
    uses.dedup();
    uses
}
