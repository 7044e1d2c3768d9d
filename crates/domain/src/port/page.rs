/// Which part of a list is wanted. Lists are newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// How many rows at the most.
    pub limit: u32,
    /// How many rows to pass over.
    pub offset: u32,
    /// Only rows older than the one with this raw id.
    pub before: Option<uuid::Uuid>,
}

impl PageRequest {
    /// The most rows in one answer.
    pub const MOST: u32 = 200;

    /// The first `limit` rows, at most [`PageRequest::MOST`].
    pub fn first(limit: u32) -> Self {
        Self {
            limit: limit.clamp(1, Self::MOST),
            offset: 0,
            before: None,
        }
    }
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Whether there are more.
    pub has_more: bool,
}

impl<T> Page<T> {
    /// Cuts a list that was fetched one row longer than asked for.
    pub fn cut(mut rows: Vec<T>, request: &PageRequest) -> Self {
        let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        Self { rows, has_more }
    }

    /// The same part with every row turned into something else.
    pub fn map<U>(self, each: impl FnMut(T) -> U) -> Page<U> {
        Page {
            rows: self.rows.into_iter().map(each).collect(),
            has_more: self.has_more,
        }
    }
}
