use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::sqlite::Sqlite;
use vuzo_domain::id::{AccountId, KeyId};
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::{DailyUsage, KeyUsage, ModelUsage, UsageFilter, UsageSummary};
use vuzo_domain::time::Timestamp;
use vuzo_sql::rows::DailyUsageRow;
use vuzo_sql::{RawId, RowFault, Uid, unsigned};

use crate::fault::Fault;

/// What is added up, of the calls that a filter lets through. Its parameters are the
/// account, the model, the key, the first moment, the one after the last, and the
/// provider.
macro_rules! sums {
    ($part:literal) => {
        sums!($part, " AS part", "part", "total_charged DESC, part")
    };
    ($parts:literal, $named:literal, $group:literal, $order:literal) => {
        concat!(
            "SELECT ",
            $parts,
            $named,
            ", COUNT(*) AS requests, \
             COALESCE(SUM(status <> 'ok'), 0) AS errors, \
             COALESCE(SUM(prompt_tokens), 0) AS prompt_tokens, \
             COALESCE(SUM(completion_tokens), 0) AS completion_tokens, \
             COALESCE(SUM(charged), 0) AS total_charged \
             FROM usage WHERE account_id = ?1 \
             AND (?2 IS NULL OR model = ?2) AND (?3 IS NULL OR key_id = ?3) \
             AND created_at >= ?4 AND created_at < ?5 \
             AND (?6 IS NULL OR provider = ?6) \
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

fn add_up<R>(
    conn: &mut SqliteConnection,
    text: &'static str,
    account: AccountId,
    filter: &UsageFilter,
) -> Result<Vec<R>, Fault>
where
    R: QueryableByName<Sqlite> + 'static,
{
    let rows = diesel::sql_query(text)
        .bind::<Uid, _>(RawId(account.uuid()))
        .bind::<Nullable<Text>, _>(filter.model.as_deref())
        .bind::<Nullable<Uid>, _>(filter.key.map(|key| RawId(key.uuid())))
        .bind::<BigInt, _>(filter.from.map_or(i64::MIN, Timestamp::as_micros))
        .bind::<BigInt, _>(filter.to.map_or(i64::MAX, Timestamp::as_micros))
        .bind::<Nullable<Text>, _>(filter.provider.as_deref())
        .load(conn)?;
    Ok(rows)
}

/// What the calls of an account came to.
pub(super) fn summarize(
    conn: &mut SqliteConnection,
    account: AccountId,
    filter: &UsageFilter,
) -> Result<UsageSummary, Fault> {
    let whole: Vec<Whole> = add_up(conn, sums!("NULL"), account, filter)?;
    let whole = whole.first().map(|row| row.sums).unwrap_or_default();
    let by_model: Vec<OfModel> = add_up(conn, sums!("model"), account, filter)?;
    let by_key: Vec<OfKey> = add_up(conn, sums!("key_id"), account, filter)?;
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
pub(super) fn daily(
    conn: &mut SqliteConnection,
    account: AccountId,
    filter: &UsageFilter,
) -> Result<Vec<DailyUsage>, Fault> {
    let text = sums!(
        "created_at / 86400000000 AS day",
        ", model AS model_part, provider AS provider_part",
        "day, model_part, provider_part",
        "day DESC, model_part, provider_part"
    );
    let rows: Vec<DailyUsageRow> = add_up(conn, text, account, filter)?;
    let days: Result<Vec<DailyUsage>, RowFault> =
        rows.into_iter().map(DailyUsage::try_from).collect();
    Ok(days?)
}
