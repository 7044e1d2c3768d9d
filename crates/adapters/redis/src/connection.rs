use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::io::tcp::TcpSettings;
use redis::io::tcp::socket2::TcpKeepalive;
use redis::{Client, IntoConnectionInfo, RedisError, RedisResult};
use tokio::runtime::Handle;
use tokio::time::timeout;
use vuzo_domain::port::Unavailable;

/// One multiplexed connection to Redis that comes back by itself.
///
/// It is opened and driven on the runtime that is passed in. Callers may sit on
/// single-threaded runtimes: a socket driven there would wait for whatever else such
/// a thread does, and would end with it.
#[derive(Clone)]
pub struct Redis {
    inner: Arc<Inner>,
    patience: Duration,
}

struct Inner {
    runtime: Handle,
    client: Client,
    manager: Mutex<ConnectionManager>,
}

/// How long an answer may take unless said otherwise, including the wait for a
/// connection.
const PATIENCE: Duration = Duration::from_millis(50);
/// How long opening a connection may take.
pub(crate) const CONNECT: Duration = Duration::from_millis(250);
/// After how long a peer that acknowledges nothing is given up.
const PEER_GONE: Duration = Duration::from_secs(5);
/// How many commands may wait to be written. The library's 50 would make a burst of
/// callers wait for each other.
const WRITE_QUEUE: usize = 1_024;

impl Redis {
    /// Begins to connect, and does not wait for it: Redis may be down now and come
    /// later. MUST be `redis://` or `rediss://`; an address that cannot be read is
    /// the only error.
    pub fn open(url: &str, runtime: Handle) -> Result<Self, Unavailable> {
        let unreadable = |fault: RedisError| Unavailable::new("the address of Redis", fault);
        let tcp = TcpSettings::default()
            .set_nodelay(true)
            .set_keepalive(
                TcpKeepalive::new()
                    .with_time(PEER_GONE)
                    .with_interval(PEER_GONE),
            )
            .set_user_timeout(PEER_GONE);
        let info = url
            .into_connection_info()
            .map_err(unreadable)?
            .set_tcp_settings(tcp);
        let client = Client::open(info).map_err(unreadable)?;
        let manager = lazy_manager(&client, &runtime).map_err(unreadable)?;
        let opened = Self {
            inner: Arc::new(Inner {
                runtime,
                client,
                manager: Mutex::new(manager),
            }),
            patience: PATIENCE,
        };
        let warming = opened.clone();
        opened.runtime().spawn(async move {
            if let Err(fault) = warming.ping().await {
                tracing::warn!(error = %fault.source, "Redis does not answer yet");
            }
        });
        Ok(opened)
    }

    /// The same connection with another bound than 50 ms on the wait for an answer.
    /// [`crate::Failover`] does not wait longer than that whatever is said here.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Whether Redis answers, for the health page.
    pub async fn ping(&self) -> Result<(), Unavailable> {
        self.run("Redis", |mut connection| async move {
            redis::cmd("PING").query_async(&mut connection).await
        })
        .await
    }

    pub(crate) fn runtime(&self) -> &Handle {
        &self.inner.runtime
    }

    pub(crate) fn client(&self) -> &Client {
        &self.inner.client
    }

    /// Runs one exchange on the runtime of the connection, and waits for it no longer
    /// than its patience. An exchange whose caller has gone is carried through.
    pub(crate) async fn run<T, F>(
        &self,
        operation: &'static str,
        exchange: impl FnOnce(ConnectionManager) -> F + Send + 'static,
    ) -> Result<T, Unavailable>
    where
        T: Send + 'static,
        F: Future<Output = RedisResult<T>> + Send + 'static,
    {
        let this = self.clone();
        let running = async move { this.exchange(operation, exchange).await };
        let outcome = self.runtime().spawn(running).await;
        outcome.map_err(|lost| Unavailable::new(operation, lost))?
    }

    /// The same for a caller who is on that runtime already, and stays.
    pub(crate) async fn exchange<T, F>(
        &self,
        operation: &'static str,
        exchange: impl FnOnce(ConnectionManager) -> F,
    ) -> Result<T, Unavailable>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let bounded = timeout(self.patience, exchange(self.manager()));
        bounded
            .await
            .map_err(|late| Unavailable::new(operation, late))?
            .map_err(|fault| {
                self.renew_after(&fault);
                Unavailable::new(operation, fault)
            })
    }

    fn manager(&self) -> ConnectionManager {
        self.inner
            .manager
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The manager replaces a connection that broke. One that answers with errors
    /// (a replica that was the primary, a server that still loads, a password that
    /// was changed) looks whole to it, so that one is replaced here.
    fn renew_after(&self, fault: &RedisError) {
        if fault.is_io_error() {
            return;
        }
        if let Ok(fresh) = lazy_manager(&self.inner.client, &self.inner.runtime) {
            *self
                .inner
                .manager
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = fresh;
        }
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Redis").finish_non_exhaustive()
    }
}

fn lazy_manager(client: &Client, runtime: &Handle) -> RedisResult<ConnectionManager> {
    let _on_its_runtime = runtime.enter();
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(CONNECT))
        // `run` bounds the wait for the answer and for the connection together.
        .set_response_timeout(None)
        // Nobody waits through retries: the next command tries to connect again.
        .set_number_of_retries(0)
        .set_pipeline_buffer_size(WRITE_QUEUE);
    ConnectionManager::new_lazy_with_config(client.clone(), config)
}
