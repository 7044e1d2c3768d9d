use async_trait::async_trait;
use diesel::prelude::*;
use vuzo_domain::port::{Audit, AuditEntry, Page, PageRequest, Unavailable};
use vuzo_sql::RawId;
use vuzo_sql::rows::AuditRow;
use vuzo_sql::schema::audit_log;

use crate::fault::Fault;
use crate::{SqliteStore, page};

/// Writes an entry beside the deed it tells of; the same entry once.
pub(crate) fn note(conn: &mut SqliteConnection, entry: &AuditEntry) -> Result<(), Fault> {
    diesel::insert_into(audit_log::table)
        .values(AuditRow::from(entry))
        .on_conflict_do_nothing()
        .execute(conn)?;
    Ok(())
}

#[async_trait]
impl Audit for SqliteStore {
    async fn list_audit(&self, page: PageRequest) -> Result<Page<AuditEntry>, Unavailable> {
        self.read("list_audit", move |conn| {
            let mut query = audit_log::table
                .order(audit_log::id.desc())
                .limit(page::limit(&page))
                .offset(page::offset(&page))
                .select(AuditRow::as_select())
                .into_boxed();
            if let Some(before) = page.before {
                query = query.filter(audit_log::id.lt(RawId(before)));
            }
            let rows: Vec<AuditRow> = query.load(conn)?;
            page::cut(rows, &page, AuditEntry::try_from)
        })
        .await
    }
}
