use async_trait::async_trait;
use diesel::dsl::max;
use diesel::prelude::*;
use vuzo_domain::port::{Change, ChangeBatch, Changes, Unavailable};
use vuzo_sql::rows::{ChangeRow, NewChangeRow};
use vuzo_sql::schema::changes;

use crate::SqliteStore;
use crate::fault::Fault;

/// The most changes in one answer.
const MOST: i64 = 10_000;

/// Adds a change to the list, in the transaction that causes it.
pub(crate) fn announce(conn: &mut SqliteConnection, change: Change) -> Result<(), Fault> {
    diesel::insert_into(changes::table)
        .values(NewChangeRow::from(change))
        .execute(conn)?;
    Ok(())
}

/// There is one writer at a time, so changes are numbered in the order of their
/// commits and none can be passed over.
#[async_trait]
impl Changes for SqliteStore {
    async fn change_cursor(&self) -> Result<i64, Unavailable> {
        self.read("change_cursor", |conn| {
            let last: Option<i64> = changes::table.select(max(changes::seq)).get_result(conn)?;
            Ok(last.unwrap_or(0))
        })
        .await
    }

    async fn changes_since(&self, cursor: i64) -> Result<ChangeBatch, Unavailable> {
        self.read("changes_since", move |conn| {
            let rows: Vec<ChangeRow> = changes::table
                .filter(changes::seq.gt(cursor))
                .order(changes::seq)
                .limit(MOST)
                .select(ChangeRow::as_select())
                .load(conn)?;
            let reached = rows.last().map_or(cursor, |row| row.seq);
            let changes = rows
                .iter()
                .map(Change::try_from)
                .collect::<Result<_, _>>()?;
            Ok(ChangeBatch {
                cursor: reached,
                changes,
            })
        })
        .await
    }
}
