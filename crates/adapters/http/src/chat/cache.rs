use core::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderName};
use vuzo_application::chat::CacheWish;

use crate::error::{Fault, rules};

/// Switches the cache on for one request, and tells of it in the answer.
pub(super) static CACHE: HeaderName = HeaderName::from_static("x-vuzo-cache");

/// The longest that an answer is kept.
const LONGEST: u64 = 86_400;

/// What a customer wants of answers that were given before. Without the header nothing
/// else is looked at: `Cache-Control` alone is what browsers and proxies send by
/// themselves.
pub(super) fn wish(request: &HttpRequest) -> Result<Option<CacheWish>, Fault> {
    let mut sent = request.headers().get_all(&CACHE);
    let Some(value) = sent.next() else {
        return Ok(None);
    };
    let secs = value.to_str().ok().and_then(seconds);
    let Some(secs) = secs.filter(|_| sent.next().is_none()) else {
        let message = "The header x-vuzo-cache is sent once, with the seconds that an answer \
            is kept: 1 to 86400.";
        return Err(Fault::new(rules::INVALID_VALUE, message).param(CACHE.as_str()));
    };
    let mut wish = CacheWish {
        lifetime: Duration::from_secs(secs),
        reads: true,
        keeps: true,
    };
    let controls = request.headers().get_all(header::CACHE_CONTROL);
    let directives = controls
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    for directive in directives {
        let name = directive.split('=').next().unwrap_or_default().trim();
        if name.eq_ignore_ascii_case("no-store") {
            wish.reads = false;
            wish.keeps = false;
        } else if name.eq_ignore_ascii_case("no-cache") {
            wish.reads = false;
        }
    }
    Ok(Some(wish))
}

fn seconds(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let secs = text.parse().ok().filter(|_| is_number)?;
    (1..=LONGEST).contains(&secs).then_some(secs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn of(headers: &[(&'static str, &'static str)]) -> Result<Option<CacheWish>, Fault> {
        let request = headers
            .iter()
            .fold(TestRequest::post(), |request, header| {
                request.append_header(*header)
            })
            .to_http_request();
        wish(&request)
    }

    #[test]
    fn only_whole_seconds_switch_it_on() {
        for (value, secs) in [("1", 1), ("60", 60), ("0060", 60), ("86400", 86_400)] {
            let wish = of(&[("x-vuzo-cache", value)]).unwrap().unwrap();
            assert_eq!(wish.lifetime, Duration::from_secs(secs));
            assert!(wish.reads && wish.keeps);
        }
        for value in [
            "",
            "0",
            "-1",
            "+1",
            "1.5",
            "1 ",
            "86401",
            "on",
            "true",
            "1s",
            "60,60",
            "0x10",
            "99999999999999999999999",
            "\u{663}",
        ] {
            assert!(of(&[("x-vuzo-cache", value)]).is_err(), "{value:?}");
        }
        let twice = [("x-vuzo-cache", "60"), ("x-vuzo-cache", "60")];
        assert!(of(&twice).is_err());
        assert!(of(&[]).unwrap().is_none());
        assert!(of(&[("cache-control", "no-store")]).unwrap().is_none());
    }

    #[test]
    fn cache_control_narrows_it() {
        for (values, reads, keeps) in [
            (&[][..], true, true),
            (&["max-age=0, private"][..], true, true),
            (&["no-cache"][..], false, true),
            (&[" NO-CACHE "][..], false, true),
            (&["max-age=0,no-cache=\"x\""][..], false, true),
            (&["no-store"][..], false, false),
            (&["no-cache, no-store"][..], false, false),
            (&["No-Store", "no-cache"][..], false, false),
            (&["only-if-no-store"][..], true, true),
        ] {
            let mut headers = vec![("x-vuzo-cache", "5")];
            headers.extend(values.iter().map(|value| ("cache-control", *value)));
            let wish = of(&headers).unwrap().unwrap();
            assert_eq!((wish.reads, wish.keeps), (reads, keeps), "{values:?}");
        }
    }
}
