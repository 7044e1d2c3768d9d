use std::collections::HashMap;

use uuid::Uuid;
use vuzo_domain::money::Units;
use vuzo_domain::wallet::{CapUse, SpendCounter};
use vuzo_sql::RawId;
use vuzo_sql::rows::scope_columns;

use crate::database::Fault;
use crate::statements::SaveCounters;

/// A row of counters: whose, over which time, since when; spent and held.
pub(crate) type CounterRow = (String, RawId, String, i64, i64, i64);

/// Finds each counter among the rows that were read.
pub(crate) fn read_counters<'cap, R>(
    caps: impl IntoIterator<Item = &'cap CapUse>,
    rows: &[CounterRow],
) -> Result<Vec<(CapUse, SpendCounter)>, Fault<R>> {
    type Key<'text> = (&'text str, Uuid, &'text str, i64);
    let found: HashMap<Key<'_>, SpendCounter> = rows
        .iter()
        .map(|(scope, scope_id, period, started_at, spent, held)| {
            let counter = SpendCounter {
                spent: Units(*spent),
                held: Units(*held),
            };
            let key = (scope.as_str(), scope_id.0, period.as_str(), *started_at);
            (key, counter)
        })
        .collect();
    let counter = |cap: &CapUse| {
        let (scope, scope_id) = scope_columns(cap.scope);
        let key: Key<'_> = (
            scope,
            scope_id.0,
            cap.window.name(),
            cap.started_at.as_micros(),
        );
        let counter = found.get(&key).copied();
        counter
            .map(|counter| (*cap, counter))
            .ok_or_else(|| Fault::broken("a counter has vanished"))
    };
    caps.into_iter().map(counter).collect()
}

/// The spending counters of a transaction.
#[derive(Default)]
pub(crate) struct Counters {
    counters: HashMap<CapUse, Counted>,
}

#[derive(Clone, Copy)]
struct Counted {
    now: SpendCounter,
    stored: SpendCounter,
}

impl FromIterator<(CapUse, SpendCounter)> for Counters {
    fn from_iter<I: IntoIterator<Item = (CapUse, SpendCounter)>>(all: I) -> Self {
        let counted = |(cap, stored)| {
            let now = stored;
            (cap, Counted { now, stored })
        };
        Self {
            counters: all.into_iter().map(counted).collect(),
        }
    }
}

impl Counters {
    /// A counter that was asked for.
    pub(crate) fn get<R>(&mut self, cap: CapUse) -> Result<&mut SpendCounter, Fault<R>> {
        self.counters
            .get_mut(&cap)
            .map(|counted| &mut counted.now)
            .ok_or_else(|| Fault::broken("a counter was not asked for"))
    }

    /// Those that have changed.
    pub(super) fn changed(&self) -> SaveCounters {
        let mut save = SaveCounters::default();
        for (cap, counted) in &self.counters {
            if counted.now != counted.stored {
                save.push(cap, counted.now);
            }
        }
        save
    }
}
