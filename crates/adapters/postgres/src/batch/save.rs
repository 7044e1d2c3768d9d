use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{QueryFragment, QueryId};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use tokio::try_join;

use super::claims::ClaimChanges;
use super::{Batch, Broken};
use crate::statements::{ExtendHolds, Rows, SaveCounters, WriteLedger};

/// What a transaction has to write.
pub(crate) struct Changes<'batch> {
    ledger: WriteLedger<'batch>,
    counters: SaveCounters,
    extended: ExtendHolds,
    claims: ClaimChanges<'batch>,
}

impl<'batch> Changes<'batch> {
    pub(crate) fn of(batch: &'batch Batch<'_>) -> Self {
        let holds = batch.holds.changed();
        Self {
            ledger: WriteLedger {
                sources: batch.books.changed(),
                placed: holds.placed,
                ended: holds.ended,
                calls: batch.calls.records(),
                transfers: batch.calls.transfers(),
            },
            counters: batch.counters.changed(),
            extended: holds.extended,
            claims: batch.claims.changed(),
        }
    }

    /// Whether one statement writes them all, and checks what it has written by itself.
    pub(crate) fn is_one_statement(&self) -> bool {
        let claims = &self.claims;
        let others = [
            self.counters.rows(),
            self.extended.rows(),
            claims.dropped.rows(),
            claims.taken.rows(),
            claims.answered.rows(),
        ];
        others == [0; 5] && !self.ledger.is_empty()
    }

    /// Writes them in one round trip: the statements leave together and run one after
    /// the other. What is written where nothing could be locked must come out as it
    /// was decided, or the transaction is decided anew.
    pub(crate) async fn save(self, conn: &AsyncPgConnection) -> Result<(), Broken> {
        let ledger = async {
            if self.ledger.is_empty() {
                return Ok(0);
            }
            self.ledger.execute(&mut &*conn).await
        };
        let (counters, extended, _dropped, taken, _answered, _written) = try_join!(
            biased;
            write(conn, self.counters),
            write(conn, self.extended),
            // Claims may be dropped or answered in vain: another call's they are not.
            write(conn, self.claims.dropped),
            write(conn, self.claims.taken),
            write(conn, self.claims.answered),
            ledger,
        )?;
        if [counters, extended, taken].contains(&Outcome::Partial) {
            return Err(Broken::Raced);
        }
        Ok(())
    }
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
