use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use redis::aio::ConnectionManager;
use redis::{Cmd, ErrorKind, RedisResult, Script, ServerErrorKind};
use vuzo_domain::port::{Admission, Admitted, Limiter, LimiterError, Unavailable};

use crate::connection::Redis;
use keys::KeyNames;
pub(crate) use plan::keeps_open_calls;
use plan::{AdmitPlan, LeavePlan};

mod keys;
mod plan;
mod reply;

/// Sliding windows in Redis, shared by all instances.
///
/// One call of a script counts a call in all windows of all its scopes, or in none.
/// The time is that of Redis.
#[derive(Clone)]
pub struct RedisLimiter {
    redis: Redis,
    admit: Arc<Script>,
    leave: Arc<Script>,
    prefix: String,
    clock: ScriptClock,
}

/// Which clock the scripts go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ScriptClock {
    Redis,
    Admission,
}

impl RedisLimiter {
    /// A limiter on this connection.
    pub fn new(redis: Redis) -> Self {
        let script = |body: &str| {
            let window = include_str!("limiter/window.lua");
            Arc::new(Script::new(&format!("{window}\n{body}")))
        };
        Self {
            redis,
            admit: script(include_str!("limiter/admit.lua")),
            leave: script(include_str!("limiter/leave.lua")),
            prefix: keys::LAYOUT.to_owned(),
            clock: ScriptClock::Redis,
        }
    }

    /// The same limiter with counters of its own, so that tests do not meet.
    #[must_use]
    pub fn with_prefix(mut self, prefix: &str) -> Self {
        self.prefix = format!("{}{prefix}:", keys::LAYOUT);
        self
    }

    /// The same limiter going by the time of each admission instead of that of
    /// Redis, for tests that move the clock. Instances do not share a clock then.
    #[must_use]
    pub fn with_clock_of_admissions(mut self) -> Self {
        self.clock = ScriptClock::Admission;
        self
    }

    /// Begins a call of a script: keys follow, then `clock` and the arguments.
    fn begin(script: &Script, keys: &[String]) -> Cmd {
        let mut command = redis::cmd("EVALSHA");
        command.arg(script.get_hash()).arg(keys.len()).arg(keys);
        command
    }

    /// The clock argument: empty for the time of Redis.
    fn clock(&self, admission: &Admission) -> String {
        match self.clock {
            ScriptClock::Redis => String::new(),
            ScriptClock::Admission => admission.at.as_micros().to_string(),
        }
    }
}

impl fmt::Debug for RedisLimiter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RedisLimiter")
            .field("prefix", &self.prefix)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Limiter for RedisLimiter {
    async fn admit(&self, admission: &Admission) -> Result<Admitted, LimiterError> {
        const OPERATION: &str = "counting a call";
        let plan = AdmitPlan::of(admission, &KeyNames::new(&self.prefix, admission));
        if plan.is_empty() {
            return Ok(Admitted::default());
        }
        let mut command = Self::begin(&self.admit, plan.keys());
        command
            .arg(self.clock(admission))
            .arg(admission.call.uuid().as_bytes())
            .arg(plan.packed());
        let script = Arc::clone(&self.admit);
        let answer: Vec<i64> = self
            .redis
            .run(OPERATION, |connection| {
                evaluate(connection, script, command)
            })
            .await?;
        reply::read(&plan, &answer).ok_or_else(|| {
            let unexpected = format!("unexpected answer: {answer:?}");
            LimiterError::Unavailable(Unavailable::new(OPERATION, unexpected))
        })?
    }

    async fn leave(&self, admission: &Admission, tokens: u64) -> Result<(), Unavailable> {
        let difference = plan::difference(admission.tokens, tokens);
        let names = KeyNames::new(&self.prefix, admission);
        let plan = LeavePlan::of(admission, difference, &names);
        if plan.is_empty() {
            return Ok(());
        }
        let mut command = Self::begin(&self.leave, plan.keys());
        command
            .arg(self.clock(admission))
            .arg(admission.call.uuid().as_bytes())
            .arg(difference)
            .arg(plan.packed());
        let script = Arc::clone(&self.leave);
        let _done: i64 = self
            .redis
            .run("ending a call", |connection| {
                evaluate(connection, script, command)
            })
            .await?;
        Ok(())
    }
}

/// Runs a script by its hash, and teaches it to a Redis that does not know it.
async fn evaluate<T: redis::FromRedisValue>(
    mut connection: ConnectionManager,
    script: Arc<Script>,
    command: Cmd,
) -> RedisResult<T> {
    match command.query_async(&mut connection).await {
        Err(fault) if fault.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
            script.load_async(&mut connection).await?;
            command.query_async(&mut connection).await
        }
        outcome => outcome,
    }
}
