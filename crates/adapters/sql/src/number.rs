/// A count as a column keeps it. Counts beyond the column's range do not occur
/// (nothing counts to nine quintillion), and are pinned rather than wrapped.
pub fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count out of a column; what is below zero counts as nothing.
pub fn unsigned(column: i64) -> u64 {
    u64::try_from(column).unwrap_or(0)
}
