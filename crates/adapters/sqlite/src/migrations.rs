use core::fmt::Display;
use std::fs::File;
use std::path::{Path, PathBuf};

use diesel::SqliteConnection;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::connect;
use crate::fault::Fault;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../../migrations/sqlite");

/// Applies what is pending, alone: a second process waits, and then finds nothing to
/// do. Answers how many were applied.
pub(crate) fn apply(path: &Path) -> Result<usize, Fault> {
    let lock = File::create(lock_path(path)).map_err(|error| trouble(&error))?;
    lock.lock().map_err(|error| trouble(&error))?;
    let mut conn = connect::writer(path)?;
    let applied = conn
        .run_pending_migrations(MIGRATIONS)
        .map_err(|error| trouble(&error))?;
    Ok(applied.len())
}

/// The names of what is pending. Nothing is applied.
pub(crate) fn pending(path: &Path) -> Result<Vec<String>, Fault> {
    let mut conn: SqliteConnection = connect::writer(path)?;
    let pending = conn
        .pending_migrations(MIGRATIONS)
        .map_err(|error| trouble(&error))?;
    Ok(pending
        .iter()
        .map(|migration| migration.name().to_string())
        .collect())
}

/// A file beside the database. It is never removed: to remove it while another
/// process waits for it would let two in.
fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".migrate-lock");
    PathBuf::from(name)
}

fn trouble(error: &dyn Display) -> Fault {
    Fault::Migration(error.to_string())
}
