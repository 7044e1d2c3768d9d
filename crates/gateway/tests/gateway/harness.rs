//! What every scenario works with: the program itself as a process, a provider that
//! does as it is told, customers, and the proof of the books.

mod books;
mod chat;
mod customer;
mod database;
mod gateway;
mod http;
mod postgres;
mod redis;
mod upstream;
mod wires;

use std::fs;
use std::future::Future;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, MutexGuard};

pub(crate) use books::{Books, money, units};
pub(crate) use chat::{Ask, Heard};
pub(crate) use customer::{ADMIN_KEY, Customer, MODEL, sell, sell_on};
pub(crate) use database::Database;
pub(crate) use gateway::{Gateway, Setup, program};
pub(crate) use http::{Answer, Connection, Request};
pub(crate) use postgres::Postgres;
pub(crate) use redis::Redis;
pub(crate) use upstream::{Act, Upstream, answer, chunks, plain};
pub(crate) use wires::{STREAM_HEAD, WIRES, Wire};

/// How long something may take that ought to take a moment.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The machine for one scenario alone, whatever runs the tests.
pub(crate) async fn alone() -> MutexGuard<'static, ()> {
    static MACHINE: Mutex<()> = Mutex::const_new(());
    MACHINE.lock().await
}

/// What the test run says about its surroundings.
pub(crate) fn setting(name: &str) -> String {
    optional_setting(name)
        .unwrap_or_else(|| panic!("{name} is not set; run the tests through `cargo xtask test`"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where these tests learn of their surroundings"
)]
pub(crate) fn optional_setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A port on which nothing listens. It is not one of those that outgoing connections
/// take, so that a server can come back to it.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id().wrapping_mul(37);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let offset = first.wrapping_add(number) % 12_000;
        let port = u16::try_from(20_000 + offset).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A folder that goes with its owner.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NAMES: AtomicU32 = AtomicU32::new(0);
        let number = NAMES.fetch_add(1, Ordering::Relaxed);
        let name = format!("vuzo-gateway-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        // A process of that number may have been killed before it tidied up.
        let _absent = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(fault) = fs::remove_dir_all(&self.0) {
            eprintln!("{} was left behind: {fault}", self.0.display());
        }
    }
}

/// Sends a signal to a process that this test started.
pub(crate) fn signal(name: &str, process: u32) {
    let process = process.to_string();
    let sent = Command::new("kill").args([name, &process]).status();
    assert!(sent.unwrap().success(), "kill {name} {process}");
}

/// Waits until something holds, and says how long that took.
pub(crate) async fn until<F>(what: &str, holds: impl FnMut() -> F) -> Duration
where
    F: Future<Output = bool>,
{
    within(PATIENCE, what, holds).await
}

/// The same with another patience.
pub(crate) async fn within<F>(
    patience: Duration,
    what: &str,
    mut holds: impl FnMut() -> F,
) -> Duration
where
    F: Future<Output = bool>,
{
    let begun = Instant::now();
    while !holds().await {
        assert!(
            begun.elapsed() < patience,
            "never came to pass within {patience:?}: {what}"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    begun.elapsed()
}

/// The last lines of a log.
pub(crate) fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}
