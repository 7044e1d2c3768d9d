use std::fmt;

use async_trait::async_trait;
use redis::Script;
use vuzo_domain::port::{Admission, Admitted, Limiter, LimiterError, Unavailable};

use crate::connection::Redis;
use gate::{Gate, Group, Step};
use keys::KeyNames;
pub(crate) use plan::keeps_open_calls;
use plan::{AdmitPlan, LeavePlan};

mod gate;
mod keys;
mod plan;
mod reply;

/// Sliding windows in Redis, shared by all instances.
///
/// A script counts a call in all windows of all its scopes, or in none, and does so for
/// all calls of an account that wait. The time is that of Redis.
#[derive(Clone)]
pub struct RedisLimiter {
    gate: Gate,
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
        let script = concat!(
            include_str!("limiter/window.lua"),
            include_str!("limiter/calls.lua")
        );
        Self {
            gate: Gate::open(redis, Script::new(script)),
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

    /// Which steps a step may leave with.
    fn group(&self, admission: &Admission, names: &KeyNames<'_>) -> Group {
        let clock = match self.clock {
            ScriptClock::Redis => String::new(),
            ScriptClock::Admission => admission.at.as_micros().to_string(),
        };
        Group {
            tag: names.tag(admission),
            clock,
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
        let names = KeyNames::new(&self.prefix, admission);
        let mut plan = AdmitPlan::of(admission, &names);
        if plan.is_empty() {
            return Ok(Admitted::default());
        }
        let (keys, packed) = plan.take_step();
        let group = self.group(admission, &names);
        let step = Step {
            group,
            keys,
            packed,
        };
        let answer = self.gate.ask(OPERATION, step).await?;
        reply::read(&plan, &answer).ok_or_else(|| {
            let unexpected = format!("unexpected answer: {answer:?}");
            LimiterError::Unavailable(Unavailable::new(OPERATION, unexpected))
        })?
    }

    async fn leave(&self, admission: &Admission, tokens: u64) -> Result<(), Unavailable> {
        let names = KeyNames::new(&self.prefix, admission);
        let LeavePlan { keys, packed } = LeavePlan::of(admission, tokens, &names);
        if keys.is_empty() {
            return Ok(());
        }
        let group = self.group(admission, &names);
        let step = Step {
            group,
            keys,
            packed,
        };
        self.gate.ask("ending a call", step).await?;
        Ok(())
    }
}
