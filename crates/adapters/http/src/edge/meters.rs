use core::time::Duration;
use std::cell::RefCell;
use std::collections::HashMap;

use actix_web::http::StatusCode;
use metrics::{Counter, Histogram};

/// The meters of one worker. They are looked up by name once, since the look-up costs
/// more than the count; routes times five classes bounds how many there are.
#[derive(Default)]
pub(super) struct Meters {
    known: RefCell<HashMap<Labels, (Counter, Histogram)>>,
}

/// A route and a class of statuses.
type Labels = (&'static str, &'static str);

impl Meters {
    /// Counts one answer. For a stream the time is that to its beginning.
    pub(super) fn count(&self, route: &'static str, status: StatusCode, took: Duration) {
        let class = class(status);
        let mut known = self.known.borrow_mut();
        let (answers, seconds) = known.entry((route, class)).or_insert_with(|| {
            let labels = [("route", route), ("status", class)];
            (
                metrics::counter!("vuzo_http_answers_total", &labels),
                metrics::histogram!("vuzo_http_answer_seconds", &labels),
            )
        });
        answers.increment(1);
        seconds.record(took);
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}
