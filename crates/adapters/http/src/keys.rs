use core::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use vuzo_application::access::Caller;
use vuzo_application::keys::Hand;
use vuzo_domain::id::{AccountId, KeyId};
use vuzo_domain::key::Scope;
use vuzo_domain::port::Actor;

use crate::dto::key::{self, FreshKeyView, KeyView};
use crate::error::{Fault, rules};
use crate::fields::Fields;
use crate::gate::Gate;
use crate::page::{self, created, json};
use crate::path;
use crate::query::Query;

/// Who has to do with the keys of an account: its owner, or the operator who names it.
enum Keeper {
    Owner(Caller),
    Operator(Actor, AccountId),
}

impl Keeper {
    async fn of(gate: &Gate, request: &HttpRequest) -> Result<Self, Fault> {
        match Query::of(request).id("account")? {
            None => {
                gate.needs_account(request)?;
                gate.caller(request, Scope::Keys).await.map(Self::Owner)
            }
            Some(account) => {
                let actor = gate.admin(request).await?;
                Ok(Self::Operator(actor, account))
            }
        }
    }

    fn account(&self) -> AccountId {
        match self {
            Self::Owner(caller) => caller.account.id,
            Self::Operator(_, account) => *account,
        }
    }

    fn hand(&self) -> Hand<'_> {
        match self {
            Self::Owner(caller) => caller.into(),
            Self::Operator(actor, account) => Hand::of_operator(*actor, *account),
        }
    }
}

/// `GET /v1/api-keys`.
pub(crate) async fn list(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let keeper = Keeper::of(&gate, &request).await?;
    let page = Query::of(&request).page::<KeyId>()?;
    let keys = gate.application.keys.list(keeper.account(), page).await?;
    let now = gate.backends.clock.now();
    Ok(page::list(keys, |key| key.id, |key| KeyView::of(&key, now)))
}

/// `POST /v1/api-keys`: the one answer with the key itself in it.
pub(crate) async fn create(
    gate: Data<Gate>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Fault> {
    let keeper = Keeper::of(&gate, &request).await?;
    let body = gate.body(&request, payload).await?;
    let draft = key::draft(Fields::parse(&body)?)?;
    let fresh = gate.application.keys.create(keeper.hand(), draft).await?;
    Ok(created(&FreshKeyView::of(
        &fresh,
        gate.backends.clock.now(),
    )))
}

/// `GET /v1/api-keys/{id}`.
pub(crate) async fn one(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let keeper = Keeper::of(&gate, &request).await?;
    let id = path::id(&request, rules::KEY_NOT_FOUND)?;
    let found = gate.application.keys.find(keeper.account(), id).await?;
    let key = found.ok_or_else(|| path::not_found(rules::KEY_NOT_FOUND))?;
    Ok(json(&KeyView::of(&key, gate.backends.clock.now())))
}

/// `PATCH /v1/api-keys/{id}`.
pub(crate) async fn change(
    gate: Data<Gate>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Fault> {
    let keeper = Keeper::of(&gate, &request).await?;
    let id = path::id(&request, rules::KEY_NOT_FOUND)?;
    let body = gate.body(&request, payload).await?;
    let found = gate.application.keys.find(keeper.account(), id).await?;
    let known = found.ok_or_else(|| path::not_found(rules::KEY_NOT_FOUND))?;
    let patch = key::patch(Fields::parse(&body)?, &known)?;
    let keys = &gate.application.keys;
    let changed = keys.change(keeper.hand(), id, patch).await?;
    Ok(json(&KeyView::of(&changed, gate.backends.clock.now())))
}

/// `DELETE /v1/api-keys/{id}`.
pub(crate) async fn revoke(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let keeper = Keeper::of(&gate, &request).await?;
    let id = path::id(&request, rules::KEY_NOT_FOUND)?;
    gate.application.keys.revoke(keeper.hand(), id).await?;
    Ok(HttpResponse::new(StatusCode::NO_CONTENT))
}

/// `POST /v1/api-keys/{id}/rotate`.
pub(crate) async fn rotate(
    gate: Data<Gate>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Fault> {
    let keeper = Keeper::of(&gate, &request).await?;
    let id = path::id(&request, rules::KEY_NOT_FOUND)?;
    let body = gate.body(&request, payload).await?;
    let mut fields = Fields::parse_optional(&body)?;
    let grace = Duration::from_secs(fields.count("grace_seconds")?.unwrap_or(0));
    fields.finish()?;
    let keys = &gate.application.keys;
    let fresh = keys.rotate(keeper.hand(), id, grace).await?;
    Ok(created(&FreshKeyView::of(
        &fresh,
        gate.backends.clock.now(),
    )))
}
