use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::join_all;
use redis::aio::ConnectionManager;
use redis::{Cmd, ErrorKind, RedisResult, Script, ServerErrorKind};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::task::yield_now;
use vuzo_domain::port::Unavailable;

use crate::connection::Redis;

/// Callers who may wait to be asked for; more are told that Redis is unavailable.
const MOST_WAITING: usize = 4_096;

/// Steps that one call of the script takes at most, so that it holds Redis up for no
/// longer than about a millisecond.
const MOST_AT_ONCE: usize = 64;

const OPERATION: &str = "counting calls";

/// Takes the steps of all callers to Redis. While one exchange is under way others
/// gather, and those of one account leave together: what they look at is read and
/// written once for all of them.
#[derive(Clone)]
pub(super) struct Gate {
    queue: mpsc::Sender<Asked>,
}

/// What the script is to do for one call.
pub(super) struct Step {
    /// Steps with the same are for keys that live side by side, at the same time.
    pub(super) group: Group,
    pub(super) keys: Vec<String>,
    pub(super) packed: Vec<u8>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Group {
    /// The hash tag of all keys.
    pub(super) tag: String,
    /// The clock argument: empty for the time of Redis.
    pub(super) clock: String,
}

struct Asked {
    step: Step,
    reply: oneshot::Sender<Result<Vec<i64>, Shared>>,
}

/// The same trouble for everybody who waited for one answer.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}", .0.source)]
struct Shared(Arc<Unavailable>);

#[derive(Debug, thiserror::Error)]
enum NotAsked {
    #[error("too many calls wait to be counted")]
    QueueFull,
    #[error("calls are no longer counted")]
    Closed,
}

impl Gate {
    /// Asks on the runtime of the connection, until all clones of the gate are gone.
    pub(super) fn open(redis: Redis, script: Script) -> Self {
        let (queue, asked) = mpsc::channel(MOST_WAITING);
        let runtime = redis.runtime().clone();
        runtime.spawn(work(redis, Arc::new(script), asked));
        Self { queue }
    }

    /// Does a step, and brings its answer. That of a caller who has gone meanwhile is
    /// not done if it has not left yet.
    pub(super) async fn ask(
        &self,
        operation: &'static str,
        step: Step,
    ) -> Result<Vec<i64>, Unavailable> {
        let (reply, answer) = oneshot::channel();
        let sent = self.queue.try_send(Asked { step, reply });
        sent.map_err(|refused| {
            let why = match refused {
                TrySendError::Full(_) => NotAsked::QueueFull,
                TrySendError::Closed(_) => NotAsked::Closed,
            };
            Unavailable::new(operation, why)
        })?;
        answer
            .await
            .map_err(|_gone| Unavailable::new(operation, NotAsked::Closed))?
            .map_err(|fault| Unavailable::new(operation, fault))
    }
}

async fn work(redis: Redis, script: Arc<Script>, mut queue: mpsc::Receiver<Asked>) {
    let mut asked = Vec::with_capacity(MOST_AT_ONCE);
    while queue.recv_many(&mut asked, MOST_AT_ONCE).await > 0 {
        // Others may be about to ask: they get along.
        yield_now().await;
        while asked.len() < MOST_AT_ONCE
            && let Ok(one_more) = queue.try_recv()
        {
            asked.push(one_more);
        }
        let mut groups: HashMap<Group, Vec<Asked>> = HashMap::new();
        for one in asked.drain(..).filter(|one| !one.reply.is_closed()) {
            groups.entry(one.step.group.clone()).or_default().push(one);
        }
        let asking = groups
            .into_iter()
            .map(|(group, asked)| ask_for(&redis, &script, group, asked));
        join_all(asking).await;
    }
}

/// One call of the script.
async fn ask_for(redis: &Redis, script: &Arc<Script>, group: Group, asked: Vec<Asked>) {
    let mut command = redis::cmd("EVALSHA");
    command
        .arg(script.get_hash())
        .arg(asked.iter().map(|one| one.step.keys.len()).sum::<usize>());
    for one in &asked {
        command.arg(&one.step.keys);
    }
    command.arg(group.clock);
    for one in &asked {
        command.arg(&one.step.packed);
    }
    let script = Arc::clone(script);
    let exchange = |connection| evaluate(connection, script, command);
    let answers = match redis.exchange(OPERATION, exchange).await {
        Ok(answers) if answers.len() == asked.len() => Ok(answers),
        Ok(answers) => Err(Unavailable::new(
            OPERATION,
            format!("{} answers to {} steps", answers.len(), asked.len()),
        )),
        Err(fault) => Err(fault),
    };
    // Nobody may be waiting any more.
    match answers {
        Ok(answers) => {
            for (one, answer) in asked.into_iter().zip(answers) {
                let _gone = one.reply.send(Ok(answer));
            }
        }
        Err(fault) => {
            let fault = Shared(Arc::new(fault));
            for one in asked {
                let _gone = one.reply.send(Err(fault.clone()));
            }
        }
    }
}

/// Runs a script by its hash, and teaches it to a Redis that does not know it.
async fn evaluate(
    mut connection: ConnectionManager,
    script: Arc<Script>,
    command: Cmd,
) -> RedisResult<Vec<Vec<i64>>> {
    match command.query_async(&mut connection).await {
        Err(fault) if fault.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
            script.load_async(&mut connection).await?;
            command.query_async(&mut connection).await
        }
        outcome => outcome,
    }
}
