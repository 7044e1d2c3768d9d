//! The statements of the hot path that the query builder would write out anew each
//! time. Their text is constant, so each is prepared once a connection.

use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::sqlite::Sqlite;
use diesel::{RunQueryDsl, SqliteConnection};
use vuzo_sql::{RawId, Uid};

/// Writes the sums of a source.
pub(crate) struct SaveSource<'row> {
    pub(crate) account_id: RawId,
    pub(crate) currency: &'row str,
    pub(crate) id: RawId,
    pub(crate) posted: i64,
    pub(crate) held: i64,
}

impl RunQueryDsl<SqliteConnection> for SaveSource<'_> {}

impl QueryId for SaveSource<'_> {
    type QueryId = SaveSource<'static>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<Sqlite> for SaveSource<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("UPDATE ledger_accounts SET posted = ");
        out.push_bind_param::<BigInt, _>(&self.posted)?;
        out.push_sql(", held = ");
        out.push_bind_param::<BigInt, _>(&self.held)?;
        out.push_sql(" WHERE account_id = ");
        out.push_bind_param::<Uid, _>(&self.account_id)?;
        out.push_sql(" AND currency = ");
        out.push_bind_param::<Text, _>(&self.currency)?;
        out.push_sql(" AND id = ");
        out.push_bind_param::<Uid, _>(&self.id)
    }
}

/// Writes a spending counter.
#[derive(QueryId)]
pub(crate) struct SaveCounter {
    pub(crate) scope: &'static str,
    pub(crate) scope_id: RawId,
    pub(crate) period: &'static str,
    pub(crate) started_at: i64,
    pub(crate) spent: i64,
    pub(crate) held: i64,
}

impl RunQueryDsl<SqliteConnection> for SaveCounter {}

impl QueryFragment<Sqlite> for SaveCounter {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO spend_counters (scope, scope_id, period, started_at, spent, held) VALUES (",
        );
        out.push_bind_param::<Text, _>(&self.scope)?;
        out.push_sql(", ");
        out.push_bind_param::<Uid, _>(&self.scope_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(&self.period)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.started_at)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.spent)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.held)?;
        out.push_sql(
            ") ON CONFLICT (scope, scope_id, period, started_at) \
             DO UPDATE SET spent = excluded.spent, held = excluded.held",
        );
        Ok(())
    }
}

/// Ends a hold.
#[derive(QueryId)]
pub(crate) struct EndHold {
    pub(crate) id: RawId,
    pub(crate) state: &'static str,
    pub(crate) captured: Option<i64>,
    pub(crate) ended_at: i64,
}

impl RunQueryDsl<SqliteConnection> for EndHold {}

impl QueryFragment<Sqlite> for EndHold {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("UPDATE holds SET state = ");
        out.push_bind_param::<Text, _>(&self.state)?;
        out.push_sql(", captured = ");
        out.push_bind_param::<Nullable<BigInt>, _>(&self.captured)?;
        out.push_sql(", ended_at = ");
        out.push_bind_param::<BigInt, _>(&self.ended_at)?;
        out.push_sql(" WHERE state = 'open' AND id = ");
        out.push_bind_param::<Uid, _>(&self.id)
    }
}
