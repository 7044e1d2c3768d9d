use core::time::Duration;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Data;
use async_trait::async_trait;
use serde::Serialize;

use crate::gate::Gate;
use crate::page::{json, json_with};

/// How long something may take to say that it is well.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks something that the service stands on how it is.
#[async_trait]
pub trait Probe: Send + Sync + 'static {
    /// `Ok` if it answers; otherwise what is wrong, for the operator's log.
    async fn check(&self) -> Result<(), String>;
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

#[derive(Serialize)]
struct Info<'a> {
    name: &'static str,
    version: &'a str,
    environment: &'a str,
    public_url: Option<&'a str>,
}

/// `GET /healthz`, `GET /health/liveness`: the process answers.
pub(crate) async fn alive() -> HttpResponse {
    json(&Health { status: "ok" })
}

/// `GET /healthz/db`.
pub(crate) async fn database(gate: Data<Gate>) -> HttpResponse {
    probe("database", Some(&gate.backends.database)).await
}

/// `GET /healthz/redis`.
pub(crate) async fn redis(gate: Data<Gate>) -> HttpResponse {
    probe("redis", gate.backends.redis.as_ref()).await
}

/// `GET /healthz/vault`.
pub(crate) async fn vault(gate: Data<Gate>) -> HttpResponse {
    probe("vault", gate.backends.vault.as_ref()).await
}

/// `GET /health/readiness`: whether requests should come here. Without Redis they
/// should, for limits then count locally.
pub(crate) async fn ready(gate: Data<Gate>) -> HttpResponse {
    if gate.application.is_draining() {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        return json_with(status, &Health { status: "draining" });
    }
    probe("database", Some(&gate.backends.database)).await
}

/// `GET /info`.
pub(crate) async fn info(gate: Data<Gate>) -> HttpResponse {
    let settings = &gate.settings;
    json(&Info {
        name: "vuzo",
        version: &settings.version,
        environment: &settings.environment,
        public_url: settings.public_url.as_deref(),
    })
}

/// `GET /metrics`.
pub(crate) async fn metrics(gate: Data<Gate>) -> HttpResponse {
    let text = (gate.backends.metrics)();
    let mut response = HttpResponse::with_body(StatusCode::OK, text).map_into_boxed_body();
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

async fn probe(name: &'static str, probe: Option<&Arc<dyn Probe>>) -> HttpResponse {
    let Some(probe) = probe else {
        return json(&Health {
            status: "not_configured",
        });
    };
    let checked = tokio::time::timeout(PATIENCE, probe.check()).await;
    let trouble = match checked {
        Ok(Ok(())) => return json(&Health { status: "ok" }),
        Ok(Err(trouble)) => trouble,
        Err(_elapsed) => "no answer in time".to_owned(),
    };
    tracing::warn!(name, trouble, "a health check failed");
    let status = StatusCode::SERVICE_UNAVAILABLE;
    json_with(
        status,
        &Health {
            status: "unavailable",
        },
    )
}
