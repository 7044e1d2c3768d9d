use vuzo_domain::port::{Page, PageRequest};

use crate::fault::Fault;

/// One row more than asked for, to know whether there are more.
pub(crate) fn limit(request: &PageRequest) -> i64 {
    i64::from(request.limit).saturating_add(1)
}

pub(crate) fn offset(request: &PageRequest) -> i64 {
    i64::from(request.offset)
}

/// Turns the rows into what they stand for, and cuts the one too many.
pub(crate) fn cut<R, T, F: Into<Fault>>(
    rows: Vec<R>,
    request: &PageRequest,
    each: impl FnMut(R) -> Result<T, F>,
) -> Result<Page<T>, Fault> {
    let values: Result<Vec<T>, F> = rows.into_iter().map(each).collect();
    Ok(Page::cut(values.map_err(Into::into)?, request))
}
