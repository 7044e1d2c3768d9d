//! What instances share: limits and news of changes, through Redis if there is one.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::runtime::Handle;
use vuzo_domain::port::{ChangeFeed, ChangeSink, Limiter, Unavailable};
use vuzo_memory::{LocalFeed, LocalLimiter};
use vuzo_redis::{Failover, Redis, RedisFeed, RedisLimiter, Subscription};

use crate::config::Config;

/// How long the first answer of Redis is waited for, its connection included.
const FIRST_ANSWER: Duration = Duration::from_secs(1);

/// With whom limits and news are shared.
pub(crate) enum Sharing {
    /// With nobody.
    Alone,
    /// With everybody on this Redis.
    Redis(Redis),
}

impl Sharing {
    /// Begins to connect; Redis need not be there.
    pub(crate) fn open(config: &Config, handle: &Handle) -> Result<Self> {
        match &config.redis_url {
            Some(url) => Redis::open(url.expose(), handle.clone())
                .map(Self::Redis)
                .context("REDIS_URL"),
            None => Ok(Self::Alone),
        }
    }

    /// The connection, if there is one.
    pub(crate) fn redis(&self) -> Option<&Redis> {
        match self {
            Self::Alone => None,
            Self::Redis(redis) => Some(redis),
        }
    }

    pub(super) fn limiter(&self, handle: &Handle) -> Arc<dyn Limiter> {
        let local = Arc::new(LocalLimiter::new(LocalLimiter::USUAL_SCOPES));
        match self {
            Self::Alone => local,
            Self::Redis(redis) => {
                let shared = Arc::new(RedisLimiter::new(redis.clone()));
                Arc::new(Failover::new(shared, local, handle.clone()))
            }
        }
    }

    pub(super) fn feed(&self) -> Arc<dyn ChangeFeed> {
        match self {
            Self::Alone => Arc::new(LocalFeed::default()),
            Self::Redis(redis) => Arc::new(RedisFeed::new(redis.clone())),
        }
    }

    /// Passes news of other instances on, until the answer is dropped.
    pub(crate) fn subscribe(&self, sink: Arc<dyn ChangeSink>) -> Option<Subscription> {
        self.redis()
            .map(|redis| RedisFeed::new(redis.clone()).subscribe(sink))
    }
}

/// Whether Redis answers a newcomer, whose connection has yet to be made.
pub(crate) async fn redis_answers(redis: &Redis) -> Result<(), Unavailable> {
    redis.clone().with_patience(FIRST_ANSWER).ping().await
}
