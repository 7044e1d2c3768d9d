//! Group commit: commands that arrive while a commit is in flight share the next
//! transaction.

mod job;
mod session;

pub(crate) use job::{Ping, Work};

use core::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::oneshot;
use vuzo_domain::port::Unavailable;

use crate::database::Database;
use job::{Command, Job};
use session::Session;

/// How many commands may wait. Beyond that the store is unavailable, rather than
/// ever slower.
const LONGEST_QUEUE: usize = 8_192;

/// How many commands share a commit at the most, so that the first of them does not
/// wait for ever.
const LARGEST_BATCH: usize = 512;

/// How long a command is tried before its caller is told that the store is
/// unavailable.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The way to the task that writes the ledger.
pub(crate) struct Writer {
    queue: mpsc::Sender<Box<dyn Job>>,
}

/// Why a command was not taken, or not answered.
#[derive(Debug, thiserror::Error)]
enum NotTaken {
    #[error("too many commands are waiting")]
    QueueFull,
    #[error("the writer has stopped")]
    WriterGone,
}

impl Writer {
    /// Starts the writer on the runtime that drives the connections. It finishes what
    /// it has accepted when its last user is gone.
    pub(crate) fn start(database: &Database) -> Self {
        let (queue, jobs) = mpsc::channel(LONGEST_QUEUE);
        let session = Session::new(database.connector().clone());
        // Not waited for: every command has a caller who waits for its answer.
        drop(database.runtime().spawn(session.work(jobs)));
        Self { queue }
    }

    /// Runs a command in the next transaction, and waits until it is durable. It is
    /// run again where the transaction broke for another's sake, or nobody knows
    /// whether it was committed.
    pub(crate) async fn run<W: Work>(&self, work: W) -> Result<W::Done, W::Refusal> {
        let unavailable = |fault: NotTaken| Unavailable::new(W::OPERATION, fault);
        let (reply, answer) = oneshot::channel();
        let sent = self.queue.try_send(Box::new(Command::new(work, reply)));
        sent.map_err(|error| {
            unavailable(match error {
                TrySendError::Full(_) => NotTaken::QueueFull,
                TrySendError::Closed(_) => NotTaken::WriterGone,
            })
        })?;
        answer
            .await
            .map_err(|_gone| unavailable(NotTaken::WriterGone))?
    }
}
