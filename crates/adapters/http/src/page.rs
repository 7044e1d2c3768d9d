use core::fmt::Display;

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use serde::Serialize;
use vuzo_domain::port::Page;

use crate::error::JSON;

/// A list as every list is answered.
#[derive(Serialize)]
struct List<T> {
    object: &'static str,
    data: Vec<T>,
    has_more: bool,
    next_cursor: Option<String>,
}

/// Answers a part of a list; the cursor is the id of its last row.
pub(crate) fn list<T, I: Display, V: Serialize>(
    page: Page<T>,
    id: impl Fn(&T) -> I,
    view: impl FnMut(T) -> V,
) -> HttpResponse {
    let last = page.rows.last().map(|row| id(row).to_string());
    let has_more = page.has_more;
    json(&List {
        object: "list",
        data: page.rows.into_iter().map(view).collect(),
        has_more,
        next_cursor: last.filter(|_| has_more),
    })
}

/// Answers a list that has no parts.
pub(crate) fn whole_list<V: Serialize>(data: Vec<V>) -> HttpResponse {
    json(&List {
        object: "list",
        data,
        has_more: false,
        next_cursor: None,
    })
}

/// Answers JSON with status 200.
pub(crate) fn json(value: &impl Serialize) -> HttpResponse {
    json_with(StatusCode::OK, value)
}

/// Answers JSON with status 201.
pub(crate) fn created(value: &impl Serialize) -> HttpResponse {
    json_with(StatusCode::CREATED, value)
}

/// Answers JSON.
pub(crate) fn json_with(status: StatusCode, value: &impl Serialize) -> HttpResponse {
    match serde_json::to_vec(value) {
        Ok(body) => {
            let mut response = HttpResponse::with_body(status, body).map_into_boxed_body();
            response.headers_mut().insert(header::CONTENT_TYPE, JSON);
            response
        }
        Err(fault) => {
            tracing::error!(%fault, "an answer could not be written");
            HttpResponse::new(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}
