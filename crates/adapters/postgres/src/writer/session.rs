use core::error::Error;
use core::mem;
use core::time::Duration;
use std::sync::Arc;

use diesel::QueryResult;
use diesel::dsl::sql;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};
use tokio::try_join;

use super::LARGEST_BATCH;
use super::job::Job;
use crate::batch::{Broken, Changes, Wants, load};
use crate::connect::{Connector, Purpose};
use crate::statements::WriteLedger;

/// How long one attempt at a transaction may take, whatever the server does.
const ATTEMPT_LONGEST: Duration = Duration::from_secs(12);

/// How often a whole batch is tried on a connection that works, before it is divided.
const TRIES_MOST: u32 = 3;

/// How long to wait before the second attempt, and before any other at the most.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(250));

/// How often a transaction is begun again because of holds on unexpected wallets.
const DETOURS_MOST: u32 = 3;

/// The connection that writes, opened anew when it broke.
pub(super) struct Session {
    connector: Connector,
    conn: Option<AsyncPgConnection>,
    is_down: bool,
}

/// Why an attempt failed.
enum Trouble {
    /// One command cannot be done; the others can.
    Command(usize, Box<dyn Error + Send + Sync>),
    /// The server works, and refuses. Nothing was written.
    Refused(Broken),
    /// The server is away. Whether anything was written nobody knows if it was told
    /// to commit.
    Away(Box<dyn Error + Send + Sync>),
}

#[derive(Debug, thiserror::Error)]
#[error("the database did not answer in time")]
struct TooSlow;

#[derive(Debug, thiserror::Error)]
#[error("the server does not keep the writer's statement")]
struct NotPrepared;

/// How far a transaction came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Open,
    Committing,
}

type Group = Vec<Box<dyn Job>>;

impl Session {
    pub(super) const fn new(connector: Connector) -> Self {
        Self {
            connector,
            conn: None,
            is_down: false,
        }
    }

    /// Answers commands until there can be no more.
    pub(super) async fn work(mut self, mut queue: mpsc::Receiver<Box<dyn Job>>) {
        let mut jobs = Group::with_capacity(LARGEST_BATCH);
        while queue.recv_many(&mut jobs, LARGEST_BATCH).await > 0 {
            // Callers who were answered a moment ago may have more to ask: they get on
            // this transaction rather than wait for the next.
            yield_now().await;
            while jobs.len() < LARGEST_BATCH
                && let Ok(job) = queue.try_recv()
            {
                jobs.push(job);
            }
            self.settle(mem::take(&mut jobs)).await;
        }
    }

    /// Runs and answers every command. What breaks a transaction is found by halving
    /// it, and the others are run again, since their work was rolled back with it.
    async fn settle(&mut self, jobs: Group) {
        let mut groups = vec![jobs];
        while let Some(group) = groups.pop() {
            if let Some(mut first) = self.settle_together(group).await {
                let second = first.split_off(first.len() / 2);
                groups.push(second);
                groups.push(first);
            }
        }
    }

    /// Runs and answers commands in one transaction. Gives them back if they have to
    /// be divided.
    async fn settle_together(&mut self, mut group: Group) -> Option<Group> {
        let mut tries = 0;
        let mut backoff = BACKOFF.0;
        let mut is_resent = false;
        if self.is_down {
            give_up(&mut group, &shared(Box::new(TooSlow)));
        }
        while !group.is_empty() {
            let mut progress = Progress::Open;
            match self.attempt(&group, is_resent, &mut progress).await {
                Ok(()) => {
                    self.is_down = false;
                    for job in group.drain(..) {
                        job.answer();
                    }
                }
                Err(Trouble::Command(place, fault)) => {
                    tracing::error!(%fault, "a command of the ledger cannot be done");
                    group.remove(place).fail(&shared(fault));
                }
                Err(Trouble::Refused(fault)) => {
                    tries += 1;
                    tracing::warn!(?fault, tries, "a batch was rolled back");
                    if tries >= TRIES_MOST || is_of_the_data(&fault) {
                        if group.len() > 1 {
                            return Some(group);
                        }
                        fail(&mut group, &shared(Box::new(fault)));
                    }
                    sleep(backoff).await;
                }
                Err(Trouble::Away(fault)) => {
                    tracing::warn!(%fault, "the writer has lost the database");
                    self.is_down = true;
                    is_resent |= progress == Progress::Committing;
                    give_up(&mut group, &shared(fault));
                    sleep(backoff).await;
                }
            }
            backoff = (backoff * 2).min(BACKOFF.1);
        }
        None
    }

    async fn connect(&self) -> Result<AsyncPgConnection, Trouble> {
        let away = |fault: Box<dyn Error + Send + Sync>| Trouble::Away(fault);
        let conn = self
            .connector
            .open(Purpose::Write)
            .await
            .map_err(|fault| away(Box::new(fault)))?;
        match timeout(ATTEMPT_LONGEST, prepare(&conn)).await {
            Ok(Ok(true)) => Ok(conn),
            Ok(Ok(false)) => Err(away(Box::new(NotPrepared))),
            Ok(Err(fault)) => Err(away(Box::new(fault))),
            Err(_elapsed) => Err(away(Box::new(TooSlow))),
        }
    }

    async fn attempt(
        &mut self,
        jobs: &[Box<dyn Job>],
        is_resent: bool,
        progress: &mut Progress,
    ) -> Result<(), Trouble> {
        let conn = match self.conn.take() {
            Some(conn) => conn,
            None => self.connect().await?,
        };
        let run = timeout(
            ATTEMPT_LONGEST,
            Box::pin(transaction(&conn, jobs, is_resent, progress)),
        );
        match run.await {
            Ok(Ok(())) => {
                self.conn = Some(conn);
                Ok(())
            }
            Ok(Err(broken)) => {
                // Only a connection that works can say that it has rolled back.
                let mut shared = &conn;
                let rollback = timeout(ATTEMPT_LONGEST, shared.batch_execute("ROLLBACK"));
                if !matches!(rollback.await, Ok(Ok(()))) {
                    return Err(Trouble::Away(Box::new(broken)));
                }
                self.conn = Some(conn);
                Err(match broken {
                    Broken::At(place, fault) => Trouble::Command(place, fault),
                    broken => Trouble::Refused(broken),
                })
            }
            Err(_elapsed) => Err(Trouble::Away(Box::new(TooSlow))),
        }
    }
}

/// Has the server prepare the statement that is sent together with the commit. Were
/// it not known yet, the commit would overtake it.
async fn prepare(conn: &AsyncPgConnection) -> QueryResult<bool> {
    WriteLedger::default().execute(&mut &*conn).await?;
    let beginning = format!("{}%", WriteLedger::BEGINNING);
    let known = sql::<BigInt>("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE ")
        .bind::<Text, _>(beginning);
    let known: i64 = known.get_result(&mut &*conn).await?;
    Ok(known == 1)
}

async fn commit(conn: &AsyncPgConnection) -> Result<(), Broken> {
    Ok((&mut &*conn).batch_execute("COMMIT").await?)
}

/// Locks, reads, decides, writes and commits.
async fn transaction(
    conn: &AsyncPgConnection,
    jobs: &[Box<dyn Job>],
    is_resent: bool,
    progress: &mut Progress,
) -> Result<(), Broken> {
    let mut wants = Wants::default();
    for job in jobs {
        job.wants(&mut wants);
    }
    let mut detours = 0;
    let mut batch = loop {
        match load(conn, &mut wants).await? {
            Some(batch) => break batch,
            None if detours < DETOURS_MOST => {
                detours += 1;
                (&mut &*conn).batch_execute("ROLLBACK").await?;
            }
            None => return Err(Broken::Raced),
        }
    };
    batch.is_resent = is_resent;
    for (place, job) in jobs.iter().enumerate() {
        job.decide(&mut batch)
            .map_err(|fault| Broken::At(place, fault))?;
    }
    let changes = Changes::of(&batch);
    if changes.is_one_statement() {
        // One round trip for both: where the statement fails, the server takes the
        // commit for a roll-back.
        *progress = Progress::Committing;
        try_join!(biased; changes.save(conn), commit(conn))?;
    } else {
        changes.save(conn).await?;
        *progress = Progress::Committing;
        commit(conn).await?;
    }
    Ok(())
}

/// Whether it is certain that the same batch breaks in the same way.
fn is_of_the_data(fault: &Broken) -> bool {
    use diesel::result::{DatabaseErrorKind as Kind, Error as QueryError};
    match fault {
        Broken::Query(QueryError::DatabaseError(kind, _)) => matches!(
            kind,
            Kind::CheckViolation | Kind::NotNullViolation | Kind::ForeignKeyViolation
        ),
        Broken::Query(QueryError::DeserializationError(_) | QueryError::SerializationError(_))
        | Broken::Rows(_) => true,
        _ => false,
    }
}

fn shared(fault: Box<dyn Error + Send + Sync>) -> Arc<dyn Error + Send + Sync> {
    Arc::from(fault)
}

fn fail(group: &mut Group, fault: &Arc<dyn Error + Send + Sync>) {
    for job in group.drain(..) {
        job.fail(fault);
    }
}

/// Tells those who have waited long enough.
fn give_up(group: &mut Group, fault: &Arc<dyn Error + Send + Sync>) {
    for job in mem::take(group) {
        if job.is_overdue() {
            job.fail(fault);
        } else {
            group.push(job);
        }
    }
}
