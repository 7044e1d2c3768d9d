use async_trait::async_trait;
use vuzo_domain::port::{Audit, AuditEntry, Page, PageRequest, Unavailable};

use crate::MemoryStore;
use crate::list::page_of;

#[async_trait]
impl Audit for MemoryStore {
    async fn list_audit(&self, page: PageRequest) -> Result<Page<AuditEntry>, Unavailable> {
        let state = self.state();
        let newest_first = state.audit.values().rev();
        Ok(page_of(newest_first, &page, |entry| entry.id.uuid()))
    }
}
