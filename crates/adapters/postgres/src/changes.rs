//! The list of changes, and how a reader knows that nothing before its cursor is
//! still to come.
//!
//! Numbers are given out before the commit, so a lower one can appear after a higher
//! one. Whoever is about to add a change therefore takes a shared advisory lock first,
//! which says where the list ended at that moment and is kept until the commit is
//! visible. A reader that looks at the end of the list and at these locks, and reads
//! the list after that, has seen all that is not beyond the lowest lock: any change
//! in the making has a higher number than its lock says.
//!
//! Nobody waits for anybody by this. A writer that hangs holds the cursor back, and
//! what others commit meanwhile is answered again and again until it ends.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt as _;
use vuzo_domain::port::{Change, ChangeBatch, Changes, Unavailable};
use vuzo_sql::rows::{ChangeRow, NewChangeRow};
use vuzo_sql::schema::changes;

use crate::PgStore;
use crate::database::{Fault, Scope};

/// The most changes in one answer.
const MOST: usize = 10_000;

/// What the locks of writers have in their upper 24 bits. The lower 40 are a number
/// of the list.
const WRITING: i64 = 0x0076_6368 << 40;

/// Says that a change is in the making.
const BEGIN: &str =
    "SELECT pg_advisory_xact_lock_shared($1 + coalesce((SELECT max(seq) FROM changes), 0))";

/// The number up to which every change is visible to the next statement, or will
/// never be.
const SETTLED: &str = "SELECT least( \
         (SELECT coalesce(max(seq), 0) FROM changes), \
         (SELECT min((classid::bigint << 32) + objid::bigint - $1) FROM pg_locks \
          WHERE locktype = 'advisory' AND objsubid = 1 AND classid::bigint >> 8 = $1 >> 40 \
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) \
     ) AS seq";

#[derive(QueryableByName)]
struct Settled {
    #[diesel(sql_type = BigInt)]
    seq: i64,
}

/// Adds a change to the list, in the transaction that causes it.
pub(crate) async fn announce(conn: &mut AsyncPgConnection, change: Change) -> QueryResult<()> {
    diesel::sql_query(BEGIN)
        .bind::<BigInt, _>(WRITING)
        .execute(conn)
        .await?;
    diesel::insert_into(changes::table)
        .values(NewChangeRow::from(change))
        .execute(conn)
        .await?;
    Ok(())
}

#[async_trait]
impl Changes for PgStore {
    async fn change_cursor(&self) -> Result<i64, Unavailable> {
        self.database()
            .read("change_cursor", Scope::Everything, (), |conn, ()| {
                async move { Ok(settled(conn).await?) }.boxed()
            })
            .await
    }

    async fn changes_since(&self, cursor: i64) -> Result<ChangeBatch, Unavailable> {
        self.database()
            .read(
                "changes_since",
                Scope::Everything,
                cursor,
                |conn, cursor| since(conn, *cursor).boxed(),
            )
            .await
    }
}

async fn settled(conn: &mut AsyncPgConnection) -> QueryResult<i64> {
    let settled: Settled = diesel::sql_query(SETTLED)
        .bind::<BigInt, _>(WRITING)
        .get_result(conn)
        .await?;
    Ok(settled.seq)
}

/// Two statements, each with a view of its own: the second sees everything that the
/// first called settled.
async fn since(
    conn: &mut AsyncPgConnection,
    cursor: i64,
) -> Result<ChangeBatch, Fault<Unavailable>> {
    let settled = settled(conn).await?;
    let rows: Vec<ChangeRow> = changes::table
        .filter(changes::seq.gt(cursor))
        .order(changes::seq)
        .limit(i64::try_from(MOST).unwrap_or(i64::MAX))
        .select(ChangeRow::as_select())
        .load(conn)
        .await?;
    let last = rows.last().filter(|_| rows.len() == MOST);
    let reached = last.map_or(settled, |row| settled.min(row.seq));
    let changes = rows
        .iter()
        .map(Change::try_from)
        .collect::<Result<_, _>>()?;
    Ok(ChangeBatch {
        cursor: reached.max(cursor),
        changes,
    })
}
