use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::result::QueryResult;
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use vuzo_sql::rows::NewTransferRow;
use vuzo_sql::{RawId, Uid};

use super::Columns;

/// New transfers.
#[derive(Default)]
pub(crate) struct InsertTransfers<'transfer> {
    accounts: Vec<RawId>,
    ids: Vec<RawId>,
    debits: Vec<RawId>,
    credits: Vec<RawId>,
    amounts: Vec<i64>,
    currencies: Vec<&'transfer str>,
    kinds: Vec<&'static str>,
    calls: Vec<Option<RawId>>,
    descriptions: Vec<Option<&'transfer str>>,
    balances_after: Vec<Option<i64>>,
    created_at: Vec<i64>,
}

impl<'transfer> InsertTransfers<'transfer> {
    pub(crate) fn push(&mut self, row: &NewTransferRow<'transfer>) {
        self.accounts.push(row.account_id);
        self.ids.push(row.id);
        self.debits.push(row.debit_id);
        self.credits.push(row.credit_id);
        self.amounts.push(row.amount);
        self.currencies.push(row.currency);
        self.kinds.push(row.kind);
        self.calls.push(row.call_id);
        self.descriptions.push(row.description);
        self.balances_after.push(row.balance_after);
        self.created_at.push(row.created_at);
    }
}

impl Columns for InsertTransfers<'_> {
    fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    fn bind<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_bind_param_value_only::<Array<Uid>, _>(&self.accounts)?;
        out.push_bind_param_value_only::<Array<Uid>, _>(&self.ids)?;
        out.push_bind_param_value_only::<Array<Uid>, _>(&self.debits)?;
        out.push_bind_param_value_only::<Array<Uid>, _>(&self.credits)?;
        out.push_bind_param_value_only::<Array<BigInt>, _>(&self.amounts)?;
        out.push_bind_param_value_only::<Array<Text>, _>(&self.currencies)?;
        out.push_bind_param_value_only::<Array<Text>, _>(&self.kinds)?;
        out.push_bind_param_value_only::<Array<Nullable<Uid>>, _>(&self.calls)?;
        out.push_bind_param_value_only::<Array<Nullable<Text>>, _>(&self.descriptions)?;
        out.push_bind_param_value_only::<Array<Nullable<BigInt>>, _>(&self.balances_after)?;
        out.push_bind_param_value_only::<Array<BigInt>, _>(&self.created_at)
    }
}
