use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderValue};

const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
const EXPOSED: &str = "x-request-id, request-id, retry-after, x-ratelimit-limit-requests, \
    x-ratelimit-remaining-requests, x-ratelimit-reset-requests, x-ratelimit-limit-tokens, \
    x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens, ratelimit, ratelimit-policy, \
    x-vuzo-cost, x-vuzo-balance, x-vuzo-model, x-vuzo-overhead-ms, x-vuzo-max-tokens-clamped, \
    x-vuzo-generation-id, x-vuzo-cache, idempotent-replayed, \
    anthropic-ratelimit-requests-limit, anthropic-ratelimit-requests-remaining, \
    anthropic-ratelimit-requests-reset, anthropic-ratelimit-tokens-limit, \
    anthropic-ratelimit-tokens-remaining, anthropic-ratelimit-tokens-reset";
const USUAL_HEADERS: &str = "authorization, content-type, idempotency-key, x-request-id, \
    x-api-key, anthropic-version, anthropic-beta, x-vuzo-cache, cache-control";

/// Which pages of other origins may call.
pub(super) struct Cors {
    origins: Vec<String>,
    any: bool,
}

impl Cors {
    pub(super) fn new(origins: &[String]) -> Self {
        let trimmed = origins.iter().map(|origin| origin.trim_end_matches('/'));
        Self {
            origins: trimmed.map(str::to_ascii_lowercase).collect(),
            any: origins.iter().any(|origin| origin == "*"),
        }
    }

    /// Whether a browser asks beforehand. The question needs no credential, and its
    /// answer says no by saying nothing.
    pub(super) fn is_preflight(request: &HttpRequest) -> bool {
        request.method() == Method::OPTIONS
            && request.headers().contains_key(header::ORIGIN)
            && request
                .headers()
                .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
    }

    /// What the browser is told of this request's answer.
    pub(super) fn grant(&self, request: &HttpRequest) -> Grant {
        if self.origins.is_empty() {
            return Grant::Silent;
        }
        let origin = request.headers().get(header::ORIGIN);
        let Some(origin) = origin.filter(|origin| self.allows(origin)) else {
            return Grant::Refused;
        };
        let asked = request
            .headers()
            .get(header::ACCESS_CONTROL_REQUEST_HEADERS);
        let usual = || HeaderValue::from_static(USUAL_HEADERS);
        let preflight = Self::is_preflight(request).then(|| asked.cloned().unwrap_or_else(usual));
        Grant::Allowed {
            origin: origin.clone(),
            preflight,
        }
    }

    fn allows(&self, origin: &HeaderValue) -> bool {
        let Ok(origin) = origin.to_str() else {
            return false;
        };
        self.any
            || self
                .origins
                .iter()
                .any(|known| known.eq_ignore_ascii_case(origin))
    }
}

/// Whether a page may read an answer.
pub(super) enum Grant {
    /// No page of another origin ever may.
    Silent,
    /// This one may not.
    Refused,
    /// It may; and if it asked beforehand, it may send these headers.
    Allowed {
        origin: HeaderValue,
        preflight: Option<HeaderValue>,
    },
}

impl Grant {
    pub(super) fn apply(self, answer: &mut HeaderMap) {
        if matches!(self, Self::Silent) {
            return;
        }
        // A cache in between must not hand one origin's answer to another.
        answer.append(header::VARY, HeaderValue::from_static("origin"));
        let Self::Allowed { origin, preflight } = self else {
            return;
        };
        answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let exposed = HeaderValue::from_static(EXPOSED);
        answer.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        if let Some(headers) = preflight {
            let methods = HeaderValue::from_static(METHODS);
            answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
            answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, headers);
            let an_hour = HeaderValue::from_static("3600");
            answer.insert(header::ACCESS_CONTROL_MAX_AGE, an_hour);
        }
    }
}
