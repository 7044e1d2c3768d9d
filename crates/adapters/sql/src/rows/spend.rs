use diesel::{Insertable, Queryable, Selectable};
use vuzo_domain::money::Units;
use vuzo_domain::wallet::{CapScope, CapUse, SpendCounter};

use crate::schema::spend_counters;
use crate::types::RawId;

/// A row of `spend_counters`.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = spend_counters)]
pub struct SpendCounterRow {
    pub scope: String,
    pub scope_id: RawId,
    pub period: String,
    pub started_at: i64,
    pub spent: i64,
    pub held: i64,
}

impl SpendCounterRow {
    /// The counter of a window.
    pub fn new(cap: &CapUse, counter: SpendCounter) -> Self {
        let (scope, scope_id) = scope_columns(cap.scope);
        Self {
            scope: scope.to_owned(),
            scope_id,
            period: cap.window.name().to_owned(),
            started_at: cap.started_at.as_micros(),
            spent: counter.spent.0,
            held: counter.held.0,
        }
    }

    /// What it counts.
    pub const fn counter(&self) -> SpendCounter {
        SpendCounter {
            spent: Units(self.spent),
            held: Units(self.held),
        }
    }
}

/// Whose spending, as the columns `scope` and `scope_id`.
pub fn scope_columns(scope: CapScope) -> (&'static str, RawId) {
    match scope {
        CapScope::Account(account) => ("account", RawId(account.uuid())),
        CapScope::Key(key) => ("key", RawId(key.uuid())),
    }
}
