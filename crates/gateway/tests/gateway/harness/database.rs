use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use tokio_postgres::{Client, NoTls};

use super::setting;

/// An empty database on the server of the test run, which goes with its owner.
pub(crate) struct Database {
    name: String,
}

impl Database {
    pub(crate) async fn new() -> Self {
        static NAMES: AtomicU32 = AtomicU32::new(0);
        let number = NAMES.fetch_add(1, Ordering::Relaxed);
        let name = format!("vuzo_gateway_{}_{number}", std::process::id());
        // A process of that number may have been killed before it tidied up.
        let sql = [
            format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
            format!("CREATE DATABASE {name} TEMPLATE template0"),
        ];
        run(&setting("VUZO_TEST_DATABASE_URL"), &sql).await;
        Self { name }
    }

    pub(crate) fn url(&self) -> String {
        let server = setting("VUZO_TEST_DATABASE_URL");
        let (address, _its_database) = server.rsplit_once('/').unwrap();
        format!("{address}/{}", self.name)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let sql = [format!(
            "DROP DATABASE IF EXISTS {} WITH (FORCE)",
            self.name
        )];
        let server = setting("VUZO_TEST_DATABASE_URL");
        // The runtime of the test is on its way out: this takes one of its own.
        let tidying = thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap()
                .block_on(run(&server, &sql));
        });
        if tidying.join().is_err() {
            eprintln!("{} was left behind", self.name);
        }
    }
}

/// Runs statements, each by itself.
async fn run(url: &str, statements: &[String]) {
    let (client, connection): (Client, _) = tokio_postgres::connect(url, NoTls).await.unwrap();
    let work = async {
        for statement in statements {
            client.batch_execute(statement).await.unwrap();
        }
        drop(client);
    };
    let (ended, ()) = tokio::join!(connection, work);
    ended.unwrap();
}
