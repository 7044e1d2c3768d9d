use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;

use super::{Columns, EndHolds, InsertHolds, InsertTransfers, InsertUsage, SaveSources};

/// Writes what almost every transaction of the ledger writes, in one statement: the
/// server begins, ends and answers a statement at a price for which it writes several
/// rows. A row that is there already, or one that is not as it was when it was
/// decided on, fails it, and the transaction with it.
#[derive(Default)]
pub(crate) struct WriteLedger<'job> {
    pub(crate) sources: SaveSources,
    pub(crate) placed: InsertHolds,
    pub(crate) ended: EndHolds,
    pub(crate) calls: InsertUsage<'job>,
    pub(crate) transfers: InsertTransfers<'job>,
}

impl WriteLedger<'_> {
    /// How the statement begins, by which it is found among those that are prepared.
    pub(crate) const BEGINNING: &'static str = "WITH changed AS (";

    fn columns(&self) -> [&dyn Columns; 5] {
        [
            &self.sources,
            &self.placed,
            &self.ended,
            &self.calls,
            &self.transfers,
        ]
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.columns().iter().all(|columns| columns.is_empty())
    }
}

impl QueryId for WriteLedger<'_> {
    type QueryId = WriteLedger<'static>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<Pg> for WriteLedger<'_> {
    /// A hold is open as long as it has not ended; to ask for its state instead would
    /// lead the planner to the index of the open ones, all of which it would then
    /// read. Arrays are unpacked side by side in the list of what is selected: in
    /// `FROM` each of them would be copied first.
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(Self::BEGINNING);
        out.push_sql(
            "UPDATE ledger_accounts SET posted = ($2)[array_position($1, id)], \
                 held = ($3)[array_position($1, id)] \
             WHERE id = ANY ($1) RETURNING 1), \
             placed AS ( \
             INSERT INTO holds (id, account_id, key_id, currency, parts, caps, state, captured, \
                 ended_at, placed_at, expires_at) \
             SELECT unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9), \
                 unnest($10), unnest($11), unnest($12), unnest($13), unnest($14)), \
             ended AS ( \
             UPDATE holds SET state = ($16)[array_position($15, id)], \
                 captured = ($17)[array_position($15, id)], \
                 ended_at = ($18)[array_position($15, id)] \
             WHERE id = ANY ($15) AND ended_at IS NULL RETURNING 1), \
             calls AS ( \
             INSERT INTO usage (account_id, id, key_id, environment, endpoint, model, \
                 served_model, provider, stream, status, prompt_tokens, completion_tokens, \
                 estimated, currency, cost, charged, shortfall, provider_cost, price_version, \
                 rule_id, held, latency_us, first_token_us, metadata, detail, created_at) \
             SELECT unnest($19), unnest($20), unnest($21), unnest($22), unnest($23), \
                 unnest($24), unnest($25), unnest($26), unnest($27), unnest($28), unnest($29), \
                 unnest($30), unnest($31), unnest($32), unnest($33), unnest($34), unnest($35), \
                 unnest($36), unnest($37), unnest($38), unnest($39), unnest($40), unnest($41), \
                 unnest($42), unnest($43), unnest($44)), \
             moved AS ( \
             INSERT INTO transfers (account_id, id, debit_id, credit_id, amount, currency, kind, \
                 call_id, description, balance_after, created_at) \
             SELECT unnest($45), unnest($46), unnest($47), unnest($48), unnest($49), \
                 unnest($50), unnest($51), unnest($52), unnest($53), unnest($54), unnest($55)) \
             SELECT CASE WHEN (SELECT count(*) FROM changed) = cardinality($1) \
                     AND (SELECT count(*) FROM ended) = cardinality($15) \
                 THEN true ELSE vuzo_refuse_batch() END",
        );
        for columns in self.columns() {
            columns.bind(&mut out)?;
        }
        Ok(())
    }
}
