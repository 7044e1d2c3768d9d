mod sums;

use async_trait::async_trait;
use diesel::prelude::*;
use vuzo_domain::chat::LoggedCall;
use vuzo_domain::id::{AccountId, GenerationId};
use vuzo_domain::port::{
    DailyUsage, Page, PageRequest, Unavailable, Usage, UsageFilter, UsageSummary,
};
use vuzo_domain::time::Timestamp;
use vuzo_sql::RawId;
use vuzo_sql::rows::UsageRow;
use vuzo_sql::schema::usage;

use crate::fault::Fault;
use crate::{SqliteStore, page};

#[async_trait]
impl Usage for SqliteStore {
    async fn find_call(
        &self,
        account: Option<AccountId>,
        call: GenerationId,
    ) -> Result<Option<LoggedCall>, Unavailable> {
        self.read("find_call", move |conn| find(conn, account, call))
            .await
    }

    async fn list_calls(
        &self,
        account: AccountId,
        filter: UsageFilter,
        page: PageRequest,
    ) -> Result<Page<LoggedCall>, Unavailable> {
        self.read("list_calls", move |conn| list(conn, account, filter, &page))
            .await
    }

    async fn summarize(
        &self,
        account: AccountId,
        filter: UsageFilter,
    ) -> Result<UsageSummary, Unavailable> {
        self.read("summarize", move |conn| {
            conn.transaction(|conn| sums::summarize(conn, account, &filter))
        })
        .await
    }

    async fn daily(
        &self,
        account: AccountId,
        filter: UsageFilter,
    ) -> Result<Vec<DailyUsage>, Unavailable> {
        self.read("daily", move |conn| sums::daily(conn, account, &filter))
            .await
    }
}

/// One call, of that account if one is named.
fn find(
    conn: &mut SqliteConnection,
    account: Option<AccountId>,
    call: GenerationId,
) -> Result<Option<LoggedCall>, Fault> {
    let row = usage::table
        .filter(usage::id.eq(RawId(call.uuid())))
        .select(UsageRow::as_select())
        .get_result(conn)
        .optional()?;
    let owned = row.filter(|row| account.is_none_or(|account| row.account_id.0 == account.uuid()));
    Ok(owned.map(LoggedCall::try_from).transpose()?)
}

fn list(
    conn: &mut SqliteConnection,
    account: AccountId,
    filter: UsageFilter,
    page: &PageRequest,
) -> Result<Page<LoggedCall>, Fault> {
    let mut query = usage::table
        .filter(usage::account_id.eq(RawId(account.uuid())))
        .order((usage::created_at.desc(), usage::id.desc()))
        .limit(page::limit(page))
        .offset(page::offset(page))
        .select(UsageRow::as_select())
        .into_boxed();
    if let Some(before) = page.before.map(RawId) {
        let Some(seen_at) = begun_at(conn, before)? else {
            return page::cut(Vec::<UsageRow>::new(), page, LoggedCall::try_from);
        };
        query = query
            .filter(usage::created_at.le(seen_at))
            .filter(usage::created_at.lt(seen_at).or(usage::id.lt(before)));
    }
    if let Some(model) = filter.model {
        query = query.filter(usage::model.eq(model));
    }
    if let Some(provider) = filter.provider {
        query = query.filter(usage::provider.eq(provider));
    }
    if let Some(key) = filter.key {
        query = query.filter(usage::key_id.eq(RawId(key.uuid())));
    }
    if let Some(from) = filter.from.map(Timestamp::as_micros) {
        query = query.filter(usage::created_at.ge(from));
    }
    if let Some(to) = filter.to.map(Timestamp::as_micros) {
        query = query.filter(usage::created_at.lt(to));
    }
    let rows: Vec<UsageRow> = query.load(conn)?;
    page::cut(rows, page, LoggedCall::try_from)
}

fn begun_at(conn: &mut SqliteConnection, call: RawId) -> Result<Option<i64>, Fault> {
    let begun = usage::table
        .filter(usage::id.eq(call))
        .select(usage::created_at)
        .get_result(conn)
        .optional()?;
    Ok(begun)
}
