use vuzo_domain::port::{Page, PageRequest};
use vuzo_sql::RowFault;

use crate::database::Fault;

/// One row more than asked for, to know whether there are more.
pub(crate) fn limit(request: &PageRequest) -> i64 {
    i64::from(request.limit).saturating_add(1)
}

pub(crate) fn offset(request: &PageRequest) -> i64 {
    i64::from(request.offset)
}

/// Turns the rows into what they stand for, and cuts the one too many.
pub(crate) fn cut<Row, T, R>(
    rows: Vec<Row>,
    request: &PageRequest,
    each: impl FnMut(Row) -> Result<T, RowFault>,
) -> Result<Page<T>, Fault<R>> {
    let values: Result<Vec<T>, RowFault> = rows.into_iter().map(each).collect();
    Ok(Page::cut(values?, request))
}

/// A page with nothing on it.
pub(crate) const fn empty<T>() -> Page<T> {
    Page {
        rows: Vec::new(),
        has_more: false,
    }
}

/// Whether a text can be in the database at all. Postgres refuses the NUL even in a
/// question, where the answer is that there is no such text.
pub(crate) fn may_be_stored(text: &str) -> bool {
    !text.contains('\0')
}
