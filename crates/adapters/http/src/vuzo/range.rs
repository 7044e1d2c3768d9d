use vuzo_domain::port::UsageFilter;
use vuzo_domain::time::{Day, Timestamp};

use crate::error::Fault;
use crate::query::Query;

/// Which calls are asked for.
pub(super) fn wanted(query: &Query) -> Result<UsageFilter, Fault> {
    let from = moment(query, "start_date", Day::start)?;
    // Whoever names a day as the last one means all of it.
    let to = moment(query, "end_date", |day| day.next().start())?;
    if let (Some(from), Some(to)) = (from, to)
        && from > to
    {
        return Err(Fault::invalid("start_date", "a time before 'end_date'"));
    }
    Ok(UsageFilter {
        model: query.text("model")?.map(ToOwned::to_owned),
        provider: query.text("provider")?.map(ToOwned::to_owned),
        from,
        to,
        ..UsageFilter::default()
    })
}

/// A time or a day. Python writes times without a zone; they are taken for UTC.
fn moment(
    query: &Query,
    name: &str,
    of_day: impl Fn(Day) -> Timestamp,
) -> Result<Option<Timestamp>, Fault> {
    let Some(text) = query.text(name)? else {
        return Ok(None);
    };
    if let Some(day) = Day::parse(text) {
        return Ok(Some(of_day(day)));
    }
    // In a query a plus is a space, so a zone such as +02:00 loses its sign.
    let text = text.replacen(' ', if text.contains('T') { "+" } else { "T" }, 1);
    let read = Timestamp::parse(&text).or_else(|| Timestamp::parse(&format!("{text}Z")));
    read.map(Some)
        .ok_or_else(|| Fault::invalid(name, "a date such as 2026-11-21, or an ISO 8601 time"))
}
