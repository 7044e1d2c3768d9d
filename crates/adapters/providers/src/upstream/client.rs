use core::time::Duration;

use reqwest::redirect::Policy;

use super::InvalidSettings;

/// How long a provider may keep us waiting.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// From the request to the first byte of the answer, or to the first event of a
    /// stream; keep-alives do not prolong it.
    pub first_byte: Duration,
    /// Between two reads after that.
    pub between_reads: Duration,
    /// How long `open` waits for a stream's first event, so that a fault in it still
    /// is a fault of the whole call.
    pub first_event: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            first_byte: Duration::from_secs(120),
            between_reads: Duration::from_secs(60),
            first_event: Duration::from_secs(2),
        }
    }
}

/// The connections to all providers. Clones share one pool.
#[derive(Clone, Debug)]
pub struct HttpClient {
    client: reqwest::Client,
    patience: Patience,
}

impl HttpClient {
    /// Builds the client. It connects on the runtime that drives the calls, which must
    /// be one that outlives every connection.
    pub fn new(patience: Patience) -> Result<Self, InvalidSettings> {
        install_crypto();
        let client = reqwest::Client::builder()
            .connect_timeout(patience.connect)
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(512)
            .tcp_nodelay(true)
            // A silent h2 connection would stall every stream on it.
            .http2_keep_alive_interval(Duration::from_secs(20))
            .http2_keep_alive_timeout(Duration::from_secs(10))
            .http2_keep_alive_while_idle(true)
            .http2_adaptive_window(true)
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            .user_agent(concat!("vuzo/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(InvalidSettings::Client)?;
        Ok(Self { client, patience })
    }

    pub(crate) fn inner(&self) -> &reqwest::Client {
        &self.client
    }

    pub(crate) fn patience(&self) -> Patience {
        self.patience
    }
}

/// Makes ring the process's TLS provider, unless one is installed already.
pub fn install_crypto() {
    // The only error is that somebody was faster, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
}
