//! The way to the database that all adapters share: the pool, the runtime that drives
//! it, and whose rows a piece of work may see.

use core::error::Error;
use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use deadpool::Runtime;
use deadpool::managed::QueueMode;
use diesel::IntoSql as _;
use diesel::result::{DatabaseErrorKind, Error as QueryError};
use diesel::sql_types::{Bool, Integer, Text};
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::time::Instant;
use vuzo_domain::id::AccountId;
use vuzo_domain::money::Overflow;
use vuzo_domain::port::Unavailable;
use vuzo_domain::wallet::LedgerFault;
use vuzo_sql::RowFault;

use crate::connect::{Connector, InvalidUrl, Purpose};

/// How long a piece of work waits for a connection of the pool before it is refused.
const POOL_WAIT_LONGEST: Duration = Duration::from_secs(2);

/// How often a piece of work is begun again, where that may help.
const RETRIES_MOST: u32 = 8;

/// After this long it is not begun again.
const RETRIES_LONGEST: Duration = Duration::from_secs(1);

/// How to reach the database.
#[derive(Clone)]
pub struct Settings {
    /// `postgres://user:password@host:port/database?sslmode=…`
    pub url: String,
    /// The most connections for reading and administration. The writer of the ledger
    /// and the proof of the books have their own.
    pub pool_size: usize,
}

impl Settings {
    /// The usual size of the pool.
    pub const POOL_SIZE: usize = 8;

    /// A URL with the usual size of the pool.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            pool_size: Self::POOL_SIZE,
        }
    }
}

impl fmt::Debug for Settings {
    /// The URL holds a password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Settings")
            .field("pool_size", &self.pool_size)
            .finish_non_exhaustive()
    }
}

/// Whose rows a piece of work may see. The policies of the tables read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// One tenant's.
    Account(AccountId),
    /// Everybody's: log-in, the ledger, the operator.
    Everything,
}

impl Scope {
    fn setting(self) -> String {
        match self {
            Self::Account(account) => account.uuid().to_string(),
            Self::Everything => "*".to_owned(),
        }
    }
}

/// The database. Clones share the pool.
#[derive(Clone)]
pub(crate) struct Database {
    inner: Arc<Inner>,
}

struct Inner {
    connector: Connector,
    pool: Pool<AsyncPgConnection>,
    runtime: Handle,
}

diesel::define_sql_function! {
    /// Sets a setting, until the end of the transaction or of the session.
    fn set_config(name: Text, value: Text, is_local: Bool) -> Text;
}

impl Database {
    /// Prepares the way. Nothing is connected yet: connections are opened when they
    /// are needed, and again when the database was away.
    ///
    /// Everything runs on `runtime`, whoever asks: it must be a multi-thread runtime
    /// that outlives all callers.
    pub(crate) fn new(settings: &Settings, runtime: Handle) -> Result<Self, InvalidUrl> {
        let connector = Connector::new(&settings.url)?;
        let opener = connector.clone();
        let mut config = ManagerConfig::default();
        config.recycling_method = RecyclingMethod::Fast;
        config.custom_setup = Box::new(move |_url| {
            let opener = opener.clone();
            async move { opener.open(Purpose::Serve).await }.boxed()
        });
        // The URL went into the connector: the manager has no use for it.
        let manager = AsyncDieselConnectionManager::new_with_config("", config);
        let pool = Pool::builder(manager)
            .max_size(settings.pool_size.max(2))
            .queue_mode(QueueMode::Lifo)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(POOL_WAIT_LONGEST))
            .create_timeout(Some(POOL_WAIT_LONGEST))
            .recycle_timeout(Some(POOL_WAIT_LONGEST))
            .build()
            .map_err(InvalidUrl::Pool)?;
        Ok(Self {
            inner: Arc::new(Inner {
                connector,
                pool,
                runtime,
            }),
        })
    }

    /// Whether the database answers.
    pub(crate) async fn probe(&self) -> Result<(), Unavailable> {
        self.read("the database probe", Scope::Everything, (), |conn, ()| {
            async move {
                diesel::select(1_i32.into_sql::<Integer>())
                    .get_result::<i32>(conn)
                    .await?;
                Ok(())
            }
            .boxed()
        })
        .await
    }

    /// The runtime that drives the connections.
    pub(crate) fn runtime(&self) -> &Handle {
        &self.inner.runtime
    }

    /// What opens connections outside the pool.
    pub(crate) fn connector(&self) -> &Connector {
        &self.inner.connector
    }

    /// Moves a piece of work to the runtime that drives the connections, whichever
    /// runtime the caller is on. The work goes on if the caller is dropped, so that
    /// no transaction is ever left half done.
    pub(crate) async fn hop<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Unavailable> {
        self.inner
            .runtime
            .spawn(work)
            .await
            .map_err(|fault| Unavailable::new(operation, fault))
    }

    /// Reads with single statements, each on its own view of the data.
    pub(crate) async fn read<I, T>(
        &self,
        operation: &'static str,
        scope: Scope,
        input: I,
        work: Work<I, T, Unavailable>,
    ) -> Result<T, Unavailable>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
    {
        self.attempt(operation, scope, Isolation::None, input, work)
            .await
    }

    /// Reads on one view of the data, as of one moment.
    pub(crate) async fn snapshot<I, T>(
        &self,
        operation: &'static str,
        scope: Scope,
        input: I,
        work: Work<I, T, Unavailable>,
    ) -> Result<T, Unavailable>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
    {
        self.attempt(operation, scope, Isolation::Snapshot, input, work)
            .await
    }

    /// Does a piece of work in a transaction. A refusal rolls it back. It is begun
    /// again where the server gave it up, or its outcome is not known: it must be
    /// idempotent, as commands of ports are.
    pub(crate) async fn transact<I, T, R>(
        &self,
        operation: &'static str,
        scope: Scope,
        input: I,
        work: Work<I, T, R>,
    ) -> Result<T, R>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        R: From<Unavailable> + Send + 'static,
    {
        self.attempt(operation, scope, Isolation::Transaction, input, work)
            .await
    }

    async fn attempt<I, T, R>(
        &self,
        operation: &'static str,
        scope: Scope,
        isolation: Isolation,
        input: I,
        work: Work<I, T, R>,
    ) -> Result<T, R>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        R: From<Unavailable> + Send + 'static,
    {
        let pool = self.inner.pool.clone();
        let begun = Instant::now();
        let attempts = async move {
            let mut retries = 0;
            loop {
                let mut conn = pool
                    .get()
                    .await
                    .map_err(|fault| Unavailable::new(operation, fault))?;
                match isolation.run(&mut conn, scope, &input, work).await {
                    Ok(value) => return Ok(value),
                    Err(Fault::Refused(refusal)) => return Err(refusal),
                    Err(Fault::Query(fault))
                        if may_pass(&fault)
                            && retries < RETRIES_MOST
                            && begun.elapsed() < RETRIES_LONGEST =>
                    {
                        retries += 1;
                        tracing::debug!(operation, %fault, "trying again");
                    }
                    Err(Fault::Query(fault)) => {
                        return Err(Unavailable::new(operation, fault).into());
                    }
                    Err(Fault::Broken(fault)) => {
                        return Err(Unavailable::new(operation, fault).into());
                    }
                }
            }
        };
        self.hop(operation, attempts).await?
    }
}

/// A piece of work: a plain function, so that it can be begun again.
pub(crate) type Work<I, T, R> =
    for<'work> fn(&'work mut AsyncPgConnection, &'work I) -> BoxFuture<'work, Result<T, Fault<R>>>;

#[derive(Clone, Copy)]
enum Isolation {
    None,
    Transaction,
    Snapshot,
}

impl Isolation {
    async fn run<I: Sync, T: Send, R: Send>(
        self,
        conn: &mut AsyncPgConnection,
        scope: Scope,
        input: &I,
        work: Work<I, T, R>,
    ) -> Result<T, Fault<R>> {
        // For the session, not the transaction: every piece of work says it again
        // before anything else, and nothing runs where saying it has failed.
        diesel::select(set_config("app.account", scope.setting(), false))
            .get_result::<String>(conn)
            .await?;
        match self {
            Self::None => work(conn, input).await,
            Self::Transaction => conn.transaction(async |conn| work(conn, input).await).await,
            Self::Snapshot => {
                conn.build_transaction()
                    .repeatable_read()
                    .read_only()
                    .run(async |conn| work(conn, input).await)
                    .await
            }
        }
    }
}

/// Why a piece of work did not come to its end.
#[derive(Debug)]
pub(crate) enum Fault<R> {
    /// The rules say no. The transaction is rolled back.
    Refused(R),
    /// The database says no, or nothing.
    Query(QueryError),
    /// The rows contradict the model, or the books their own rules.
    Broken(Box<dyn Error + Send + Sync>),
}

impl<R> From<QueryError> for Fault<R> {
    fn from(fault: QueryError) -> Self {
        Self::Query(fault)
    }
}

impl<R> From<RowFault> for Fault<R> {
    fn from(fault: RowFault) -> Self {
        Self::Broken(Box::new(fault))
    }
}

impl<R> From<LedgerFault> for Fault<R> {
    fn from(fault: LedgerFault) -> Self {
        Self::Broken(Box::new(fault))
    }
}

impl<R> From<Overflow> for Fault<R> {
    fn from(fault: Overflow) -> Self {
        Self::Broken(Box::new(fault))
    }
}

impl<R> Fault<R> {
    /// Wraps something that must not be.
    pub(crate) fn broken(fault: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Broken(fault.into())
    }
}

/// Whether the same work may well succeed when it is begun again: the server gave it
/// up for another's sake, another was quicker to write the same key, or the
/// connection is gone. Dead connections are not handed out twice.
pub(crate) fn may_pass(fault: &QueryError) -> bool {
    match fault {
        QueryError::DatabaseError(kind, _) => matches!(
            kind,
            DatabaseErrorKind::SerializationFailure
                | DatabaseErrorKind::UniqueViolation
                | DatabaseErrorKind::UnableToSendCommand
                | DatabaseErrorKind::ClosedConnection
                // Deadlocks and shutdowns have no kind of their own.
                | DatabaseErrorKind::Unknown
        ),
        QueryError::BrokenTransactionManager => true,
        _ => false,
    }
}
