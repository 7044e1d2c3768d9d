use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use diesel::SqliteConnection;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use vuzo_domain::port::Unavailable;

use crate::connect;
use crate::fault::Fault;

/// A few connections that only read, on the threads for blocking work. The writer
/// does not wait for them, nor they for it.
pub(crate) struct Readers {
    handle: Handle,
    path: PathBuf,
    permits: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<SqliteConnection>>>,
}

const CONNECTIONS: usize = 4;

impl Readers {
    pub(crate) fn new(path: PathBuf, handle: Handle) -> Self {
        Self {
            handle,
            path,
            permits: Arc::new(Semaphore::new(CONNECTIONS)),
            idle: Arc::default(),
        }
    }

    /// Runs a query on one of the connections.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        operation: &'static str,
        query: impl FnOnce(&mut SqliteConnection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|closed| Unavailable::new(operation, closed))?;
        let path = self.path.clone();
        let idle = Arc::clone(&self.idle);
        let work = self.handle.spawn_blocking(move || {
            let _until_done = permit;
            let waiting = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut conn = match waiting {
                Some(conn) => conn,
                None => connect::reader(&path)?,
            };
            let answer = query(&mut conn);
            // After trouble of the store's own, the next query begins afresh.
            if answer.as_ref().err().is_none_or(Fault::is_of_one_command) {
                idle.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(conn);
            }
            answer
        });
        work.await
            .map_err(|_aborted| Fault::ReadAborted)
            .and_then(|answer| answer)
            .map_err(|fault| fault.into_unavailable(operation))
    }
}
