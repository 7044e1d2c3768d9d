use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use vuzo_domain::key::{KeyText, Scope};
use vuzo_domain::port::Naming;

use crate::credentials;
use crate::dto::person::MeView;
use crate::error::{Fault, rules};
use crate::fields::Fields;
use crate::gate::Gate;
use crate::page::json;
use crate::path;

/// `GET /v1/me`: the person behind a session, or the account behind a key.
pub(crate) async fn read(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let caller = if KeyText::looks_like(credentials::bearer(&request)?) {
        gate.caller(&request, Scope::Read).await?
    } else {
        gate.person(&request).await?
    };
    let user = gate.user_of(&caller).await?;
    Ok(json(&MeView::of(user.as_ref(), &caller.account)))
}

/// `PATCH /v1/me`.
pub(crate) async fn change(
    gate: Data<Gate>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Fault> {
    let caller = gate.session(&request).await?;
    let absent = || path::not_found(rules::USER_NOT_FOUND);
    let id = caller.user().ok_or_else(absent)?;
    let body = gate.body(&request, payload).await?;
    let mut fields = Fields::parse(&body)?;
    let naming = Naming {
        full_name: fields.given_text("full_name")?.into_change(),
        company: fields.given_text("company")?.into_change(),
    };
    fields.finish()?;
    let people = &gate.application.people;
    let user = people.rename(id, naming).await?;
    let user = user.ok_or_else(absent)?;
    Ok(json(&MeView::of(Some(&user), &caller.account)))
}
