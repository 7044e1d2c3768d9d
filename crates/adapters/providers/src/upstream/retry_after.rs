use core::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};

/// A provider that names a longer time than this has not thought of our customers.
const LONGEST: Duration = Duration::from_secs(3_600);

/// When to try again: `retry-after-ms`, else `retry-after` in seconds. Dates are left
/// unread, as they need both clocks to agree.
pub(crate) fn of(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok();
    let seconds = match number("retry-after-ms") {
        Some(millis) => Some(millis / 1_000.0),
        None => number(RETRY_AFTER.as_str()),
    };
    Duration::try_from_secs_f64(seconds?)
        .ok()
        .map(|wait| wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{HeaderName, HeaderValue};

    #[test]
    fn reads_seconds_and_milliseconds() {
        for (name, value, millis) in [
            ("retry-after", "2", Some(2_000)),
            ("retry-after", " 0.5 ", Some(500)),
            ("retry-after", "999999", Some(3_600_000)),
            ("retry-after", "-1", None),
            ("retry-after", "NaN", None),
            ("retry-after", "1e400", None),
            ("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT", None),
            ("retry-after-ms", "250", Some(250)),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
            assert_eq!(
                of(&headers),
                millis.map(Duration::from_millis),
                "{name}: {value}"
            );
        }
    }
}
