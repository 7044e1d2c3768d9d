use std::collections::BTreeSet;

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{Array, BigInt, Text};
use vuzo_domain::wallet::{CapUse, SpendCounter};
use vuzo_sql::rows::scope_columns;
use vuzo_sql::{RawId, Uid};

use super::Rows;

/// Some spending counters, as columns, in one order for everybody: that is the order
/// in which they are locked.
#[derive(Clone, Debug, Default)]
pub(crate) struct CounterKeys {
    scopes: Vec<&'static str>,
    scope_ids: Vec<RawId>,
    periods: Vec<&'static str>,
    started_at: Vec<i64>,
}

impl<'cap> FromIterator<&'cap CapUse> for CounterKeys {
    fn from_iter<I: IntoIterator<Item = &'cap CapUse>>(caps: I) -> Self {
        let caps: BTreeSet<&CapUse> = caps.into_iter().collect();
        let mut keys = Self::default();
        for cap in caps {
            keys.push(cap);
        }
        keys
    }
}

impl CounterKeys {
    fn push(&mut self, cap: &CapUse) {
        let (scope, scope_id) = scope_columns(cap.scope);
        self.scopes.push(scope);
        self.scope_ids.push(scope_id);
        self.periods.push(cap.window.name());
        self.started_at.push(cap.started_at.as_micros());
    }

    fn bind<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_bind_param_value_only::<Array<Text>, _>(&self.scopes)?;
        out.push_bind_param_value_only::<Array<Uid>, _>(&self.scope_ids)?;
        out.push_bind_param_value_only::<Array<Text>, _>(&self.periods)?;
        out.push_bind_param_value_only::<Array<BigInt>, _>(&self.started_at)
    }
}

/// Makes counters that are not there yet, so that they can be locked.
#[derive(QueryId)]
pub(crate) struct EnsureCounters(pub(crate) CounterKeys);

impl QueryFragment<Pg> for EnsureCounters {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO spend_counters (scope, scope_id, period, started_at, spent, held) \
             SELECT n.scope, n.scope_id, n.period, n.started_at, 0, 0 \
             FROM unnest($1, $2, $3, $4) AS n (scope, scope_id, period, started_at) \
             ON CONFLICT DO NOTHING",
        );
        self.0.bind(&mut out)
    }
}

/// Takes counters for the transaction, and reads them:
/// `(scope, scope_id, period, started_at, spent, held)`.
#[derive(QueryId)]
pub(crate) struct LockCounters(pub(crate) CounterKeys);

impl Query for LockCounters {
    type SqlType = (Text, Uid, Text, BigInt, BigInt, BigInt);
}

impl QueryFragment<Pg> for LockCounters {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT c.scope, c.scope_id, c.period, c.started_at, c.spent, c.held \
             FROM unnest($1, $2, $3, $4) AS n (scope, scope_id, period, started_at) \
             CROSS JOIN LATERAL ( \
                 SELECT * FROM spend_counters s \
                 WHERE s.scope = n.scope AND s.scope_id = n.scope_id \
                     AND s.period = n.period AND s.started_at = n.started_at \
                 LIMIT 1 FOR NO KEY UPDATE) c",
        );
        self.0.bind(&mut out)
    }
}

/// Writes counters.
#[derive(Default, QueryId)]
pub(crate) struct SaveCounters {
    keys: CounterKeys,
    spent: Vec<i64>,
    held: Vec<i64>,
}

impl SaveCounters {
    pub(crate) fn push(&mut self, cap: &CapUse, counter: SpendCounter) {
        self.keys.push(cap);
        self.spent.push(counter.spent.0);
        self.held.push(counter.held.0);
    }
}

impl Rows for SaveCounters {
    fn rows(&self) -> usize {
        self.spent.len()
    }
}

impl QueryFragment<Pg> for SaveCounters {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO spend_counters (scope, scope_id, period, started_at, spent, held) \
             SELECT * FROM unnest($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (scope, scope_id, period, started_at) \
                 DO UPDATE SET spent = excluded.spent, held = excluded.held",
        );
        self.keys.bind(&mut out)?;
        out.push_bind_param_value_only::<Array<BigInt>, _>(&self.spent)?;
        out.push_bind_param_value_only::<Array<BigInt>, _>(&self.held)
    }
}
