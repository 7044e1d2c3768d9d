use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use vuzo_domain::id::RequestId;

pub(super) static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The caller's own id where it can be shown in logs as it is, else a fresh one.
pub(super) fn of(headers: &HeaderMap, fresh: impl FnOnce() -> RequestId) -> HeaderValue {
    let given = headers.get(&REQUEST_ID).filter(|value| {
        let text = value.as_bytes();
        (1..=128).contains(&text.len()) && text.iter().all(u8::is_ascii_graphic)
    });
    given.cloned().unwrap_or_else(|| {
        HeaderValue::try_from(fresh().to_string())
            .unwrap_or_else(|_no_ascii| HeaderValue::from_static("req_unknown"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_logs_can_show_is_taken_over() {
        let fresh = || RequestId::from_uuid(uuid::Uuid::from_u128(1));
        let own = fresh().to_string();
        for (given, expected) in [
            ("abc-123", "abc-123"),
            ("trace/1?x=\"y\"", "trace/1?x=\"y\""),
            ("with space", own.as_str()),
            ("", own.as_str()),
            (&"x".repeat(128), &"x".repeat(128)),
            (&"x".repeat(129), own.as_str()),
            ("k\u{e4}se", own.as_str()),
        ] {
            let mut headers = HeaderMap::new();
            let value = HeaderValue::from_bytes(given.as_bytes()).unwrap();
            headers.insert(REQUEST_ID.clone(), value);
            assert_eq!(of(&headers, fresh), expected, "{given:?}");
        }
        assert_eq!(of(&HeaderMap::new(), fresh), own.as_str());
    }
}
