use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};

use crate::fault::Fault;

/// What every connection waits for another process's lock.
const WAIT: &str = "PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON;";

/// `synchronous = FULL` makes every commit durable before it is answered. A longer
/// log before each checkpoint writes pages that many calls touch less often.
const WRITER: &str = "\
    PRAGMA journal_mode = WAL;\
    PRAGMA synchronous = FULL;\
    PRAGMA wal_autocheckpoint = 4000;\
    PRAGMA journal_size_limit = 67108864;\
    PRAGMA cache_size = -16000;\
    PRAGMA temp_store = MEMORY;";

const READER: &str = "\
    PRAGMA query_only = ON;\
    PRAGMA cache_size = -4000;\
    PRAGMA temp_store = MEMORY;";

/// The one connection that writes.
pub(crate) fn writer(path: &Path) -> Result<SqliteConnection, Fault> {
    connect(path, WRITER)
}

/// A connection that only reads.
pub(crate) fn reader(path: &Path) -> Result<SqliteConnection, Fault> {
    connect(path, READER)
}

fn connect(path: &Path, pragmas: &str) -> Result<SqliteConnection, Fault> {
    let Some(text) = path.to_str() else {
        return Err(Fault::Refused("the path of the database is not UTF-8"));
    };
    let mut conn = SqliteConnection::establish(text)?;
    conn.batch_execute(WAIT)?;
    conn.batch_execute(pragmas)?;
    Ok(conn)
}
