use uuid::Uuid;
use vuzo_domain::port::{Page, PageRequest};

/// Cuts a page out of a list that is newest first.
///
/// `id` tells a row's raw id: a page that begins after a row is found by it.
pub(crate) fn page_of<'rows, T: Clone + 'rows>(
    newest_first: impl Iterator<Item = &'rows T>,
    request: &PageRequest,
    id: impl Fn(&T) -> Uuid,
) -> Page<T> {
    let offset = usize::try_from(request.offset).unwrap_or(usize::MAX);
    let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
    let older = newest_first.skip_while(|row| request.before.is_some_and(|last| id(row) >= last));
    let rows = older.skip(offset).take(limit.saturating_add(1)).cloned();
    Page::cut(rows.collect(), request)
}
