use core::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;
use tokio::time::Instant;
use vuzo_domain::port::Unavailable;

use super::{LONGEST_WAIT, NotTaken};
use crate::batch::{Batch, Wants};
use crate::database::Fault;

/// A command of the ledger: it says what it needs to know, and later decides on it.
pub(crate) trait Work: Send + Sync + 'static {
    /// What comes of it.
    type Done: Send;
    /// How it is refused.
    type Refusal: From<Unavailable> + Send;

    /// What it is called in logs and errors.
    const OPERATION: &'static str;

    /// Adds the rows that it needs.
    fn wants<'job>(&'job self, wants: &mut Wants<'job>);

    /// Decides, and keeps what has changed in the batch. A refusal MUST come before
    /// the first change; after a fault the whole batch is thrown away.
    fn decide<'job>(
        &'job self,
        batch: &mut Batch<'job>,
    ) -> Result<Self::Done, Fault<Self::Refusal>>;
}

/// Asks for nothing, and is answered like every other command.
pub(crate) struct Ping;

impl Work for Ping {
    type Done = ();
    type Refusal = Unavailable;

    const OPERATION: &'static str = "ping";

    fn wants<'job>(&'job self, _wants: &mut Wants<'job>) {}

    fn decide<'job>(&'job self, _batch: &mut Batch<'job>) -> Result<(), Fault<Unavailable>> {
        Ok(())
    }
}

/// A command with somebody who waits for its answer.
pub(super) trait Job: Send + Sync {
    fn wants<'job>(&'job self, wants: &mut Wants<'job>);

    /// Decides, and keeps the outcome until it is durable.
    fn decide<'job>(
        &'job self,
        batch: &mut Batch<'job>,
    ) -> Result<(), Box<dyn Error + Send + Sync>>;

    /// Whether its caller has waited long enough.
    fn is_overdue(&self) -> bool;

    /// Tells the outcome, which is durable now.
    fn answer(self: Box<Self>);

    /// Tells that there is none.
    fn fail(self: Box<Self>, fault: &Arc<dyn Error + Send + Sync>);
}

pub(super) struct Command<W: Work> {
    work: W,
    since: Instant,
    outcome: Mutex<Option<Outcome<W>>>,
    reply: oneshot::Sender<Outcome<W>>,
}

type Outcome<W> = Result<<W as Work>::Done, <W as Work>::Refusal>;

impl<W: Work> Command<W> {
    pub(super) fn new(work: W, reply: oneshot::Sender<Outcome<W>>) -> Self {
        Self {
            work,
            since: Instant::now(),
            outcome: Mutex::new(None),
            reply,
        }
    }

    fn reply(self, outcome: Outcome<W>) {
        // Nobody may be waiting any more; what is done is done all the same.
        let _nobody_waits = self.reply.send(outcome);
    }
}

impl<W: Work> Job for Command<W> {
    fn wants<'job>(&'job self, wants: &mut Wants<'job>) {
        self.work.wants(wants);
    }

    fn decide<'job>(
        &'job self,
        batch: &mut Batch<'job>,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let outcome = match self.work.decide(batch) {
            Ok(done) => Ok(done),
            Err(Fault::Refused(refusal)) => Err(refusal),
            Err(Fault::Query(fault)) => return Err(Box::new(fault)),
            Err(Fault::Broken(fault)) => return Err(fault),
        };
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        Ok(())
    }

    fn is_overdue(&self) -> bool {
        self.since.elapsed() > LONGEST_WAIT
    }

    fn answer(mut self: Box<Self>) {
        let outcome = self
            .outcome
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let outcome = outcome
            .take()
            .unwrap_or_else(|| Err(Unavailable::new(W::OPERATION, NotTaken::WriterGone).into()));
        self.reply(outcome);
    }

    fn fail(self: Box<Self>, fault: &Arc<dyn Error + Send + Sync>) {
        let unavailable = Unavailable::new(W::OPERATION, Shared(Arc::clone(fault)));
        self.reply(Err(unavailable.into()));
    }
}

/// The same trouble for every command of a batch.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Shared(Arc<dyn Error + Send + Sync>);
