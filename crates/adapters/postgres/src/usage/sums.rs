use std::collections::HashMap;

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use vuzo_domain::id::{AccountId, KeyId};
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::{DailyUsage, KeyUsage, ModelUsage, Unavailable, UsageFilter, UsageSummary};
use vuzo_domain::time::{Day, Timestamp};
use vuzo_sql::{RawId, Uid, unsigned};

use crate::database::Fault;
use crate::page;

/// The most days in one answer.
const MOST_DAYS: usize = 366;

/// What is added up, of the calls that a filter lets through. Its parameters are the
/// account, the model, the key, the first moment and the one after the last. Sums of
/// whole numbers have any number of digits in Postgres; one that does not fit a
/// column fails.
macro_rules! sums {
    ($group:literal) => {
        concat!(
            "SELECT ",
            $group,
            " AS part, count(*) AS requests, \
             count(*) FILTER (WHERE status <> 'ok') AS errors, \
             coalesce(sum(prompt_tokens), 0)::bigint AS prompt_tokens, \
             coalesce(sum(completion_tokens), 0)::bigint AS completion_tokens, \
             coalesce(sum(charged), 0)::bigint AS total_charged \
             FROM usage WHERE account_id = $1 \
             AND ($2 IS NULL OR model = $2) AND ($3 IS NULL OR key_id = $3) \
             AND created_at >= $4 AND created_at < $5 \
             GROUP BY part ORDER BY total_charged DESC, part NULLS FIRST"
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

#[derive(QueryableByName)]
struct OfDay {
    #[diesel(sql_type = BigInt)]
    part: i64,
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
    let model = filter.model.as_deref();
    if model.is_some_and(|model| !page::may_be_stored(model)) {
        return Ok(Vec::new());
    }
    diesel::sql_query(text)
        .bind::<Uid, _>(RawId(account.uuid()))
        .bind::<Nullable<Text>, _>(model)
        .bind::<Nullable<Uid>, _>(filter.key.map(|key| RawId(key.uuid())))
        .bind::<BigInt, _>(filter.from.map_or(i64::MIN, Timestamp::as_micros))
        .bind::<BigInt, _>(filter.to.map_or(i64::MAX, Timestamp::as_micros))
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

/// The same by day, empty days included.
pub(super) async fn daily(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    first: Day,
    last: Day,
) -> Result<Vec<DailyUsage>, Fault<Unavailable>> {
    let filter = UsageFilter {
        from: Some(first.start()),
        to: Some(last.next().start()),
        ..UsageFilter::default()
    };
    let rows: Vec<OfDay> =
        add_up(conn, sums!("created_at / 86400000000"), account, &filter).await?;
    let mut by_day: HashMap<i64, Sums> = rows.iter().map(|row| (row.part, row.sums)).collect();
    let days = core::iter::successors(Some(first), |day| Some(day.next()));
    Ok(days
        .take_while(|day| *day <= last)
        .take(MOST_DAYS)
        .map(|day| {
            let sums = by_day.remove(&day.as_days()).unwrap_or_default();
            DailyUsage {
                day,
                requests: unsigned(sums.requests),
                total_tokens: sums.total_tokens(),
                cost: Units(sums.total_charged),
            }
        })
        .collect())
}
