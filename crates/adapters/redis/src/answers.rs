use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use vuzo_domain::chat::KeptAnswer;
use vuzo_domain::port::{AnswerCache, Unavailable};

use crate::connection::Redis;

mod frame;

/// What the keys begin with. The number changes where keys mean something else; the
/// layout of the values has a number of its own.
const LAYOUT: &str = "vuzo:answers:1:";

/// After trouble Redis is not asked for so long: no call waits for what is away.
const REST: Duration = Duration::from_secs(1);

/// Answers in Redis, shared by all instances: one key each, which Redis drops when its
/// time is over.
pub struct RedisAnswers {
    redis: Redis,
    prefix: String,
    resting: Mutex<Option<Instant>>,
}

impl RedisAnswers {
    /// A cache on this connection. It should be one of its own: behind a large answer
    /// the small ones of others would wait.
    pub fn new(redis: Redis) -> Self {
        Self {
            redis,
            prefix: LAYOUT.to_owned(),
            resting: Mutex::new(None),
        }
    }

    /// The same cache with answers of its own, so that tests do not meet.
    #[must_use]
    pub fn with_prefix(mut self, prefix: &str) -> Self {
        self.prefix = format!("{LAYOUT}{prefix}:");
        self
    }

    fn name(&self, key: &[u8; 32]) -> String {
        let mut name = String::with_capacity(self.prefix.len().saturating_add(64));
        name.push_str(&self.prefix);
        for byte in key {
            // Writing into a string does not fail.
            let _ = write!(name, "{byte:02x}");
        }
        name
    }

    fn rests(&self) -> bool {
        let resting = self.resting.lock();
        let until = *resting.unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    /// Notes trouble, and takes it for nothing.
    fn note<T>(&self, outcome: Result<T, Unavailable>) -> Option<T> {
        match outcome {
            Ok(value) => Some(value),
            Err(fault) => {
                tracing::debug!(%fault, source = %fault.source, "the cache of answers is away");
                let resting = self.resting.lock();
                *resting.unwrap_or_else(PoisonError::into_inner) = Instant::now().checked_add(REST);
                None
            }
        }
    }
}

impl std::fmt::Debug for RedisAnswers {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("RedisAnswers")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl AnswerCache for RedisAnswers {
    async fn find(&self, key: &[u8; 32]) -> Option<KeptAnswer> {
        if self.rests() {
            return None;
        }
        let mut command = redis::cmd("GET");
        command.arg(self.name(key));
        let exchange = self
            .redis
            .run("finding an answer", |mut connection| async move {
                command
                    .query_async::<Option<Vec<u8>>>(&mut connection)
                    .await
            });
        frame::read(self.note(exchange.await)??.into())
    }

    async fn keep(&self, key: &[u8; 32], answer: KeptAnswer, lifetime: Duration) {
        let millis = u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX);
        if answer.size() > KeptAnswer::MOST_BYTES || millis == 0 || self.rests() {
            return;
        }
        let mut command = redis::cmd("SET");
        command
            .arg(self.name(key))
            .arg(frame::write(&answer))
            .arg("PX")
            .arg(millis);
        let exchange = self
            .redis
            .run("keeping an answer", |mut connection| async move {
                command.query_async::<()>(&mut connection).await
            });
        self.note(exchange.await);
    }
}
