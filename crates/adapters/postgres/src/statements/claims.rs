use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{Array, BigInt, Binary, Nullable, Text};
use vuzo_domain::id::GenerationId;
use vuzo_domain::port::{Answer, Claim, ClaimKey};
use vuzo_sql::rows::ClaimRow;
use vuzo_sql::{RawId, Uid};

use super::Rows;

/// Some idempotency keys, as columns.
#[derive(Default)]
pub(crate) struct ClaimKeys<'key> {
    accounts: Vec<RawId>,
    keys: Vec<RawId>,
    routes: Vec<&'static str>,
    tokens: Vec<&'key str>,
}

impl<'key> ClaimKeys<'key> {
    fn push(&mut self, key: &'key ClaimKey) {
        self.accounts.push(RawId(key.account.uuid()));
        self.keys.push(ClaimRow::key_column(key));
        self.routes.push(key.route);
        self.tokens.push(&key.token);
    }

    fn bind<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_bind_param_value_only::<Array<Uid>, _>(&self.accounts)?;
        out.push_bind_param_value_only::<Array<Uid>, _>(&self.keys)?;
        out.push_bind_param_value_only::<Array<Text>, _>(&self.routes)?;
        out.push_bind_param_value_only::<Array<Text>, _>(&self.tokens)
    }
}

/// Reads what stands under idempotency keys.
pub(crate) struct ReadClaims<'key>(ClaimKeys<'key>);

impl<'key> FromIterator<&'key ClaimKey> for ReadClaims<'key> {
    fn from_iter<I: IntoIterator<Item = &'key ClaimKey>>(all: I) -> Self {
        let mut keys = ClaimKeys::default();
        for key in all {
            keys.push(key);
        }
        Self(keys)
    }
}

impl QueryId for ReadClaims<'_> {
    type QueryId = ReadClaims<'static>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for ReadClaims<'_> {
    type SqlType = (
        Uid,
        Uid,
        Text,
        Text,
        Binary,
        Uid,
        BigInt,
        Nullable<Text>,
        Nullable<Binary>,
    );
}

impl QueryFragment<Pg> for ReadClaims<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT c.account_id, c.key_id, c.route, c.token, c.body, c.call_id, c.expires_at, \
                 c.content_type, c.answer \
             FROM unnest($1, $2, $3, $4) AS n (account_id, key_id, route, token) \
             CROSS JOIN LATERAL ( \
                 SELECT * FROM idempotency_claims i \
                 WHERE i.account_id = n.account_id AND i.key_id = n.key_id \
                     AND i.route = n.route AND i.token = n.token \
                 LIMIT 1) c",
        );
        self.0.bind(&mut out)
    }
}

/// Takes away whatever calls have claimed.
#[derive(Default, QueryId)]
pub(crate) struct DropClaims(pub(crate) Vec<RawId>);

impl Rows for DropClaims {
    fn rows(&self) -> usize {
        self.0.len()
    }
}

impl QueryFragment<Pg> for DropClaims {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("DELETE FROM idempotency_claims WHERE call_id = ANY ($1)");
        out.push_bind_param_value_only::<Array<Uid>, _>(&self.0)
    }
}

/// Writes claims of calls that run.
#[derive(Default)]
pub(crate) struct TakeClaims<'claim> {
    keys: ClaimKeys<'claim>,
    bodies: Vec<&'claim [u8]>,
    calls: Vec<RawId>,
    expires_at: Vec<i64>,
}

impl<'claim> TakeClaims<'claim> {
    pub(crate) fn push(&mut self, claim: &'claim Claim, call: GenerationId) {
        self.keys.push(&claim.key);
        self.bodies.push(&claim.body);
        self.calls.push(RawId(call.uuid()));
        self.expires_at.push(claim.expires_at.as_micros());
    }
}

impl QueryId for TakeClaims<'_> {
    type QueryId = TakeClaims<'static>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Rows for TakeClaims<'_> {
    fn rows(&self) -> usize {
        self.calls.len()
    }
}

impl QueryFragment<Pg> for TakeClaims<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO idempotency_claims \
                 (account_id, key_id, route, token, body, call_id, expires_at) \
             SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        );
        self.keys.bind(&mut out)?;
        out.push_bind_param_value_only::<Array<Binary>, _>(&self.bodies)?;
        out.push_bind_param_value_only::<Array<Uid>, _>(&self.calls)?;
        out.push_bind_param_value_only::<Array<BigInt>, _>(&self.expires_at)
    }
}

/// Keeps the answers of calls under what they have claimed, as far as it is still
/// theirs.
#[derive(Default)]
pub(crate) struct KeepAnswers<'answer> {
    calls: Vec<RawId>,
    content_types: Vec<&'answer str>,
    bodies: Vec<&'answer [u8]>,
}

impl<'answer> KeepAnswers<'answer> {
    pub(crate) fn push(&mut self, call: GenerationId, answer: &'answer Answer) {
        self.calls.push(RawId(call.uuid()));
        self.content_types.push(&answer.content_type);
        self.bodies.push(&answer.body);
    }
}

impl QueryId for KeepAnswers<'_> {
    type QueryId = KeepAnswers<'static>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Rows for KeepAnswers<'_> {
    fn rows(&self) -> usize {
        self.calls.len()
    }
}

impl QueryFragment<Pg> for KeepAnswers<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "UPDATE idempotency_claims SET \
                 content_type = ($2)[array_position($1, call_id)], \
                 answer = ($3)[array_position($1, call_id)] \
             WHERE call_id = ANY ($1)",
        );
        out.push_bind_param_value_only::<Array<Uid>, _>(&self.calls)?;
        out.push_bind_param_value_only::<Array<Text>, _>(&self.content_types)?;
        out.push_bind_param_value_only::<Array<Binary>, _>(&self.bodies)
    }
}
