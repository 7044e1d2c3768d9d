use std::future::Future;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use uuid::Uuid;
use vuzo_domain::id::{AccountId, GenerationId, KeyId};
use vuzo_domain::limit::{LimitScope, Limits};
use vuzo_domain::port::{Admission, LimitScopeRules};
use vuzo_domain::time::Timestamp;
use vuzo_redis::{Redis, RedisLimiter};

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where these tests learn where Redis is"
)]
fn setting(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set; run the tests through `cargo xtask test`"))
}

/// The server that all tests share, and a name that none other has.
pub(crate) async fn shared() -> (Redis, String) {
    // Patient: what these tests look at is what is counted, however busy the machine.
    let redis = Redis::open(&setting("VUZO_TEST_REDIS_URL"), Handle::current())
        .unwrap()
        .with_patience(Duration::from_secs(30));
    until("the shared Redis answers", || async {
        redis.ping().await.is_ok()
    })
    .await;
    (redis, unique_name())
}

fn unique_name() -> String {
    static NAMES: AtomicU32 = AtomicU32::new(0);
    let number = NAMES.fetch_add(1, Ordering::Relaxed);
    // A server may outlive a test run: the address of a fresh port tells runs apart
    // well enough beside the process.
    let port = free_port();
    format!("test-{}-{number}-{port}", std::process::id())
}

/// A limiter on the shared server that goes by the time of each admission.
pub(crate) async fn timed_limiter() -> RedisLimiter {
    let (redis, name) = shared().await;
    RedisLimiter::new(redis)
        .with_prefix(&name)
        .with_clock_of_admissions()
}

/// A limiter on the shared server that goes by the time of Redis.
pub(crate) async fn limiter() -> RedisLimiter {
    let (redis, name) = shared().await;
    RedisLimiter::new(redis).with_prefix(&name)
}

/// A server of one test, to stall and to kill.
pub(crate) struct Server {
    port: u16,
    process: Option<Child>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let mut server = Self {
            port: free_port(),
            process: None,
        };
        server.start_again();
        server
    }

    /// Starts it on the port that it had before, with nothing in it.
    pub(crate) fn start_again(&mut self) {
        self.kill();
        let port = self.port.to_string();
        let process = Command::new(setting("VUZO_TEST_REDIS_BIN"))
            .args(["--port", &port, "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.process = Some(process);
    }

    /// A port on which nothing listens, as a server that was never started.
    pub(crate) fn absent() -> Self {
        Self {
            port: free_port(),
            process: None,
        }
    }

    pub(crate) fn open(&self) -> Redis {
        Redis::open(&self.url(), Handle::current()).unwrap()
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// A connection that has been answered.
    pub(crate) async fn connect(&self) -> Redis {
        let redis = self.open();
        until("Redis answers", || async { redis.ping().await.is_ok() }).await;
        redis
    }

    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Stops the process without ending it: connections stay, answers do not come.
    pub(crate) fn stall(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.process.as_ref().expect("it runs").id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(sent.success(), "kill {signal} {id}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Waits until something holds; a minute without it fails the test.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, holds: impl Fn() -> F) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds().await {
        assert!(Instant::now() < deadline, "never came to pass: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A moment that has no part of a slot behind it.
pub(crate) const FIRST: Timestamp = Timestamp::from_secs(1_795_219_200);

pub(crate) fn account(number: u128) -> LimitScope {
    LimitScope::Account(AccountId::from_uuid(Uuid::from_u128(number)))
}

pub(crate) fn key(number: u128) -> LimitScope {
    LimitScope::Key(KeyId::from_uuid(Uuid::from_u128(number)))
}

/// A call that none other shares its id with.
pub(crate) fn call(at: Timestamp, tokens: u64, scopes: &[(LimitScope, Limits)]) -> Admission {
    static CALLS: AtomicU32 = AtomicU32::new(1);
    let number = CALLS.fetch_add(1, Ordering::Relaxed);
    Admission {
        call: GenerationId::from_uuid(Uuid::from_u128(u128::from(number))),
        scopes: scopes
            .iter()
            .map(|(scope, limits)| LimitScopeRules {
                scope: *scope,
                limits: *limits,
            })
            .collect(),
        tokens,
        at,
    }
}

pub(crate) fn per_minute(requests: u64) -> Limits {
    Limits {
        requests_per_minute: Some(requests),
        ..Limits::default()
    }
}

pub(crate) fn shared_limiter(redis: &Redis) -> Arc<RedisLimiter> {
    Arc::new(RedisLimiter::new(redis.clone()))
}
