use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderName};

use crate::error::{Fault, Shape, rules};

/// Where Anthropic's clients send their key.
static API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The credential of a request. On Anthropic's routes it may come as their clients send it.
pub(crate) fn of(request: &HttpRequest) -> Result<&str, Fault> {
    let given = request.headers().get(&API_KEY);
    match given.filter(|_| Shape::of(request.path()) == Shape::Anthropic) {
        None => bearer(request),
        Some(value) => visible(value.as_bytes()).ok_or_else(|| {
            refusal("The header \"x-api-key\" must hold an API key and nothing else.")
        }),
    }
}

/// The credential of a request: an API key, an access token or the admin key.
pub(crate) fn bearer(request: &HttpRequest) -> Result<&str, Fault> {
    let Some(value) = request.headers().get(header::AUTHORIZATION) else {
        return Err(refusal(
            "No API key was sent: put it into the header \"Authorization: Bearer vz-sk_…\".",
        ));
    };
    read(value.as_bytes()).ok_or_else(|| {
        refusal("The Authorization header must read \"Bearer\", a space, and an API key or access token.")
    })
}

/// The scheme is a word without case; the token is whatever visible text follows.
fn read(value: &[u8]) -> Option<&str> {
    let (scheme, token) = value.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"bearer") || !token.starts_with(b" ") {
        return None;
    }
    visible(token)
}

fn visible(token: &[u8]) -> Option<&str> {
    let token = token.trim_ascii();
    let is_visible = token.iter().all(u8::is_ascii_graphic);
    if token.is_empty() || !is_visible {
        return None;
    }
    core::str::from_utf8(token).ok()
}

fn refusal(message: &'static str) -> Fault {
    let bearer = header::HeaderValue::from_static("Bearer");
    Fault::new(rules::INVALID_API_KEY, message).header(header::WWW_AUTHENTICATE, bearer)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn the_scheme_is_a_word_without_case() {
        for (value, token) in [
            ("Bearer vz-sk_1", Some("vz-sk_1")),
            ("bearer a.b.c", Some("a.b.c")),
            ("BEARER   padded  ", Some("padded")),
            ("Bearer", None),
            ("Bearer ", None),
            ("Bearervz-sk_1", None),
            ("Basic dXNlcjpwYXNz", None),
            ("vz-sk_1", None),
            ("Bearer two words", None),
            ("Bearer k\u{e4}se", None),
            ("", None),
        ] {
            assert_eq!(read(value.as_bytes()), token, "{value:?}");
        }
    }
}
