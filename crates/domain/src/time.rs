//! Moments as microseconds since 1970 in UTC. The clock itself is a port.

use core::fmt;
use core::time::Duration;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;

/// A moment in UTC, to the microsecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    micros: i64,
}

impl Timestamp {
    /// The moment this many microseconds after 1970-01-01T00:00:00Z.
    pub const fn from_micros(micros: i64) -> Self {
        Self { micros }
    }

    /// The moment this many whole seconds after 1970-01-01T00:00:00Z.
    pub const fn from_secs(secs: i64) -> Self {
        Self {
            micros: secs.saturating_mul(1_000_000),
        }
    }

    /// Microseconds since 1970.
    pub const fn as_micros(self) -> i64 {
        self.micros
    }

    /// Whole milliseconds since 1970.
    pub const fn as_millis(self) -> i64 {
        self.micros.div_euclid(1_000)
    }

    /// Whole seconds since 1970.
    pub const fn as_secs(self) -> i64 {
        self.micros.div_euclid(1_000_000)
    }

    /// The moment `duration` later, pinned to the representable range.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self {
            micros: self.micros.saturating_add(micros),
        }
    }

    /// The moment `duration` earlier, pinned to the representable range.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self {
            micros: self.micros.saturating_sub(micros),
        }
    }

    /// How long after `earlier` this is; zero if it is not.
    pub fn since(self, earlier: Self) -> Duration {
        let micros = self.micros.saturating_sub(earlier.micros);
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }

    /// Reads RFC 3339, or a bare date as its midnight in UTC.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(moment) = text.parse::<jiff::Timestamp>() {
            return Some(Self {
                micros: moment.as_microsecond(),
            });
        }
        Day::parse(text).map(Day::start)
    }

    /// The UTC day that this moment is in.
    pub fn day(self) -> Day {
        Day {
            days: self.micros.div_euclid(MICROS_PER_DAY),
        }
    }

    /// The first moment of this moment's week (Monday), month, or day in UTC.
    #[must_use]
    pub fn start_of(self, period: Period) -> Self {
        let date = self.civil().date();
        let first = match period {
            Period::Day => date,
            Period::Week => {
                let back = date.weekday().since(Weekday::Monday);
                date.checked_sub(jiff::SignedDuration::from_hours(
                    i64::from(back).saturating_mul(24),
                ))
                .unwrap_or(date)
            }
            Period::Month => date.first_of_month(),
        };
        first.to_zoned(TimeZone::UTC).map_or(self, |zoned| Self {
            micros: zoned.timestamp().as_microsecond(),
        })
    }

    fn civil(self) -> jiff::civil::DateTime {
        let moment = jiff::Timestamp::from_microsecond(self.micros).unwrap_or_default();
        TimeZone::UTC.to_datetime(moment)
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, for example `2026-11-21T02:51:42.000125Z`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = jiff::Timestamp::from_microsecond(self.micros).unwrap_or_default();
        fmt::Display::fmt(&moment, formatter)
    }
}

/// A calendar period in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Period {
    /// Midnight to midnight.
    Day,
    /// Monday to Monday.
    Week,
    /// First to first.
    Month,
}

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// A calendar day in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    days: i64,
}

impl Day {
    /// The day this many days after 1970-01-01.
    pub const fn from_days(days: i64) -> Self {
        Self { days }
    }

    /// Days since 1970-01-01.
    pub const fn as_days(self) -> i64 {
        self.days
    }

    /// Reads `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Option<Self> {
        let date: jiff::civil::Date = text.parse().ok()?;
        if text.len() != 10 {
            return None;
        }
        let zoned = date.to_zoned(TimeZone::UTC).ok()?;
        Some(Timestamp::from_micros(zoned.timestamp().as_microsecond()).day())
    }

    /// Its first moment.
    pub const fn start(self) -> Timestamp {
        Timestamp::from_micros(self.days.saturating_mul(MICROS_PER_DAY))
    }

    /// The following day.
    #[must_use]
    pub const fn next(self) -> Self {
        Self {
            days: self.days.saturating_add(1),
        }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.start().civil().date(), formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn moments_are_read_and_written() {
        assert_eq!(
            at("2026-11-21T02:51:42.000125Z").to_string(),
            "2026-11-21T02:51:42.000125Z"
        );
        assert_eq!(at("2026-11-21").to_string(), "2026-11-21T00:00:00Z");
        assert_eq!(
            at("2026-11-21T02:00:00+02:00").to_string(),
            "2026-11-21T00:00:00Z"
        );
        assert!(Timestamp::parse("yesterday").is_none());
    }

    #[test]
    fn periods_begin_where_the_calendar_says() {
        let saturday = at("2026-11-21T13:00:00Z");
        assert_eq!(saturday.start_of(Period::Day), at("2026-11-21"));
        assert_eq!(saturday.start_of(Period::Week), at("2026-11-16"));
        assert_eq!(saturday.start_of(Period::Month), at("2026-11-01"));
    }

    #[test]
    fn days_count_from_1970() {
        assert_eq!(at("1970-01-02T23:59:59Z").day(), Day::from_days(1));
        assert_eq!(
            Day::parse("2026-02-28").unwrap().next().to_string(),
            "2026-03-01"
        );
        assert!(Day::parse("2026-02-30").is_none());
    }
}
