//! The one layer around all routes: what every answer has, whoever wrote it.

mod cors;
mod meters;
mod request_id;

use core::future::{Ready, ready};
use core::pin::Pin;
use std::rc::Rc;
use std::time::Instant;

use actix_web::body::{BodySize, BoxBody, MessageBody as _};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::header::HeaderValue;
use actix_web::http::{ConnectionType, StatusCode, Version};
use actix_web::{Error, HttpResponse};

use crate::error::Shape;
use crate::gate::Gate;
use cors::Cors;
use meters::Meters;
use request_id::REQUEST_ID;

/// Under which name a route is counted: its pattern, never its path.
#[derive(Clone, Copy)]
pub(crate) struct RouteName(pub(crate) &'static str);

/// Makes the layer, once a worker.
pub(crate) struct Edge {
    gate: Gate,
}

impl Edge {
    /// A layer for this gate.
    pub(crate) const fn new(gate: Gate) -> Self {
        Self { gate }
    }
}

impl<S> Transform<S, ServiceRequest> for Edge
where
    S: Service<ServiceRequest, Response = ServiceResponse<BoxBody>, Error = Error> + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Transform = EdgeService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(EdgeService {
            service,
            worker: Rc::new(Worker {
                cors: Cors::new(&self.gate.settings.cors_origins),
                meters: Meters::default(),
                gate: self.gate.clone(),
            }),
        }))
    }
}

/// The layer in one worker.
pub(crate) struct EdgeService<S> {
    service: S,
    worker: Rc<Worker>,
}

struct Worker {
    gate: Gate,
    cors: Cors,
    meters: Meters,
}

impl<S> Service<ServiceRequest> for EdgeService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<BoxBody>, Error = Error> + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let began = Instant::now();
        let worker = Rc::clone(&self.worker);
        let id = request_id::of(request.headers(), || worker.gate.new_request_id());
        if Cors::is_preflight(request.request()) {
            let response = HttpResponse::new(StatusCode::NO_CONTENT);
            let response = worker.finish(request.into_response(response), id, began);
            return Box::pin(ready(Ok(response)));
        }
        let answer = self.service.call(request);
        Box::pin(async move { Ok(worker.finish(answer.await?, id, began)) })
    }
}

impl Worker {
    fn finish(
        &self,
        answer: ServiceResponse<BoxBody>,
        id: HeaderValue,
        began: Instant,
    ) -> ServiceResponse<BoxBody> {
        let route = answer.request().app_data::<RouteName>();
        let route = route.map_or("unmatched", |name| name.0);
        let took = began.elapsed();
        let status = answer.status();
        self.meters.count(route, status, took);
        if status.is_server_error() {
            tracing::warn!(route, status = status.as_u16(), ?took, request_id = ?id, "answered");
        } else {
            tracing::debug!(route, status = status.as_u16(), ?took, request_id = ?id, "answered");
        }
        let shape = Shape::of(answer.request().path());
        let mut answer = shape.dress(answer, &id);
        let grant = self.cors.grant(answer.request());
        let response = answer.response_mut();
        grant.apply(response.headers_mut());
        response.headers_mut().insert(REQUEST_ID.clone(), id);
        let knows_chunks = answer.request().version() >= Version::HTTP_11;
        let response = answer.response_mut();
        if !knows_chunks && response.body().size() == BodySize::Stream {
            // The end of the connection is the end of the answer.
            response.head_mut().no_chunking(true);
            response
                .head_mut()
                .set_connection_type(ConnectionType::Close);
        }
        if self.gate.application.is_draining() {
            response
                .head_mut()
                .set_connection_type(ConnectionType::Close);
        }
        answer
    }
}
