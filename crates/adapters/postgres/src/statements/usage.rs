use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};
use vuzo_sql::rows::NewUsageRow;
use vuzo_sql::{RawId, Uid};

use super::Columns;

/// Reads what calls were settled by: `(id, charged, shortfall)`.
#[derive(Default, QueryId)]
pub(crate) struct ReadSettled {
    pub(crate) accounts: Vec<RawId>,
    pub(crate) calls: Vec<RawId>,
}

impl Query for ReadSettled {
    type SqlType = (Uid, BigInt, BigInt);
}

impl QueryFragment<Pg> for ReadSettled {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT u.id, u.charged, u.shortfall FROM unnest($1, $2) AS n (account_id, id) \
             CROSS JOIN LATERAL ( \
                 SELECT * FROM usage WHERE account_id = n.account_id AND id = n.id LIMIT 1) u",
        );
        out.push_bind_param_value_only::<Array<Uid>, _>(&self.accounts)?;
        out.push_bind_param_value_only::<Array<Uid>, _>(&self.calls)
    }
}

/// New rows of the usage log.
#[derive(Default)]
pub(crate) struct InsertUsage<'record> {
    accounts: Vec<RawId>,
    ids: Vec<RawId>,
    keys: Vec<Option<RawId>>,
    environments: Vec<&'static str>,
    endpoints: Vec<&'static str>,
    models: Vec<&'record str>,
    served_models: Vec<Option<&'record str>>,
    providers: Vec<&'record str>,
    streams: Vec<bool>,
    statuses: Vec<&'static str>,
    prompt_tokens: Vec<i64>,
    completion_tokens: Vec<i64>,
    estimated: Vec<bool>,
    currencies: Vec<&'record str>,
    costs: Vec<i64>,
    charged: Vec<i64>,
    shortfalls: Vec<i64>,
    provider_costs: Vec<i64>,
    price_versions: Vec<i64>,
    rules: Vec<Option<RawId>>,
    held: Vec<i64>,
    latencies_us: Vec<i64>,
    first_tokens_us: Vec<Option<i64>>,
    metadata: Vec<Option<&'record str>>,
    details: Vec<String>,
    created_at: Vec<i64>,
}

impl<'record> InsertUsage<'record> {
    pub(crate) fn push(&mut self, row: NewUsageRow<'record>) {
        self.accounts.push(row.account_id);
        self.ids.push(row.id);
        self.keys.push(row.key_id);
        self.environments.push(row.environment);
        self.endpoints.push(row.endpoint);
        self.models.push(row.model);
        self.served_models.push(row.served_model);
        self.providers.push(row.provider);
        self.streams.push(row.stream);
        self.statuses.push(row.status);
        self.prompt_tokens.push(row.prompt_tokens);
        self.completion_tokens.push(row.completion_tokens);
        self.estimated.push(row.estimated);
        self.currencies.push(row.currency);
        self.costs.push(row.cost);
        self.charged.push(row.charged);
        self.shortfalls.push(row.shortfall);
        self.provider_costs.push(row.provider_cost);
        self.price_versions.push(row.price_version);
        self.rules.push(row.rule_id);
        self.held.push(row.held);
        self.latencies_us.push(row.latency_us);
        self.first_tokens_us.push(row.first_token_us);
        self.metadata.push(row.metadata);
        self.details.push(row.detail);
        self.created_at.push(row.created_at);
    }
}

impl Columns for InsertUsage<'_> {
    fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    fn bind<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_bind_param_value_only::<Array<Uid>, _>(&self.accounts)?;
        out.push_bind_param_value_only::<Array<Uid>, _>(&self.ids)?;
        out.push_bind_param_value_only::<Array<Nullable<Uid>>, _>(&self.keys)?;
        out.push_bind_param_value_only::<Array<Text>, _>(&self.environments)?;
        out.push_bind_param_value_only::<Array<Text>, _>(&self.endpoints)?;
        out.push_bind_param_value_only::<Array<Text>, _>(&self.models)?;
        out.push_bind_param_value_only::<Array<Nullable<Text>>, _>(&self.served_models)?;
        out.push_bind_param_value_only::<Array<Text>, _>(&self.providers)?;
        out.push_bind_param_value_only::<Array<Bool>, _>(&self.streams)?;
        out.push_bind_param_value_only::<Array<Text>, _>(&self.statuses)?;
        out.push_bind_param_value_only::<Array<BigInt>, _>(&self.prompt_tokens)?;
        out.push_bind_param_value_only::<Array<BigInt>, _>(&self.completion_tokens)?;
        out.push_bind_param_value_only::<Array<Bool>, _>(&self.estimated)?;
        out.push_bind_param_value_only::<Array<Text>, _>(&self.currencies)?;
        out.push_bind_param_value_only::<Array<BigInt>, _>(&self.costs)?;
        out.push_bind_param_value_only::<Array<BigInt>, _>(&self.charged)?;
        out.push_bind_param_value_only::<Array<BigInt>, _>(&self.shortfalls)?;
        out.push_bind_param_value_only::<Array<BigInt>, _>(&self.provider_costs)?;
        out.push_bind_param_value_only::<Array<BigInt>, _>(&self.price_versions)?;
        out.push_bind_param_value_only::<Array<Nullable<Uid>>, _>(&self.rules)?;
        out.push_bind_param_value_only::<Array<BigInt>, _>(&self.held)?;
        out.push_bind_param_value_only::<Array<BigInt>, _>(&self.latencies_us)?;
        out.push_bind_param_value_only::<Array<Nullable<BigInt>>, _>(&self.first_tokens_us)?;
        out.push_bind_param_value_only::<Array<Nullable<Text>>, _>(&self.metadata)?;
        out.push_bind_param_value_only::<Array<Text>, _>(&self.details)?;
        out.push_bind_param_value_only::<Array<BigInt>, _>(&self.created_at)
    }
}
