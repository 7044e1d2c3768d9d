use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use vuzo_domain::money::Units;
use vuzo_domain::wallet::{Hold, HoldEnd, HoldState};
use vuzo_sql::rows::HoldRow;
use vuzo_sql::{RawId, Uid};

use super::{Columns, Rows};

/// On which wallets holds are. That never changes, so it may be read before anything
/// is locked.
#[derive(QueryId)]
pub(crate) struct FindWallets(pub(crate) Vec<RawId>);

impl Query for FindWallets {
    type SqlType = (Uid, Text);
}

impl QueryFragment<Pg> for FindWallets {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT account_id, currency FROM holds WHERE id = ANY ($1)");
        out.push_bind_param_value_only::<Array<Uid>, _>(&self.0)
    }
}

/// Reads holds.
#[derive(QueryId)]
pub(crate) struct ReadHolds(pub(crate) Vec<RawId>);

impl Query for ReadHolds {
    type SqlType = (
        Uid,
        Uid,
        Nullable<Uid>,
        Text,
        Text,
        Text,
        Text,
        Nullable<BigInt>,
        Nullable<BigInt>,
        BigInt,
        BigInt,
    );
}

impl QueryFragment<Pg> for ReadHolds {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT id, account_id, key_id, currency, parts, caps, state, captured, ended_at, \
                 placed_at, expires_at \
             FROM holds WHERE id = ANY ($1)",
        );
        out.push_bind_param_value_only::<Array<Uid>, _>(&self.0)
    }
}

/// New holds.
#[derive(Default)]
pub(crate) struct InsertHolds {
    pub(crate) ids: Vec<RawId>,
    accounts: Vec<RawId>,
    keys: Vec<Option<RawId>>,
    currencies: Vec<String>,
    parts: Vec<String>,
    caps: Vec<String>,
    states: Vec<String>,
    captured: Vec<Option<i64>>,
    ended_at: Vec<Option<i64>>,
    placed_at: Vec<i64>,
    expires_at: Vec<i64>,
}

impl InsertHolds {
    pub(crate) fn push(&mut self, row: HoldRow) {
        self.ids.push(row.id);
        self.accounts.push(row.account_id);
        self.keys.push(row.key_id);
        self.currencies.push(row.currency);
        self.parts.push(row.parts);
        self.caps.push(row.caps);
        self.states.push(row.state);
        self.captured.push(row.captured);
        self.ended_at.push(row.ended_at);
        self.placed_at.push(row.placed_at);
        self.expires_at.push(row.expires_at);
    }
}

impl Columns for InsertHolds {
    fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    fn bind<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_bind_param_value_only::<Array<Uid>, _>(&self.ids)?;
        out.push_bind_param_value_only::<Array<Uid>, _>(&self.accounts)?;
        out.push_bind_param_value_only::<Array<Nullable<Uid>>, _>(&self.keys)?;
        out.push_bind_param_value_only::<Array<Text>, _>(&self.currencies)?;
        out.push_bind_param_value_only::<Array<Text>, _>(&self.parts)?;
        out.push_bind_param_value_only::<Array<Text>, _>(&self.caps)?;
        out.push_bind_param_value_only::<Array<Text>, _>(&self.states)?;
        out.push_bind_param_value_only::<Array<Nullable<BigInt>>, _>(&self.captured)?;
        out.push_bind_param_value_only::<Array<Nullable<BigInt>>, _>(&self.ended_at)?;
        out.push_bind_param_value_only::<Array<BigInt>, _>(&self.placed_at)?;
        out.push_bind_param_value_only::<Array<BigInt>, _>(&self.expires_at)
    }
}

/// Writes that open holds have more set aside, or longer. A hold is open as long as it
/// has not ended; to ask for its state instead would lead the planner to the index of
/// the open ones, all of which it would then read.
#[derive(Default, QueryId)]
pub(crate) struct ExtendHolds {
    pub(crate) ids: Vec<RawId>,
    pub(crate) parts: Vec<String>,
    pub(crate) expires_at: Vec<i64>,
}

impl Rows for ExtendHolds {
    fn rows(&self) -> usize {
        self.ids.len()
    }
}

impl QueryFragment<Pg> for ExtendHolds {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "UPDATE holds SET parts = ($2)[array_position($1, id)], \
                 expires_at = ($3)[array_position($1, id)] \
             WHERE id = ANY ($1) AND ended_at IS NULL",
        );
        out.push_bind_param_value_only::<Array<Uid>, _>(&self.ids)?;
        out.push_bind_param_value_only::<Array<Text>, _>(&self.parts)?;
        out.push_bind_param_value_only::<Array<BigInt>, _>(&self.expires_at)
    }
}

/// Open holds that have ended.
#[derive(Default)]
pub(crate) struct EndHolds {
    pub(crate) ids: Vec<RawId>,
    states: Vec<&'static str>,
    captured: Vec<Option<i64>>,
    ended_at: Vec<Option<i64>>,
}

impl EndHolds {
    /// Takes a hold that has ended.
    pub(crate) fn push(&mut self, hold: &Hold) {
        let HoldState::Ended { end, at } = hold.state else {
            return;
        };
        let (state, captured) = match end {
            HoldEnd::Captured(Units(charge)) => ("captured", Some(charge)),
            HoldEnd::Expired => ("expired", None),
        };
        self.ids.push(RawId(hold.id.uuid()));
        self.states.push(state);
        self.captured.push(captured);
        self.ended_at.push(Some(at.as_micros()));
    }
}

impl Columns for EndHolds {
    fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    fn bind<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_bind_param_value_only::<Array<Uid>, _>(&self.ids)?;
        out.push_bind_param_value_only::<Array<Text>, _>(&self.states)?;
        out.push_bind_param_value_only::<Array<Nullable<BigInt>>, _>(&self.captured)?;
        out.push_bind_param_value_only::<Array<Nullable<BigInt>>, _>(&self.ended_at)
    }
}
