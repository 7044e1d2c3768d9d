mod sums;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt as _;
use vuzo_domain::chat::LoggedCall;
use vuzo_domain::id::{AccountId, GenerationId};
use vuzo_domain::port::{
    DailyUsage, Page, PageRequest, Unavailable, Usage, UsageFilter, UsageSummary,
};
use vuzo_domain::time::Timestamp;
use vuzo_sql::RawId;
use vuzo_sql::rows::UsageRow;
use vuzo_sql::schema::{holds, usage};

use crate::database::{Fault, Scope};
use crate::{PgStore, page};

struct Listing {
    account: AccountId,
    filter: UsageFilter,
    page: PageRequest,
}

#[async_trait]
impl Usage for PgStore {
    async fn find_call(
        &self,
        account: Option<AccountId>,
        call: GenerationId,
    ) -> Result<Option<LoggedCall>, Unavailable> {
        let scope = account.map_or(Scope::Everything, Scope::Account);
        self.database()
            .read("find_call", scope, (account, call), |conn, input| {
                find(conn, input.0, input.1).boxed()
            })
            .await
    }

    async fn list_calls(
        &self,
        account: AccountId,
        filter: UsageFilter,
        page: PageRequest,
    ) -> Result<Page<LoggedCall>, Unavailable> {
        let scope = Scope::Account(account);
        let listing = Listing {
            account,
            filter,
            page,
        };
        self.database()
            .read("list_calls", scope, listing, |conn, listing| {
                list(conn, listing).boxed()
            })
            .await
    }

    async fn summarize(
        &self,
        account: AccountId,
        filter: UsageFilter,
    ) -> Result<UsageSummary, Unavailable> {
        let scope = Scope::Account(account);
        self.database()
            .snapshot("summarize", scope, (account, filter), |conn, input| {
                sums::summarize(conn, input.0, &input.1).boxed()
            })
            .await
    }

    async fn daily(
        &self,
        account: AccountId,
        filter: UsageFilter,
    ) -> Result<Vec<DailyUsage>, Unavailable> {
        let scope = Scope::Account(account);
        self.database()
            .read("daily", scope, (account, filter), |conn, input| {
                sums::daily(conn, input.0, &input.1).boxed()
            })
            .await
    }
}

/// One call, of that account if one is named.
async fn find(
    conn: &mut AsyncPgConnection,
    account: Option<AccountId>,
    call: GenerationId,
) -> Result<Option<LoggedCall>, Fault<Unavailable>> {
    let mut query = usage::table
        .filter(usage::id.eq(RawId(call.uuid())))
        .select(UsageRow::as_select())
        .into_boxed();
    if let Some(account) = account {
        query = query.filter(usage::account_id.eq(RawId(account.uuid())));
    } else {
        // The rows are kept by account; every call's hold tells whose it is.
        let whose = holds::table
            .filter(holds::id.eq(RawId(call.uuid())))
            .select(holds::account_id)
            .single_value();
        query = query.filter(usage::account_id.nullable().eq(whose));
    }
    let row = query.get_result(conn).await.optional()?;
    Ok(row.map(LoggedCall::try_from).transpose()?)
}

async fn list(
    conn: &mut AsyncPgConnection,
    listing: &Listing,
) -> Result<Page<LoggedCall>, Fault<Unavailable>> {
    let Listing {
        account,
        filter,
        page,
    } = listing;
    let account = RawId(account.uuid());
    let mut query = usage::table
        .filter(usage::account_id.eq(account))
        .order((usage::created_at.desc(), usage::id.desc()))
        .limit(page::limit(page))
        .offset(page::offset(page))
        .select(UsageRow::as_select())
        .into_boxed();
    if let Some(before) = page.before.map(RawId) {
        let Some(seen_at) = begun_at(conn, account, before).await? else {
            return Ok(page::empty());
        };
        query = query
            .filter(usage::created_at.le(seen_at))
            .filter(usage::created_at.lt(seen_at).or(usage::id.lt(before)));
    }
    if let Some(model) = filter.model.as_deref() {
        if !page::may_be_stored(model) {
            return Ok(page::empty());
        }
        query = query.filter(usage::model.eq(model));
    }
    if let Some(provider) = filter.provider.as_deref() {
        if !page::may_be_stored(provider) {
            return Ok(page::empty());
        }
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
    let rows: Vec<UsageRow> = query.load(conn).await?;
    page::cut(rows, page, LoggedCall::try_from)
}

async fn begun_at(
    conn: &mut AsyncPgConnection,
    account: RawId,
    call: RawId,
) -> QueryResult<Option<i64>> {
    usage::table
        .filter(usage::account_id.eq(account))
        .filter(usage::id.eq(call))
        .select(usage::created_at)
        .get_result(conn)
        .await
        .optional()
}
