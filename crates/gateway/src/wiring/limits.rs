//! What instances share: limits, answers that are given again and news of changes,
//! through Redis if there is one.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::runtime::Handle;
use vuzo_domain::port::{AnswerCache, ChangeFeed, ChangeSink, Clock, Limiter, Unavailable};
use vuzo_memory::{LocalAnswers, LocalFeed, LocalLimiter};
use vuzo_redis::{Failover, Redis, RedisAnswers, RedisFeed, RedisLimiter, Subscription};

use crate::config::Config;

/// How long the first answer of Redis is waited for, its connection included.
const FIRST_ANSWER: Duration = Duration::from_secs(1);

/// With whom limits and news are shared.
pub(crate) enum Sharing {
    /// With nobody.
    Alone,
    /// With everybody on this Redis, as long as it answers.
    Redis {
        redis: Redis,
        limiter: Arc<Failover>,
        answers: Arc<RedisAnswers>,
    },
}

impl Sharing {
    /// Begins to connect; Redis need not be there.
    pub(crate) fn open(config: &Config, handle: &Handle) -> Result<Self> {
        let Some(url) = &config.redis_url else {
            return Ok(Self::Alone);
        };
        let redis = Redis::open(url.expose(), handle.clone()).context("REDIS_URL")?;
        let shared = Arc::new(RedisLimiter::new(redis.clone()));
        let limiter = Failover::new(shared, Arc::new(local_limiter()), handle.clone());
        // On a connection of its own: counters must not wait behind large answers.
        let answers = Redis::open(url.expose(), handle.clone()).context("REDIS_URL")?;
        Ok(Self::Redis {
            redis,
            limiter: Arc::new(limiter),
            answers: Arc::new(RedisAnswers::new(answers)),
        })
    }

    /// The connection, if there is one.
    pub(crate) fn redis(&self) -> Option<&Redis> {
        match self {
            Self::Alone => None,
            Self::Redis { redis, .. } => Some(redis),
        }
    }

    /// The limiter that goes on without Redis, if there is a Redis.
    pub(crate) fn failover(&self) -> Option<&Arc<Failover>> {
        match self {
            Self::Alone => None,
            Self::Redis { limiter, .. } => Some(limiter),
        }
    }

    pub(super) fn limiter(&self) -> Arc<dyn Limiter> {
        match self {
            Self::Alone => Arc::new(local_limiter()),
            Self::Redis { limiter, .. } => Arc::<Failover>::clone(limiter),
        }
    }

    pub(super) fn answers(&self, clock: &Arc<dyn Clock>) -> Arc<dyn AnswerCache> {
        match self {
            Self::Alone => Arc::new(LocalAnswers::new(
                Arc::clone(clock),
                LocalAnswers::USUAL_BYTES,
            )),
            Self::Redis { answers, .. } => Arc::<RedisAnswers>::clone(answers),
        }
    }

    pub(super) fn feed(&self) -> Arc<dyn ChangeFeed> {
        match self {
            Self::Alone => Arc::new(LocalFeed::default()),
            Self::Redis { redis, .. } => Arc::new(RedisFeed::new(redis.clone())),
        }
    }

    /// Passes news of other instances on, until the answer is dropped.
    pub(crate) fn subscribe(&self, sink: Arc<dyn ChangeSink>) -> Option<Subscription> {
        self.redis()
            .map(|redis| RedisFeed::new(redis.clone()).subscribe(sink))
    }
}

fn local_limiter() -> LocalLimiter {
    LocalLimiter::new(LocalLimiter::USUAL_SCOPES)
}

/// Whether Redis answers a newcomer, whose connection has yet to be made.
pub(crate) async fn redis_answers(redis: &Redis) -> Result<(), Unavailable> {
    redis.clone().with_patience(FIRST_ANSWER).ping().await
}
