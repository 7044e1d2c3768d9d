use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use vuzo_application::chat::{Answered, Failure};

use super::frames::Frames;
use super::headers::{self, Readers};
use crate::error::{Fault, JSON};

static ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
static REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Frames what became of a call; a stream has this content type, and these clients read
/// the limits.
pub(super) fn of(
    content_type: &'static str,
    readers: Readers,
    outcome: Result<Answered, Failure>,
) -> Result<HttpResponse, Fault> {
    match outcome {
        Ok(Answered::Whole { facts, cost, body }) => {
            let mut response = HttpResponse::with_body(StatusCode::OK, body).map_into_boxed_body();
            let map = response.headers_mut();
            map.insert(header::CONTENT_TYPE, JSON);
            headers::facts(map, &facts, readers);
            headers::cost(map, cost, facts.currency);
            Ok(response)
        }
        Ok(Answered::Stream { facts, frames }) => {
            let mut response =
                HttpResponse::with_body(StatusCode::OK, Frames::new(frames)).map_into_boxed_body();
            let map = response.headers_mut();
            stream(map, HeaderValue::from_static(content_type));
            headers::facts(map, &facts, readers);
            Ok(response)
        }
        Ok(Answered::Replay {
            generation,
            content_type,
            body,
        }) => {
            let mut response = HttpResponse::with_body(StatusCode::OK, body).map_into_boxed_body();
            let map = response.headers_mut();
            let kind = HeaderValue::try_from(content_type).unwrap_or(JSON);
            if kind.as_bytes().starts_with(b"text/event-stream") {
                stream(map, kind);
            } else {
                map.insert(header::CONTENT_TYPE, kind);
            }
            headers::generation(map, generation);
            map.insert(REPLAYED.clone(), HeaderValue::from_static("true"));
            Ok(response)
        }
        Err(failure) => {
            let mut fault = Fault::from(&failure.error);
            headers::refused(&mut fault, &failure, readers);
            Err(fault)
        }
    }
}

/// Neither caches nor proxies may keep a stream back.
fn stream(map: &mut header::HeaderMap, content_type: HeaderValue) {
    map.insert(header::CONTENT_TYPE, content_type);
    map.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    map.insert(ACCEL_BUFFERING.clone(), HeaderValue::from_static("no"));
}
