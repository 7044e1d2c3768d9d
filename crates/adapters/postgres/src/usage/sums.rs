use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use vuzo_domain::id::{AccountId, KeyId};
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::{DailyUsage, KeyUsage, ModelUsage, Unavailable, UsageFilter, UsageSummary};
use vuzo_domain::time::Timestamp;
use vuzo_sql::rows::DailyUsageRow;
use vuzo_sql::{RawId, RowFault, Uid, unsigned};

use crate::database::Fault;
use crate::page;

/// What is added up, of the calls that a filter lets through. Its parameters are the
/// account, the model, the key, the first moment, the one after the last, and the
/// provider. Sums of whole numbers have any number of digits in Postgres; one that does not fit a
/// column fails.
macro_rules! sums {
    ($part:literal) => {
        sums!(
            $part,
            " AS part",
            "part",
            "total_charged DESC, part NULLS FIRST"
        )
    };
    ($parts:literal, $named:literal, $group:literal, $order:literal) => {
        concat!(
            "SELECT ",
            $parts,
            $named,
            ", count(*) AS requests, \
             count(*) FILTER (WHERE status <> 'ok') AS errors, \
             coalesce(sum(prompt_tokens), 0)::bigint AS prompt_tokens, \
             coalesce(sum(completion_tokens), 0)::bigint AS completion_tokens, \
             coalesce(sum(charged), 0)::bigint AS total_charged \
             FROM usage WHERE account_id = $1 \
             AND ($2 IS NULL OR model = $2) AND ($3 IS NULL OR key_id = $3) \
             AND created_at >= $4 AND created_at < $5 \
             AND ($6 IS NULL OR provider = $6) \
             GROUP BY ",
            $group,
            " ORDER BY ",
            $order
        )
    };
}

#[derive(QueryableByName)]
struct Whole {
    #[diesel(embed)]
    sums: Sums,
}

#[derive(QueryableByName)]
struct OfModel {
    #[diesel(sql_type = Text)]
    part: String,
    #[diesel(embed)]
    sums: Sums,
}

#[derive(QueryableByName)]
struct OfKey {
    #[diesel(sql_type = Nullable<Uid>)]
    part: Option<RawId>,
    #[diesel(embed)]
    sums: Sums,
}

#[derive(Clone, Copy, Default, QueryableByName)]
struct Sums {
    #[diesel(sql_type = BigInt)]
    requests: i64,
    #[diesel(sql_type = BigInt)]
    errors: i64,
    #[diesel(sql_type = BigInt)]
    prompt_tokens: i64,
    #[diesel(sql_type = BigInt)]
    completion_tokens: i64,
    #[diesel(sql_type = BigInt)]
    total_charged: i64,
}

impl Sums {
    fn total_tokens(&self) -> u64 {
        unsigned(self.prompt_tokens.saturating_add(self.completion_tokens))
    }
}

async fn add_up<R>(
    conn: &mut AsyncPgConnection,
    text: &'static str,
    account: AccountId,
    filter: &UsageFilter,
) -> QueryResult<Vec<R>>
where
    R: QueryableByName<Pg> + Send + 'static,
{
    let (model, provider) = (filter.model.as_deref(), filter.provider.as_deref());
    let mut names = model.into_iter().chain(provider);
    if !names.all(page::may_be_stored) {
        return Ok(Vec::new());
    }
    diesel::sql_query(text)
        .bind::<Uid, _>(RawId(account.uuid()))
        .bind::<Nullable<Text>, _>(model)
        .bind::<Nullable<Uid>, _>(filter.key.map(|key| RawId(key.uuid())))
        .bind::<BigInt, _>(filter.from.map_or(i64::MIN, Timestamp::as_micros))
        .bind::<BigInt, _>(filter.to.map_or(i64::MAX, Timestamp::as_micros))
        .bind::<Nullable<Text>, _>(provider)
        .load(conn)
        .await
}

/// What the calls of an account came to.
pub(super) async fn summarize(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    filter: &UsageFilter,
) -> Result<UsageSummary, Fault<Unavailable>> {
    let whole: Vec<Whole> = add_up(conn, sums!("NULL"), account, filter).await?;
    let whole = whole.into_iter().next();
    let whole = whole.map(|row| row.sums).unwrap_or_default();
    let by_model: Vec<OfModel> =
        add_up(conn, sums!("model COLLATE \"C\""), account, filter).await?;
    let by_key: Vec<OfKey> = add_up(conn, sums!("key_id"), account, filter).await?;
    Ok(UsageSummary {
        requests: unsigned(whole.requests),
        errors: unsigned(whole.errors),
        prompt_tokens: unsigned(whole.prompt_tokens),
        completion_tokens: unsigned(whole.completion_tokens),
        cost: Units(whole.total_charged),
        currency: Currency::USD,
        by_model: by_model
            .into_iter()
            .map(|row| ModelUsage {
                model: row.part,
                requests: unsigned(row.sums.requests),
                total_tokens: row.sums.total_tokens(),
                cost: Units(row.sums.total_charged),
            })
            .collect(),
        by_key: by_key
            .into_iter()
            .map(|row| KeyUsage {
                key: row.part.map(|RawId(raw)| KeyId::from_uuid(raw)),
                requests: unsigned(row.sums.requests),
                total_tokens: row.sums.total_tokens(),
                cost: Units(row.sums.total_charged),
            })
            .collect(),
    })
}

/// The same by day, model and provider, the latest day first.
pub(super) async fn daily(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    filter: &UsageFilter,
) -> Result<Vec<DailyUsage>, Fault<Unavailable>> {
    let text = sums!(
        "created_at / 86400000000 AS day",
        ", model COLLATE \"C\" AS model_part, provider COLLATE \"C\" AS provider_part",
        "day, model_part, provider_part",
        "day DESC, model_part, provider_part"
    );
    let rows: Vec<DailyUsageRow> = add_up(conn, text, account, filter).await?;
    let days: Result<Vec<DailyUsage>, RowFault> =
        rows.into_iter().map(DailyUsage::try_from).collect();
    Ok(days?)
}
