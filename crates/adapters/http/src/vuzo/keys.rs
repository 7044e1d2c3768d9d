use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use vuzo_domain::key::{ApiKey, Scope};
use vuzo_domain::limit::Limits;
use vuzo_domain::port::PageRequest;
use vuzo_domain::time::Timestamp;

use crate::dto::key;
use crate::error::{Fault, rules};
use crate::fields::Fields;
use crate::gate::Gate;
use crate::page::{created, json};
use crate::path;

/// The package asks for all keys at once; nobody has more.
const MOST_PAGES: u32 = 50;

#[derive(Serialize)]
struct KeyRow {
    id: String,
    name: String,
    key_prefix: String,
    is_active: bool,
    /// 0 where there is no limit.
    rate_limit_rpm: u64,
    created_at: String,
    last_used_at: Option<String>,
}

impl KeyRow {
    fn of(key: &ApiKey, account: &Limits, now: Timestamp) -> Self {
        let limits = [key.limits.requests_per_minute, account.requests_per_minute];
        Self {
            id: key.id.to_string(),
            name: key.name.clone(),
            key_prefix: key.prefix.clone(),
            is_active: key.check_alive(now).is_ok(),
            rate_limit_rpm: limits.into_iter().flatten().min().unwrap_or(0),
            created_at: key.created_at.to_string(),
            last_used_at: key.last_used_at.map(|at| at.to_string()),
        }
    }
}

/// `GET /vuzo/v1/api-keys`.
pub(super) async fn list(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let caller = gate.caller(&request, Scope::Keys).await?;
    let now = gate.backends.clock.now();
    let mut rows = Vec::new();
    let mut page = PageRequest::first(PageRequest::MOST);
    for _ in 0..MOST_PAGES {
        let keys = gate.application.keys.list(caller.account.id, page).await?;
        let limits = &caller.account.limits;
        rows.extend(keys.rows.iter().map(|key| KeyRow::of(key, limits, now)));
        let Some(last) = keys.rows.last().filter(|_| keys.has_more) else {
            break;
        };
        page.before = Some(last.id.uuid());
    }
    Ok(json(&rows))
}

#[derive(Serialize)]
struct FreshRow<'a> {
    id: String,
    name: &'a str,
    key: &'a str,
    key_prefix: &'a str,
    created_at: String,
}

/// `POST /vuzo/v1/api-keys`: the one answer with the key itself in it.
pub(super) async fn create(
    gate: Data<Gate>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Fault> {
    let caller = gate.caller(&request, Scope::Keys).await?;
    let body = gate.body(&request, payload).await?;
    let draft = key::draft(Fields::parse(&body)?)?;
    let fresh = gate.application.keys.create(&caller, draft).await?;
    Ok(created(&FreshRow {
        id: fresh.key.id.to_string(),
        name: &fresh.key.name,
        key: fresh.text.expose(),
        key_prefix: &fresh.key.prefix,
        created_at: fresh.key.created_at.to_string(),
    }))
}

/// `DELETE /vuzo/v1/api-keys/{id}`.
pub(super) async fn delete(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let caller = gate.caller(&request, Scope::Keys).await?;
    let id = path::id(&request, rules::KEY_NOT_FOUND)?;
    gate.application.keys.revoke(&caller, id).await?;
    Ok(HttpResponse::new(StatusCode::NO_CONTENT))
}
