use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{QueryFragment, QueryId};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use tokio::try_join;

use super::{Batch, Broken};
use crate::statements::Rows;

/// Writes what has changed, in one round trip: the statements leave together and run
/// one after the other. What is written where nothing could be locked must come out
/// as it was decided, or the transaction is decided anew.
pub(crate) async fn save(conn: &AsyncPgConnection, batch: &Batch<'_>) -> Result<(), Broken> {
    let holds = batch.holds.changed();
    let claims = batch.claims.changed();
    let (sources, counters, placed, extended, ended, _dropped, taken, _answered, calls, transfers) =
        try_join!(
            biased;
            write(conn, batch.books.changed()),
            write(conn, batch.counters.changed()),
            write(conn, holds.placed),
            write(conn, holds.extended),
            write(conn, holds.ended),
            // Claims may be dropped or answered in vain: another call's they are not.
            write(conn, claims.dropped),
            write(conn, claims.taken),
            write(conn, claims.answered),
            write(conn, batch.calls.records()),
            write(conn, batch.calls.transfers()),
        )?;
    let counted = [
        sources, counters, placed, extended, ended, taken, calls, transfers,
    ];
    if counted.contains(&Outcome::Partial) {
        return Err(Broken::Raced);
    }
    Ok(())
}

/// Whether a statement has touched every row that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Whole,
    Partial,
}

async fn write<S>(conn: &AsyncPgConnection, statement: S) -> QueryResult<Outcome>
where
    S: Rows + QueryFragment<Pg> + QueryId + Send,
{
    let expected = statement.rows();
    if expected == 0 {
        return Ok(Outcome::Whole);
    }
    let written = statement.execute(&mut &*conn).await?;
    Ok(if written == expected {
        Outcome::Whole
    } else {
        Outcome::Partial
    })
}
