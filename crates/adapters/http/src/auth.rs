use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use vuzo_application::access::Identity;
use vuzo_application::people::SignUp;

use crate::dto::person::{AccountView, LoggedInView, UserView};
use crate::error::Fault;
use crate::fields::Fields;
use crate::gate::Gate;
use crate::page::{created, json};

/// `POST /v1/auth/register`.
pub(crate) async fn register(
    gate: Data<Gate>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Fault> {
    gate.anonymous(&request).await?;
    let body = gate.body(&request, payload).await?;
    let mut fields = Fields::parse(&body)?;
    let sign_up = SignUp {
        email: fields.required_text("email")?,
        password: fields.required_text("password")?,
        full_name: fields.text("full_name")?,
        company: fields.text("company")?,
    };
    fields.finish()?;
    let logged_in = gate.application.people.register(sign_up).await?;
    Ok(created(&LoggedInView::of(&logged_in)))
}

/// `POST /v1/auth/login`.
pub(crate) async fn log_in(
    gate: Data<Gate>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Fault> {
    gate.anonymous(&request).await?;
    let body = gate.body(&request, payload).await?;
    let mut fields = Fields::parse(&body)?;
    let email = fields.required_text("email")?;
    let password = fields.required_text("password")?;
    fields.finish()?;
    let people = &gate.application.people;
    let logged_in = people.log_in(&email, &password).await?;
    Ok(json(&LoggedInView::of(&logged_in)))
}

/// `POST /v1/auth/refresh`.
pub(crate) async fn refresh(
    gate: Data<Gate>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Fault> {
    gate.anonymous(&request).await?;
    let body = gate.body(&request, payload).await?;
    let mut fields = Fields::parse(&body)?;
    let token = fields.required_text("refresh_token")?;
    fields.finish()?;
    let logged_in = gate.application.people.refresh(&token).await?;
    Ok(json(&LoggedInView::of(&logged_in)))
}

/// `POST /v1/auth/logout`. Who is logged in may log out, whatever became of the
/// account; a body is read and not looked at.
pub(crate) async fn log_out(
    gate: Data<Gate>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Fault> {
    let person = gate.person(&request).await?;
    gate.body(&request, payload).await?;
    if let Identity::Session { session, .. } = person.identity {
        gate.application.people.log_out(session).await?;
    }
    Ok(HttpResponse::new(StatusCode::NO_CONTENT))
}

#[derive(Serialize)]
struct StatusView<'a> {
    authenticated: bool,
    user: Option<UserView<'a>>,
    account: Option<AccountView<'a>>,
}

/// `GET /v1/auth/status`: who is logged in, if anybody.
pub(crate) async fn status(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    if !request.headers().contains_key(header::AUTHORIZATION) {
        return Ok(json(&StatusView {
            authenticated: false,
            user: None,
            account: None,
        }));
    }
    let person = gate.person(&request).await?;
    let user = gate.user_of(&person).await?;
    Ok(json(&StatusView {
        authenticated: true,
        user: user.as_ref().map(UserView::of),
        account: Some(AccountView::of(&person.account)),
    }))
}
