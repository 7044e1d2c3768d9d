use core::str::FromStr;

use actix_web::HttpRequest;
use actix_web::web;
use uuid::Uuid;
use vuzo_domain::id::{AccountId, AuditId, GenerationId, KeyId, TransferId};
use vuzo_domain::port::{PageRequest, UsageFilter};
use vuzo_domain::time::{Day, Timestamp};

use crate::error::Fault;

/// How many rows a list has when nothing was said.
const USUAL_LIMIT: u32 = 50;

/// How many rows may be passed over; beyond it a cursor is due.
const LARGEST_OFFSET: u32 = 1_000_000;

/// The query of a request. Parameters that nobody asks for are ignored.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn of(request: &HttpRequest) -> Self {
        Self::read(request.query_string())
    }

    fn read(query: &str) -> Self {
        let pairs = web::Query::<Vec<(String, String)>>::from_query(query);
        Self(pairs.map(web::Query::into_inner).unwrap_or_default())
    }

    /// A parameter as text; an empty one is an absent one.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, Fault> {
        let found = self.0.iter().find(|(known, _)| known == name);
        let Some(value) = found.map(|(_, value)| value.as_str()) else {
            return Ok(None);
        };
        if value.len() > 256 || value.contains('\0') {
            return Err(Fault::invalid(name, "at most 256 bytes of text"));
        }
        Ok(Some(value).filter(|value| !value.is_empty()))
    }

    fn parsed<T>(
        &self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Fault> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        read(text)
            .map(Some)
            .ok_or_else(|| Fault::invalid(name, expected))
    }

    /// A parameter that is an id.
    pub(crate) fn id<T: FromStr>(&self, name: &str) -> Result<Option<T>, Fault> {
        self.parsed(name, "an id as it appears in answers", |text| {
            text.parse().ok()
        })
    }

    /// A moment, or a day for its first moment.
    pub(crate) fn moment(&self, name: &str) -> Result<Option<Timestamp>, Fault> {
        self.parsed(name, "an RFC 3339 time or a date", Timestamp::parse)
    }

    /// A day.
    pub(crate) fn day(&self, name: &str) -> Result<Option<Day>, Fault> {
        self.parsed(name, "a date such as 2026-11-21", Day::parse)
    }

    /// Which part of a list is asked for. A limit above the most rows of one answer
    /// gets the most.
    pub(crate) fn page<Id: RowId>(&self) -> Result<PageRequest, Fault> {
        let limit = self.parsed("limit", "a whole number of at least 1", |text| {
            text.parse::<u32>().ok().filter(|limit| *limit > 0)
        })?;
        let offset = self.parsed("offset", "a whole number up to 1000000", |text| {
            text.parse().ok().filter(|offset| *offset <= LARGEST_OFFSET)
        })?;
        let before = self.parsed("cursor", "the next_cursor of an earlier answer", |text| {
            text.parse::<Id>().ok()
        })?;
        Ok(PageRequest {
            offset: offset.unwrap_or(0),
            before: before.map(RowId::raw),
            ..PageRequest::first(limit.unwrap_or(USUAL_LIMIT))
        })
    }

    /// Which calls are asked for.
    pub(crate) fn usage_filter(&self) -> Result<UsageFilter, Fault> {
        let filter = UsageFilter {
            model: self.text("model")?.map(ToOwned::to_owned),
            provider: self.text("provider")?.map(ToOwned::to_owned),
            key: self.id("key")?,
            from: self.moment("from")?,
            to: self.moment("to")?,
        };
        if let (Some(from), Some(to)) = (filter.from, filter.to)
            && from > to
        {
            return Err(Fault::invalid("from", "a time before 'to'"));
        }
        Ok(filter)
    }
}

/// An id that a list can be continued behind.
pub(crate) trait RowId: FromStr {
    /// The id as the store knows it.
    fn raw(self) -> Uuid;
}

macro_rules! row_ids {
    ($($id:ty),*) => {$(
        impl RowId for $id {
            fn raw(self) -> Uuid {
                self.uuid()
            }
        }
    )*};
}

row_ids!(KeyId, TransferId, GenerationId, AccountId, AuditId);

#[cfg(test)]
mod tests {
    use super::*;

    fn page(query: &str) -> Result<PageRequest, Fault> {
        Query::read(query).page::<KeyId>()
    }

    #[test]
    fn pages_are_read() {
        assert_eq!(page("").unwrap(), PageRequest::first(50));
        assert_eq!(page("limit=7&unknown=x").unwrap().limit, 7);
        assert_eq!(page("limit=100000").unwrap().limit, PageRequest::MOST);
        assert_eq!(page("offset=20").unwrap().offset, 20);
        assert_eq!(page("limit=&cursor=").unwrap(), PageRequest::first(50));
        let key = KeyId::from_uuid(Uuid::from_u128(5));
        assert_eq!(
            page(&format!("cursor={key}")).unwrap().before,
            Some(key.uuid())
        );
    }

    #[test]
    fn bad_values_name_their_parameter() {
        for query in [
            "limit=0",
            "limit=-1",
            "limit=ten",
            "limit=1.5",
            "limit=99999999999999999999",
            "offset=-1",
            "offset=1000001",
            "cursor=5",
            "cursor=acc_00000000000000000000000000000005",
            "cursor=key_%00",
        ] {
            let fault = page(query).expect_err(query);
            assert_eq!(fault.code(), Some("invalid_value"), "{query}");
        }
        for query in [
            "from=yesterday",
            "to=2026-13-01",
            "key=usr_1",
            "from=2026-02-01&to=2026-01-01",
        ] {
            assert!(Query::read(query).usage_filter().is_err(), "{query}");
        }
    }
}
