use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Resource, Responder, guard};

use crate::edge::RouteName;
use crate::error::{Fault, rules};
use crate::{admin, auth, billing, chat, generations, health, keys, me, models, usage, vuzo};

/// Every route. The first one is tried first, and is asked for most.
pub(crate) fn routes(config: &mut ServiceConfig) {
    routes_without_metrics(config);
    metrics_route(config);
}

/// The same where metrics have a listener of their own.
pub(crate) fn routes_without_metrics(config: &mut ServiceConfig) {
    config
        .service(at("/v1/chat/completions").post(chat::complete).done())
        .service(at("/v1/messages").post(chat::message).done())
        .service(at("/v1/responses").post(chat::respond).done())
        .service(at("/v1/embeddings").post(chat::embed).done())
        .service(at("/v1/completions").post(chat::complete_text).done())
        .service(
            at("/v1/messages/count_tokens")
                .post(chat::count_tokens)
                .done(),
        )
        .service(at("/v1/estimate").post(chat::estimate).done())
        .service(at("/v1/models").get(models::list).done())
        .service(at("/v1/models/{id:.*}").get(models::one).done())
        .service(at("/v1/generations/{id}").get(generations::one).done())
        .service(at("/v1/usage/logs").get(usage::logs).done())
        .service(at("/v1/usage/summary").get(usage::summary).done())
        .service(at("/v1/usage/daily").get(usage::daily).done())
        .service(at("/v1/billing/balance").get(billing::balance).done())
        .service(
            at("/v1/billing/transactions")
                .get(billing::transactions)
                .done(),
        )
        .service(at("/v1/api-keys").get(keys::list).post(keys::create).done())
        .service(
            at("/v1/api-keys/{id}")
                .get(keys::one)
                .patch(keys::change)
                .delete(keys::revoke)
                .done(),
        )
        .service(at("/v1/api-keys/{id}/rotate").post(keys::rotate).done())
        .service(at("/v1/auth/register").post(auth::register).done())
        .service(at("/v1/auth/login").post(auth::log_in).done())
        .service(at("/v1/auth/refresh").post(auth::refresh).done())
        .service(at("/v1/auth/logout").post(auth::log_out).done())
        .service(at("/v1/auth/status").get(auth::status).done())
        .service(at("/v1/me").get(me::read).patch(me::change).done())
        .configure(vuzo::routes)
        .configure(admin_routes)
        .configure(health_routes);
}

fn admin_routes(config: &mut ServiceConfig) {
    config
        .service(at("/v1/admin/accounts").get(admin::accounts::list).done())
        .service(
            at("/v1/admin/accounts/{id}")
                .get(admin::accounts::one)
                .patch(admin::accounts::change)
                .done(),
        )
        .service(
            at("/v1/admin/accounts/{id}/credits")
                .post(admin::credits::grant)
                .done(),
        )
        .service(
            at("/v1/admin/accounts/{id}/ledger")
                .get(admin::credits::ledger)
                .done(),
        )
        .service(
            at("/v1/admin/models")
                .get(admin::models::list)
                .post(admin::models::save)
                .done(),
        )
        .service(
            at("/v1/admin/models/import")
                .post(admin::models::import)
                .done(),
        )
        .service(
            at("/v1/admin/models/{id:.*}")
                .get(admin::models::one)
                .patch(admin::models::change)
                .delete(admin::models::retire)
                .done(),
        )
        .service(
            at("/v1/admin/pricing-rules")
                .get(admin::rules::list)
                .post(admin::rules::create)
                .done(),
        )
        .service(
            at("/v1/admin/pricing-rules/{id}")
                .get(admin::rules::one)
                .patch(admin::rules::change)
                .delete(admin::rules::delete)
                .done(),
        )
        .service(
            at("/v1/admin/provider-keys")
                .get(admin::provider_keys::list)
                .post(admin::provider_keys::create)
                .done(),
        )
        .service(
            at("/v1/admin/provider-keys/{id}")
                .get(admin::provider_keys::one)
                .patch(admin::provider_keys::change)
                .delete(admin::provider_keys::remove)
                .done(),
        )
        .service(at("/v1/admin/audit").get(admin::audit::list).done());
}

/// What a load balancer asks; on the second listener there is nothing else but metrics.
pub(crate) fn health_routes(config: &mut ServiceConfig) {
    config
        .service(at("/healthz").get(health::alive).done())
        .service(at("/healthz/db").get(health::database).done())
        .service(at("/healthz/redis").get(health::redis).done())
        .service(at("/healthz/vault").get(health::vault).done())
        .service(at("/health/liveness").get(health::alive).done())
        .service(at("/health/readiness").get(health::ready).done())
        .service(at("/info").get(health::info).done());
}

/// The metrics alone.
pub(crate) fn metrics_route(config: &mut ServiceConfig) {
    config.service(at("/metrics").get(health::metrics).done());
}

/// Answers whatever no route answers.
pub(crate) async fn unknown(request: HttpRequest) -> Result<HttpResponse, Fault> {
    let path: String = request.path().chars().take(256).collect();
    let message = format!("Unknown route: {} {path}.", request.method());
    Err(Fault::new(rules::ROUTE_NOT_FOUND, message))
}

/// A path and what may be done there. Other methods are told which those are.
pub(crate) struct Methods {
    resource: Resource,
    allowed: String,
}

/// A path, under which its answers are counted.
pub(crate) fn at(path: &'static str) -> Methods {
    Methods {
        resource: web::resource(path).app_data(RouteName(path)),
        allowed: String::new(),
    }
}

macro_rules! methods {
    ($($name:ident $words:literal $guard:expr;)*) => {$(
        pub(crate) fn $name<F, Args>(self, handler: F) -> Self
        where
            F: Handler<Args>,
            Args: FromRequest + 'static,
            F::Output: Responder + 'static,
        {
            self.add($words, web::route().guard($guard).to(handler))
        }
    )*};
}

impl Methods {
    methods! {
        // The server leaves the body out where only the head was asked for.
        get "GET, HEAD" guard::Any(guard::Get()).or(guard::Head());
        post "POST" guard::Post();
        patch "PATCH" guard::Patch();
        delete "DELETE" guard::Delete();
    }

    fn add(mut self, words: &str, route: actix_web::Route) -> Self {
        if !self.allowed.is_empty() {
            self.allowed.push_str(", ");
        }
        self.allowed.push_str(words);
        self.resource = self.resource.route(route);
        self
    }

    pub(crate) fn done(mut self) -> Resource {
        self.allowed.push_str(", OPTIONS");
        let allowed = HeaderValue::try_from(self.allowed)
            .unwrap_or_else(|_no_ascii| HeaderValue::from_static("OPTIONS"));
        self.resource
            .default_service(web::to(move |request: HttpRequest| {
                let response = other_method(&request, allowed.clone());
                async move { response }
            }))
    }
}

fn other_method(request: &HttpRequest, allowed: HeaderValue) -> Result<HttpResponse, Fault> {
    if request.method() == Method::OPTIONS {
        let mut response = HttpResponse::NoContent().finish();
        response.headers_mut().insert(header::ALLOW, allowed);
        return Ok(response);
    }
    let message = format!(
        "{} is not possible here; the Allow header says what is.",
        request.method()
    );
    Err(Fault::new(rules::METHOD_NOT_ALLOWED, message).header(header::ALLOW, allowed))
}
