use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

use diesel::SqliteConnection;
use tokio::sync::oneshot;
use vuzo_domain::port::Unavailable;

use crate::batch::Batch;
use crate::connect;
use crate::fault::{Failure, Fault, shared};

/// The one thread that writes, and the way to it.
///
/// Commands that arrive while a commit is in flight share the next transaction, so
/// that the wait for the disk is shared as well. Each is answered after the commit.
pub(crate) struct Writer {
    queue: Option<SyncSender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

/// How many commands may wait. Beyond that the store is unavailable, rather than
/// ever slower.
const LONGEST_QUEUE: usize = 8_192;

/// How many commands share a commit at the most, so that the first of them does not
/// wait for ever.
const LARGEST_BATCH: usize = 256;

impl Writer {
    pub(crate) fn start(path: PathBuf, conn: SqliteConnection) -> Result<Self, Fault> {
        let (queue, jobs) = sync_channel(LONGEST_QUEUE);
        let thread = thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || {
                let mut session = Session {
                    path,
                    conn: Some(conn),
                };
                work(&mut session, &jobs);
            })
            .map_err(|error| {
                Fault::Connect(diesel::ConnectionError::BadConnection(error.to_string()))
            })?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
        })
    }

    /// Runs a command in the next transaction, and waits until it is durable. The
    /// command may be run more than once, if a neighbour breaks the transaction.
    pub(crate) async fn run<T, E>(
        &self,
        operation: &'static str,
        command: impl FnMut(&mut Batch<'_>) -> Result<T, Failure<E>> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Unavailable> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Command {
            operation,
            work: command,
            outcome: None,
            reply,
        };
        let sent = match &self.queue {
            Some(queue) => queue.try_send(Box::new(job)),
            None => return Err(Fault::WriterGone.into_unavailable(operation).into()),
        };
        sent.map_err(|error| {
            let fault = match error {
                TrySendError::Full(_) => Fault::QueueFull,
                TrySendError::Disconnected(_) => Fault::WriterGone,
            };
            fault.into_unavailable(operation)
        })?;
        answer
            .await
            .map_err(|_gone| Fault::WriterGone.into_unavailable(operation))?
    }
}

impl Drop for Writer {
    /// Lets the thread finish what it has accepted.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the writer of the database has panicked");
        }
    }
}

/// A command with somebody who waits for its answer.
trait Job: Send {
    /// Runs the command and keeps its outcome.
    fn run(&mut self, batch: &mut Batch<'_>) -> Result<(), Fault>;

    /// Tells the outcome, or that it was lost.
    fn reply(self: Box<Self>, fault: Option<&Arc<Fault>>);
}

struct Command<C, T, E> {
    operation: &'static str,
    work: C,
    outcome: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<C, T, E> Job for Command<C, T, E>
where
    C: FnMut(&mut Batch<'_>) -> Result<T, Failure<E>> + Send,
    T: Send,
    E: From<Unavailable> + Send,
{
    fn run(&mut self, batch: &mut Batch<'_>) -> Result<(), Fault> {
        self.outcome = Some(match (self.work)(batch) {
            Ok(done) => Ok(done),
            Err(Failure::Refused(refusal)) => Err(refusal),
            Err(Failure::Broken(fault)) => return Err(fault),
        });
        Ok(())
    }

    fn reply(self: Box<Self>, fault: Option<&Arc<Fault>>) {
        let outcome = match (fault, self.outcome) {
            (None, Some(outcome)) => outcome,
            (Some(fault), _) => Err(shared(self.operation, fault).into()),
            (None, None) => Err(Fault::WriterGone.into_unavailable(self.operation).into()),
        };
        // Nobody may be waiting any more; what is done is done all the same.
        let _nobody_waits = self.reply.send(outcome);
    }
}

/// The writer's connection, opened anew when it broke.
struct Session {
    path: PathBuf,
    conn: Option<SqliteConnection>,
}

fn work(session: &mut Session, jobs: &Receiver<Box<dyn Job>>) {
    let mut batch = Vec::with_capacity(LARGEST_BATCH);
    while let Ok(first) = jobs.recv() {
        batch.push(first);
        while batch.len() < LARGEST_BATCH
            && let Ok(next) = jobs.try_recv()
        {
            batch.push(next);
        }
        session.settle(&mut batch);
    }
}

/// Where a transaction broke.
enum Broken {
    /// In the command at this place.
    At(usize, Fault),
    /// When the sums of all of them were written.
    Together(Fault),
    /// In the store.
    Store(Fault),
}

impl From<diesel::result::Error> for Broken {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Session {
    /// Runs and answers every command. One that breaks the transaction is taken out
    /// and the others are run again, since their work was rolled back with it.
    fn settle(&mut self, batch: &mut Vec<Box<dyn Job>>) {
        while !batch.is_empty() {
            match self.attempt(batch) {
                Ok(()) => answer(batch.drain(..), None),
                Err(Broken::At(place, fault)) => {
                    tracing::error!(?fault, "a command was rolled back");
                    let culprit = batch.remove(place);
                    culprit.reply(Some(&Arc::new(fault)));
                }
                Err(Broken::Together(fault)) if batch.len() > 1 => {
                    tracing::error!(
                        ?fault,
                        "a batch was rolled back; its commands go one by one"
                    );
                    for job in batch.drain(..) {
                        self.settle(&mut vec![job]);
                    }
                }
                Err(Broken::Together(fault) | Broken::Store(fault)) => {
                    tracing::error!(?fault, "a batch was rolled back");
                    answer(batch.drain(..), Some(&Arc::new(fault)));
                }
            }
        }
    }

    fn attempt(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<(), Broken> {
        let mut conn = match self.conn.take() {
            Some(conn) => conn,
            None => connect::writer(&self.path).map_err(Broken::Store)?,
        };
        let done = conn.immediate_transaction(|conn| {
            let mut batch = Batch::new(conn);
            for (place, job) in jobs.iter_mut().enumerate() {
                job.run(&mut batch).map_err(|fault| {
                    if fault.is_of_one_command() {
                        Broken::At(place, fault)
                    } else {
                        Broken::Store(fault)
                    }
                })?;
            }
            batch.flush().map_err(Broken::Together)
        });
        // A connection that the store itself broke is not used again.
        if !matches!(done, Err(Broken::Store(_))) {
            self.conn = Some(conn);
        }
        done
    }
}

fn answer(jobs: impl Iterator<Item = Box<dyn Job>>, fault: Option<&Arc<Fault>>) {
    for job in jobs {
        job.reply(fault);
    }
}
