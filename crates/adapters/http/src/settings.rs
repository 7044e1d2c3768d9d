use core::time::Duration;
use std::net::SocketAddr;

use vuzo_domain::key::IpNetwork;

/// How much of a request body is read, and how long that may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyRules {
    /// The most bytes of a chat request: images and documents travel inside it.
    pub largest_chat: usize,
    /// The most bytes of any other request.
    pub largest_other: usize,
    /// The most bytes that all large bodies may take together, until their calls have
    /// ended. One that finds no room waits for it as long as it may take to arrive.
    pub most_together: usize,
    /// How long a sender may take before its pace is looked at.
    pub grace: Duration,
    /// The slowest pace after that, in bytes a second.
    pub slowest: u64,
    /// How long any body may take altogether.
    pub longest: Duration,
}

impl Default for BodyRules {
    fn default() -> Self {
        Self {
            largest_chat: 20 * 1024 * 1024,
            largest_other: 64 * 1024,
            most_together: 256 * 1024 * 1024,
            grace: Duration::from_secs(5),
            slowest: 8 * 1024,
            longest: Duration::from_secs(30),
        }
    }
}

/// How the server is set up.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Where it listens; port 0 takes any free one.
    pub bind: Vec<SocketAddr>,
    /// Where health and metrics are served as well, if not only among the other routes.
    pub metrics_bind: Option<SocketAddr>,
    /// How many threads serve requests.
    pub workers: usize,
    /// How many connections each of them keeps open at most.
    pub connections_per_worker: usize,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNetwork>,
    /// The pages of which origins may call; `*` stands for all.
    pub cors_origins: Vec<String>,
    /// Under which address customers know this service.
    pub public_url: Option<String>,
    /// The name of the environment that it runs in.
    pub environment: String,
    /// Its version.
    pub version: String,
    /// How request bodies are read.
    pub body: BodyRules,
    /// How long a client may take to send the head of its first request.
    pub head_timeout: Duration,
    /// How long an idle connection stays open.
    pub keep_alive: Duration,
    /// How long running requests may take to end once the server stops.
    pub drain: Duration,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            bind: vec![SocketAddr::from(([127, 0, 0, 1], 8080))],
            metrics_bind: None,
            workers: 2,
            connections_per_worker: 10_000,
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
            public_url: None,
            environment: "local".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            body: BodyRules::default(),
            head_timeout: Duration::from_secs(8),
            keep_alive: Duration::from_secs(75),
            drain: Duration::from_secs(30),
        }
    }
}
