use std::path::Path;

use diesel::{RunQueryDsl, SqliteConnection};
use tokio::runtime::Handle;
use vuzo_domain::port::Unavailable;

use crate::batch::Batch;
use crate::fault::{Failure, Fault};
use crate::reader::Readers;
use crate::writer::Writer;
use crate::{connect, migrations};

/// Every storage port over one SQLite file.
///
/// Dropping it waits for the commands that were accepted. A second process may work
/// on the same file at the same time.
pub struct SqliteStore {
    writer: Writer,
    readers: Readers,
}

impl SqliteStore {
    /// Opens the file, making it if need be, and brings its tables up to date.
    ///
    /// Reads run on the blocking threads of `handle`, so callers may be on any
    /// runtime. This itself blocks: call it before serving.
    pub fn open(path: &Path, handle: Handle) -> Result<Self, Unavailable> {
        Self::migrate(path)?;
        Self::open_as_is(path, handle)
    }

    /// Opens the file without touching its tables; see [`SqliteStore::pending`].
    pub fn open_as_is(path: &Path, handle: Handle) -> Result<Self, Unavailable> {
        let unavailable = |fault: Fault| fault.into_unavailable("open");
        let conn = connect::writer(path).map_err(unavailable)?;
        let writer = Writer::start(path.to_owned(), conn).map_err(unavailable)?;
        Ok(Self {
            writer,
            readers: Readers::new(path.to_owned(), handle),
        })
    }

    /// Brings the tables of a file up to date, one process at a time. Answers how
    /// many migrations were applied.
    pub fn migrate(path: &Path) -> Result<usize, Unavailable> {
        migrations::apply(path).map_err(|fault| fault.into_unavailable("migrate"))
    }

    /// The migrations that a file still wants. Nothing is applied.
    pub fn pending(path: &Path) -> Result<Vec<String>, Unavailable> {
        migrations::pending(path).map_err(|fault| fault.into_unavailable("migrate"))
    }

    /// Whether the file can be read and the writer still takes commands.
    pub async fn ping(&self) -> Result<(), Unavailable> {
        self.readers
            .run("ping", |conn| {
                diesel::select(diesel::dsl::sql::<diesel::sql_types::Integer>("1"))
                    .get_result::<i32>(conn)?;
                Ok(())
            })
            .await?;
        self.write("ping", |_batch| Ok(())).await
    }

    pub(crate) async fn write<T, E>(
        &self,
        operation: &'static str,
        command: impl FnMut(&mut Batch<'_>) -> Result<T, Failure<E>> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Unavailable> + Send + 'static,
    {
        self.writer.run(operation, command).await
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        query: impl FnOnce(&mut SqliteConnection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Unavailable> {
        self.readers.run(operation, query).await
    }
}
