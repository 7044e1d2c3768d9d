use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use vuzo_domain::id::AccountId;
use vuzo_domain::money::Currency;
use vuzo_sql::{RawId, Uid};

use super::Columns;

/// Some wallets, as columns: every account in every currency that is named. That may
/// be more than was asked for, which does no harm, and is found by key whatever the
/// planner believes of the tables.
#[derive(Clone, Debug, Default)]
pub(crate) struct WalletKeys {
    accounts: Vec<RawId>,
    currencies: Vec<String>,
}

impl FromIterator<(AccountId, Currency)> for WalletKeys {
    fn from_iter<I: IntoIterator<Item = (AccountId, Currency)>>(wallets: I) -> Self {
        let mut keys = Self::default();
        for (account, currency) in wallets {
            keys.accounts.push(RawId(account.uuid()));
            if keys.currencies.iter().all(|code| code != currency.code()) {
                keys.currencies.push(currency.code().to_owned());
            }
        }
        keys.accounts.sort_unstable();
        keys.accounts.dedup();
        keys
    }
}

/// Takes wallets for the transaction: whoever changes a source of a wallet, or a hold
/// on it, has locked its paid source first. All of them at once and in the order of
/// their ids, so that nobody waits in a circle. (The order is one that no index has,
/// or the planner might walk through a whole index for it.)
#[derive(QueryId)]
pub(crate) struct LockWallets(pub(crate) WalletKeys);

impl QueryFragment<Pg> for LockWallets {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT FROM ledger_accounts \
             WHERE account_id = ANY ($1) AND currency = ANY ($2) AND kind = 'paid' \
             ORDER BY id::text COLLATE \"C\" FOR NO KEY UPDATE",
        );
        out.push_bind_param_value_only::<Array<Uid>, _>(&self.0.accounts)?;
        out.push_bind_param_value_only::<Array<Text>, _>(&self.0.currencies)
    }
}

/// Reads the sources of wallets; of each those that are paid or hold anything: the
/// others can neither be drawn on nor owe anything.
#[derive(QueryId)]
pub(crate) struct ReadSources(pub(crate) WalletKeys);

impl Query for ReadSources {
    type SqlType = (
        Uid,
        Uid,
        Text,
        Text,
        Nullable<Text>,
        Nullable<BigInt>,
        Nullable<BigInt>,
        BigInt,
        BigInt,
        BigInt,
        BigInt,
    );
}

impl QueryFragment<Pg> for ReadSources {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT id, account_id, currency, kind, grant_kind, expires_at, lapses_at, posted, \
                 held, credit_line, floor \
             FROM ledger_accounts \
             WHERE account_id = ANY ($1) AND currency = ANY ($2) \
                 AND (kind = 'paid' OR posted <> 0 OR held <> 0)",
        );
        out.push_bind_param_value_only::<Array<Uid>, _>(&self.0.accounts)?;
        out.push_bind_param_value_only::<Array<Text>, _>(&self.0.currencies)
    }
}

/// The sums of sources.
#[derive(Default)]
pub(crate) struct SaveSources {
    pub(crate) ids: Vec<RawId>,
    pub(crate) posted: Vec<i64>,
    pub(crate) held: Vec<i64>,
}

impl Columns for SaveSources {
    fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    fn bind<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_bind_param_value_only::<Array<Uid>, _>(&self.ids)?;
        out.push_bind_param_value_only::<Array<BigInt>, _>(&self.posted)?;
        out.push_bind_param_value_only::<Array<BigInt>, _>(&self.held)
    }
}
