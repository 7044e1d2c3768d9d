//! What the tests of this crate share: databases of their own, made cheaply.

mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use tokio::runtime::Handle;
use tokio::sync::OnceCell;
use vuzo_postgres::{PgStore, Settings};
pub(crate) use wire::Wire;

/// A database that goes with its owner.
pub(crate) struct Database {
    name: String,
    users: Vec<String>,
}

impl Database {
    /// An empty database, with all its tables.
    pub(crate) async fn new() -> Self {
        static TEMPLATE: OnceCell<Database> = OnceCell::const_new();
        let template = TEMPLATE
            .get_or_init(|| async {
                let template = Self::bare().await;
                PgStore::migrate(&template.url(), &Handle::current())
                    .await
                    .unwrap();
                template
            })
            .await;
        Self::made(&format!("TEMPLATE {}", template.name)).await
    }

    /// A database without tables.
    pub(crate) async fn bare() -> Self {
        Self::made("TEMPLATE template0").await
    }

    async fn made(options: &str) -> Self {
        static NAMES: AtomicU32 = AtomicU32::new(0);
        let number = NAMES.fetch_add(1, Ordering::Relaxed);
        let name = format!("vuzo_test_{}_{number}", std::process::id());
        // A process of that number may have been killed before it tidied up.
        let create = format!("CREATE DATABASE {name} {options}");
        let mut conn = connect(&server_url()).await;
        conn.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            .await
            .unwrap();
        // The template is busy until the server has seen its last visitor leave.
        let begun = Instant::now();
        while let Err(fault) = conn.batch_execute(&create).await {
            assert!(begun.elapsed() < Duration::from_secs(30), "{fault}");
            tokio::task::yield_now().await;
        }
        Self {
            name,
            users: Vec::new(),
        }
    }

    pub(crate) fn url(&self) -> String {
        let server = server_url();
        let (address, _its_database) = server.rsplit_once('/').unwrap();
        format!("{address}/{}", self.name)
    }

    /// A user with no rights but those of everybody, who goes with the database:
    /// their name, and the URL by which they come.
    pub(crate) async fn user(&mut self) -> (String, String) {
        let name = format!("{}_user_{}", self.name, self.users.len());
        let make = format!(
            "DROP ROLE IF EXISTS {name}; CREATE ROLE {name} LOGIN PASSWORD '{name}' \
             NOSUPERUSER NOCREATEROLE NOCREATEDB"
        );
        let mut conn = connect(&server_url()).await;
        conn.batch_execute(&make).await.unwrap();
        self.users.push(name.clone());
        let url = self.url();
        let (_, place) = url.rsplit_once('@').unwrap();
        let url = format!("postgres://{name}:{name}@{place}");
        (name, url)
    }

    /// A store on it. Several are several instances.
    pub(crate) fn open(&self) -> Arc<PgStore> {
        let settings = Settings::new(self.url());
        Arc::new(PgStore::open_as_is(&settings, Handle::current()).unwrap())
    }

    /// A store whose connections go over a wire that can be cut.
    pub(crate) fn open_over_wire(&self) -> (Arc<PgStore>, Wire) {
        let url = self.url();
        let (before, place) = url.rsplit_once('@').unwrap();
        let (address, name) = place.split_once('/').unwrap();
        let wire = Wire::to(address);
        let settings = Settings::new(format!("{before}@{}/{name}", wire.address()));
        let store = PgStore::open_as_is(&settings, Handle::current()).unwrap();
        (Arc::new(store), wire)
    }

    /// A connection past the adapter, as the owner of the tables.
    pub(crate) async fn by_hand(&self) -> AsyncPgConnection {
        connect(&self.url()).await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let mut drops = vec![format!(
            "DROP DATABASE IF EXISTS {} WITH (FORCE)",
            self.name
        )];
        let users = self.users.iter();
        drops.extend(users.map(|user| format!("DROP ROLE IF EXISTS {user}")));
        // The runtime of the test is on its way out: this takes one of its own.
        let tidying = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let mut conn = connect(&server_url()).await;
                // A database is not dropped together with anything else.
                for drop in drops {
                    conn.batch_execute(&drop).await.unwrap();
                }
            });
        });
        if tidying.join().is_err() {
            eprintln!("{} was left behind", self.name);
        }
    }
}

pub(crate) async fn connect(url: &str) -> AsyncPgConnection {
    AsyncPgConnection::establish(url).await.unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where these tests learn where Postgres is"
)]
fn server_url() -> String {
    std::env::var("VUZO_TEST_DATABASE_URL").unwrap_or_else(|_| {
        panic!("VUZO_TEST_DATABASE_URL is not set; run the tests through `cargo xtask test`")
    })
}
