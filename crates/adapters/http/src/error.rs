//! What goes wrong, as every OpenAI client reads it; [`shape`] has the other dialects.
//!
//! [`table`] is the one place where a reason gets its status, type and code;
//! [`cases`] says which reason each error of the application is.

pub(crate) mod anthropic;
mod cases;
mod shape;
mod table;

use core::fmt;
use core::time::Duration;
use std::borrow::Cow;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde_json::Value;
use vuzo_wire::error::ErrorBody;

pub(crate) use shape::Shape;
pub use table::{Rule, rules};

/// An answer that is a refusal.
pub struct Fault(Box<Detail>);

#[derive(Debug)]
struct Detail {
    rule: Rule,
    status: StatusCode,
    code: Option<String>,
    message: Cow<'static, str>,
    param: Option<String>,
    extra: Vec<(&'static str, Value)>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Fault {
    /// A refusal for that reason, in words for the customer.
    pub fn new(rule: Rule, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Detail {
            rule,
            status: StatusCode::from_u16(rule.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            code: None,
            message: message.into(),
            param: None,
            extra: Vec::new(),
            headers: Vec::new(),
        }))
    }

    /// A refusal in the words of an error, made a sentence.
    pub(crate) fn of(rule: Rule, error: &impl fmt::Display) -> Self {
        Self::new(rule, sentence(&error.to_string()))
    }

    /// A field whose value cannot be taken.
    pub(crate) fn invalid(param: &str, expected: impl fmt::Display) -> Self {
        let message = format!("Invalid value for '{param}': expected {expected}.");
        Self::new(rules::INVALID_VALUE, message).param(param)
    }

    /// Names the field at fault.
    #[must_use]
    pub(crate) fn param(mut self, param: impl Into<String>) -> Self {
        self.0.param = Some(param.into());
        self
    }

    /// Adds a fact beside the four keys of the error.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.0.extra.push((name, value.into()));
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.add_header(name, value);
        self
    }

    /// Adds a header to the answer.
    pub(crate) fn add_header(&mut self, name: HeaderName, value: HeaderValue) {
        self.0.headers.push((name, value));
    }

    /// Says when to try again, in whole seconds as every client understands them.
    #[must_use]
    pub(crate) fn retry_after(self, wait: Duration) -> Self {
        let secs = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        self.header(header::RETRY_AFTER, HeaderValue::from(secs.max(1)))
    }

    /// Puts another status and code in place of the rule's: a provider's own words.
    #[must_use]
    fn said(mut self, status: StatusCode, code: Option<String>) -> Self {
        self.0.status = status;
        self.0.code = code;
        self
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// Its code.
    pub fn code(&self) -> Option<&str> {
        let own = self.0.code.as_deref();
        own.or(Some(self.0.rule.code).filter(|code| !code.is_empty()))
    }

    pub(crate) fn body(&self) -> ErrorBody<'_> {
        let detail = &*self.0;
        let body = ErrorBody::new(detail.rule.kind, detail.message.as_ref())
            .param(detail.param.as_deref())
            .code(self.code());
        let extra = detail.extra.iter();
        extra.fold(body, |body, (name, value)| body.with(name, value.clone()))
    }

    /// The error as the last frame of a stream that has begun.
    pub(crate) fn to_sse(&self) -> Vec<u8> {
        self.body().to_sse()
    }

    /// The whole answer.
    pub(crate) fn response(&self) -> HttpResponse {
        let mut response =
            HttpResponse::with_body(self.status(), self.body().to_json()).map_into_boxed_body();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, JSON);
        for (name, value) in &self.0.headers {
            headers.insert(name.clone(), value.clone());
        }
        response
    }
}

/// The content type of nearly everything.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

impl fmt::Debug for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.message)
    }
}

impl std::error::Error for Fault {}

impl ResponseError for Fault {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        self.response()
    }
}

/// Capital letter and full stop: errors are written as fragments, answers are sentences.
fn sentence(fragment: &str) -> String {
    let mut letters = fragment.chars();
    let mut out: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    out.push_str(letters.as_str());
    if !out.ends_with(['.', '!', '?']) {
        out.push('.');
    }
    out
}
