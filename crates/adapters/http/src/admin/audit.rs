use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::value::RawValue;
use vuzo_domain::id::AuditId;
use vuzo_domain::port::{Actor, AuditEntry};

use crate::dto::raw;
use crate::error::Fault;
use crate::gate::Gate;
use crate::page;
use crate::query::Query;

#[derive(Serialize)]
struct AuditView {
    id: String,
    actor: String,
    action: String,
    target: String,
    detail: Option<Box<RawValue>>,
    created_at: String,
}

impl AuditView {
    fn of(entry: &AuditEntry) -> Self {
        Self {
            id: entry.id.to_string(),
            actor: match entry.actor {
                Actor::System => "system".to_owned(),
                Actor::AdminKey => "admin_key".to_owned(),
                Actor::User(user) => user.to_string(),
                Actor::Key(key) => key.to_string(),
                Actor::CommandLine => "command_line".to_owned(),
            },
            action: entry.action.clone(),
            target: entry.target.clone(),
            detail: raw(Some(&entry.detail)),
            created_at: entry.at.to_string(),
        }
    }
}

/// `GET /v1/admin/audit`.
pub(crate) async fn list(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    gate.admin(&request).await?;
    let page = Query::of(&request).page::<AuditId>()?;
    let entries = gate.application.operator.audit(page).await?;
    Ok(page::list(
        entries,
        |entry| entry.id,
        |entry| AuditView::of(&entry),
    ))
}
