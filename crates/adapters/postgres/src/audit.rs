use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt as _;
use vuzo_domain::port::{Audit, AuditEntry, Page, PageRequest, Unavailable};
use vuzo_sql::RawId;
use vuzo_sql::rows::AuditRow;
use vuzo_sql::schema::audit_log;

use crate::database::{Fault, Scope, set_config};
use crate::{PgStore, page};

/// Lets the rest of a transaction see what no tenant does: the audit log and the
/// spending counters. A tenant's command finds its rows first, and then says this.
pub(crate) async fn as_operator(conn: &mut AsyncPgConnection) -> QueryResult<()> {
    diesel::select(set_config("app.account", "*", true))
        .get_result::<String>(conn)
        .await?;
    Ok(())
}

/// Writes an entry beside the deed it tells of; the same entry once.
pub(crate) async fn note(conn: &mut AsyncPgConnection, entry: &AuditEntry) -> QueryResult<()> {
    diesel::insert_into(audit_log::table)
        .values(AuditRow::from(entry))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(())
}

#[async_trait]
impl Audit for PgStore {
    async fn list_audit(&self, page: PageRequest) -> Result<Page<AuditEntry>, Unavailable> {
        self.database()
            .read("list_audit", Scope::Everything, page, |conn, page| {
                list(conn, page).boxed()
            })
            .await
    }
}

async fn list(
    conn: &mut AsyncPgConnection,
    page: &PageRequest,
) -> Result<Page<AuditEntry>, Fault<Unavailable>> {
    let mut query = audit_log::table
        .order(audit_log::id.desc())
        .limit(page::limit(page))
        .offset(page::offset(page))
        .select(AuditRow::as_select())
        .into_boxed();
    if let Some(before) = page.before {
        query = query.filter(audit_log::id.lt(RawId(before)));
    }
    let rows: Vec<AuditRow> = query.load(conn).await?;
    page::cut(rows, page, AuditEntry::try_from)
}
