//! Opening connections: who we are to the server, and how long we wait for it.

use core::time::Duration;

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::pooled_connection::deadpool::BuildError;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::tls::TlsRequest;

/// How long a connection may take to come about, handshakes included.
const CONNECT_LONGEST: Duration = Duration::from_secs(2);

/// How long the server may think about one statement, in milliseconds. Nothing that
/// a customer waits for takes nearly as long; what does is better ended.
const STATEMENT_LONGEST_MS: u32 = 10_000;

/// How long the proof of the books may take, in milliseconds.
const AUDIT_LONGEST_MS: u32 = 600_000;

/// Why a URL cannot be connected to.
#[derive(Debug, thiserror::Error)]
pub enum InvalidUrl {
    /// It is not one.
    #[error("not a usable Postgres URL")]
    Syntax(#[source] tokio_postgres::Error),
    /// `sslmode` is none that we know.
    #[error("sslmode is {0:?}; use disable, require, verify-ca or verify-full")]
    SslMode(String),
    /// The certificates to trust cannot be read.
    #[error("cannot read the certificates in {file}: {fault}")]
    RootCertificates {
        /// Where they should be.
        file: String,
        /// What came instead.
        fault: String,
    },
    /// The pool cannot be made.
    #[error("the connection pool cannot be made")]
    Pool(#[source] BuildError),
}

/// As whom, and for what, a connection is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// As whoever the URL names: the owner of the tables.
    Migrate,
    /// As the application's role, which owns nothing and sees what it is allowed to.
    Serve,
    /// The same for the writer of the ledger: every tenant, and plans that never
    /// change under load.
    Write,
    /// Reading everything once, for minutes if need be.
    Audit,
}

impl Purpose {
    fn session(self) -> String {
        // Whoever falls silent in the middle of a transaction loses its locks.
        const ROLE: &str = "SET ROLE vuzo_app; SET jit = off; \
             SET default_transaction_isolation = 'read committed'; \
             SET synchronous_commit = on; \
             SET idle_in_transaction_session_timeout = 5000;";
        const EVERYTHING: &str = "SET app.account = '*';";
        match self {
            Self::Migrate => String::new(),
            Self::Serve => format!("{ROLE} SET statement_timeout = {STATEMENT_LONGEST_MS}"),
            // The plans are made once per connection, on tables that may still be
            // empty, and must be good for full ones: row by row, by key.
            Self::Write => format!(
                "{ROLE} {EVERYTHING} SET plan_cache_mode = force_generic_plan; \
                 SET enable_seqscan = off; SET enable_hashjoin = off; \
                 SET enable_mergejoin = off; SET enable_bitmapscan = off; \
                 SET statement_timeout = {STATEMENT_LONGEST_MS}"
            ),
            Self::Audit => {
                format!("{ROLE} {EVERYTHING} SET statement_timeout = {AUDIT_LONGEST_MS}")
            }
        }
    }
}

/// Opens connections to one database.
#[derive(Clone)]
pub(crate) struct Connector {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl Connector {
    /// Reads a URL. Nothing is connected yet.
    pub(crate) fn new(url: &str) -> Result<Self, InvalidUrl> {
        let request = TlsRequest::read(url)?;
        let mut config: Config = request.url.parse().map_err(InvalidUrl::Syntax)?;
        config
            .ssl_mode(request.mode)
            .keepalives_idle(Duration::from_secs(30))
            .keepalives_interval(Duration::from_secs(5))
            .keepalives_retries(3);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_LONGEST);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(Duration::from_secs(15));
        }
        if config.get_application_name().is_none() {
            config.application_name("vuzo");
        }
        debug_assert!(request.mode != SslMode::Prefer, "never half encrypted");
        Ok(Self {
            config,
            tls: request.connector()?,
        })
    }

    /// Opens a connection. It is driven by the runtime that this is called on.
    pub(crate) async fn open(&self, purpose: Purpose) -> ConnectionResult<AsyncPgConnection> {
        timeout(CONNECT_LONGEST, self.establish(purpose))
            .await
            .unwrap_or_else(|_elapsed| {
                Err(ConnectionError::BadConnection(
                    "the server did not answer in time".to_owned(),
                ))
            })
    }

    async fn establish(&self, purpose: Purpose) -> ConnectionResult<AsyncPgConnection> {
        let bad = |fault: tokio_postgres::Error| ConnectionError::BadConnection(describe(&fault));
        let mut conn = if let Some(tls) = &self.tls {
            let (client, driver) = self.config.connect(tls.clone()).await.map_err(bad)?;
            AsyncPgConnection::try_from_client_and_connection(client, driver).await?
        } else {
            let (client, driver) = self.config.connect(NoTls).await.map_err(bad)?;
            AsyncPgConnection::try_from_client_and_connection(client, driver).await?
        };
        let session = purpose.session();
        if !session.is_empty() {
            conn.batch_execute(&session)
                .await
                .map_err(ConnectionError::CouldntSetupConfiguration)?;
        }
        Ok(conn)
    }
}

/// The whole chain in one line: `BadConnection` takes a text.
fn describe(fault: &dyn core::error::Error) -> String {
    let mut text = fault.to_string();
    let mut cause = fault.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
