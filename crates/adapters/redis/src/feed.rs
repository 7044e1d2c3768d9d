use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use redis::RedisResult;
use redis::aio::{PubSubSink, PubSubStream};
use tokio::task::AbortHandle;
use tokio::time::{interval, sleep, timeout};
use vuzo_domain::port::{Change, ChangeFeed, ChangeSink, Unavailable};

use crate::connection::{CONNECT, Redis};

mod message;

/// News of changes over Redis publish and subscribe.
///
/// News that are published while a subscriber is not connected are lost to it; the
/// durable list of changes has them.
#[derive(Clone, Debug)]
pub struct RedisFeed {
    redis: Redis,
    channel: String,
}

/// A subscription; it ends when this is dropped.
#[derive(Debug)]
#[must_use = "the subscription ends when this is dropped"]
pub struct Subscription {
    task: AbortHandle,
}

const CHANNEL: &str = "vuzo:changes";
/// The waits between attempts to connect, doubled from the first to the last.
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_secs(2);
/// How often a quiet connection is asked whether it is still there, and how long its
/// answer may take.
const HEARTBEAT: Duration = Duration::from_secs(5);
const HEARTBEAT_ANSWER: Duration = Duration::from_secs(1);

impl RedisFeed {
    /// A feed on this connection.
    pub fn new(redis: Redis) -> Self {
        Self {
            redis,
            channel: CHANNEL.to_owned(),
        }
    }

    /// The same feed on a channel of its own, so that tests do not meet.
    #[must_use]
    pub fn with_channel(mut self, channel: &str) -> Self {
        self.channel = format!("{CHANNEL}:{channel}");
        self
    }

    /// Passes news on to the sink, on a connection of its own, which comes back by
    /// itself.
    pub fn subscribe(&self, sink: Arc<dyn ChangeSink>) -> Subscription {
        let task = self
            .redis
            .runtime()
            .spawn(listen(self.clone(), sink))
            .abort_handle();
        Subscription { task }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[async_trait]
impl ChangeFeed for RedisFeed {
    async fn announce(&self, change: Change) -> Result<(), Unavailable> {
        let mut publish = redis::cmd("PUBLISH");
        publish.arg(&self.channel).arg(message::write(change));
        self.redis
            .run("telling of a change", |mut connection| async move {
                publish.query_async::<()>(&mut connection).await
            })
            .await
    }
}

/// Connects, listens, and begins again.
async fn listen(feed: RedisFeed, sink: Arc<dyn ChangeSink>) {
    let mut retry = FIRST_RETRY;
    loop {
        match connect(&feed).await {
            Ok((requests, news)) => {
                retry = FIRST_RETRY;
                relay(requests, news, sink.as_ref()).await;
                tracing::warn!("the feed of changes broke; the list of changes is polled");
            }
            Err(fault) => {
                tracing::debug!(error = %fault, "the feed of changes cannot be reached");
            }
        }
        sleep(retry).await;
        retry = retry.saturating_mul(2).min(LAST_RETRY);
    }
}

/// Why there is no subscription.
#[derive(Debug)]
enum NotConnected {
    Late,
    Refused(redis::RedisError),
}

impl fmt::Display for NotConnected {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Late => formatter.write_str("no answer in time"),
            Self::Refused(fault) => fault.fmt(formatter),
        }
    }
}

async fn connect(feed: &RedisFeed) -> Result<(PubSubSink, PubSubStream), NotConnected> {
    let subscribing = async {
        let connection = feed.redis.client().get_async_pubsub().await?;
        let (mut requests, news) = connection.split();
        requests.subscribe(&feed.channel).await?;
        RedisResult::Ok((requests, news))
    };
    timeout(CONNECT, subscribing)
        .await
        .map_err(|_late| NotConnected::Late)?
        .map_err(NotConnected::Refused)
}

/// Passes news on until the connection ends or no longer answers.
async fn relay(mut requests: PubSubSink, mut news: PubSubStream, sink: &dyn ChangeSink) {
    let mut heartbeat = interval(HEARTBEAT);
    loop {
        tokio::select! {
            next = news.next() => {
                let Some(next) = next else { return };
                // Text of a later release, or of somebody else, is not ours to judge.
                if let Some(change) = message::read(next.get_payload_bytes()) {
                    sink.forget(change);
                }
            }
            _ = heartbeat.tick() => {
                let answer = timeout(HEARTBEAT_ANSWER, requests.ping::<redis::Value>()).await;
                if !matches!(answer, Ok(Ok(_))) {
                    return;
                }
            }
        }
    }
}
