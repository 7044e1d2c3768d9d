use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{
    ADMIN_KEY, Answer, Connection, PATIENCE, Request, Upstream, optional_setting, signal, tail,
};

/// What a gateway is started with. Instances of one service share it.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    folder: PathBuf,
    variables: BTreeMap<String, String>,
}

impl Setup {
    /// One as a newcomer starts it, with nothing set but what keeps tests apart.
    pub(crate) fn local(folder: &Path) -> Self {
        let setup = Self {
            folder: folder.to_owned(),
            variables: BTreeMap::new(),
        };
        setup.with("VUZO_BIND", "127.0.0.1:0")
    }

    /// One that keeps its books in a file in this folder.
    pub(crate) fn sqlite(folder: &Path, upstream: &Upstream) -> Self {
        Self::local(folder)
            .with("APP_ENV", "production")
            .with("ADMIN_API_KEY", ADMIN_KEY)
            .with("JWT_SECRET_KEY", "a secret of 32 bytes or more, for tests")
            .with(
                "KEY_PEPPER",
                "another secret of 32 bytes or more, for tests",
            )
            .with("VUZO_DATA_DIR", folder.join("data").to_str().unwrap())
            .with("ANONYMOUS_REQUESTS_PER_MINUTE", "0")
            .with("OPENAI_API_KEY", "sk-upstream")
            .with("OPENAI_BASE_URL", &upstream.base_url())
            .with("ANTHROPIC_API_KEY", "sk-upstream")
            .with("ANTHROPIC_BASE_URL", &upstream.url(""))
            .with("GOOGLE_API_KEY", "upstream")
            .with("GOOGLE_BASE_URL", &upstream.url("/v1beta"))
    }

    /// One that keeps them in a database.
    pub(crate) fn postgres(folder: &Path, upstream: &Upstream, database: &str) -> Self {
        Self::sqlite(folder, upstream).with("DATABASE_URL", database)
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Starts an instance, and waits until it is ready.
    pub(crate) async fn start(&self) -> Gateway {
        self.spawn().ready().await
    }

    /// Starts an instance.
    pub(crate) fn spawn(&self) -> Starting {
        let log = self.folder.join("gateway.log");
        let stderr = OpenOptions::new().create(true).append(true).open(&log);
        let begun = Instant::now();
        let mut process = self
            .command(&["serve", "--json"])
            .stdout(Stdio::piped())
            .stderr(stderr.unwrap())
            .spawn()
            .unwrap();
        let stdout = process.stdout.take().unwrap();
        let (sender, welcome) = mpsc::channel();
        thread::spawn(move || listen(stdout, &sender));
        Starting {
            gateway: Gateway {
                process,
                address: SocketAddr::from(([127, 0, 0, 1], 0)),
                log,
                welcome: Value::Null,
                ready_after: Duration::ZERO,
            },
            welcome,
            begun,
        }
    }

    /// Runs a command to its end, and answers what it said.
    pub(crate) fn run(&self, arguments: &[&str]) -> (ExitStatus, String) {
        let done = self.command(arguments).output().unwrap();
        let stderr = String::from_utf8_lossy(&done.stderr);
        let stdout = String::from_utf8(done.stdout).unwrap();
        if !done.status.success() {
            eprintln!("vuzo {arguments:?}: {}\n{stdout}\n{stderr}", done.status);
        }
        (done.status, stdout)
    }

    /// Proves the books, and answers what was looked at.
    pub(crate) fn prove_the_books(&self) -> Value {
        let (status, text) = self.run(&["doctor", "--ledger", "--json"]);
        assert!(status.success(), "the books are not in order: {text}");
        let report: Value = serde_json::from_str(&text).unwrap();
        let ledger = report["ledger"].clone();
        assert_eq!(ledger["findings"], Value::Array(Vec::new()), "{ledger}");
        ledger
    }

    fn command(&self, arguments: &[&str]) -> Command {
        fs::create_dir_all(&self.folder).unwrap();
        let mut command = Command::new(program().0);
        command
            .args(arguments)
            // A developer's own settings must not reach these.
            .env_clear()
            .envs(&self.variables)
            .current_dir(&self.folder)
            .stdin(Stdio::null());
        command
    }
}

/// The program under test: the one that was built with the tests, or a released one that
/// the run names. Also whether it is optimised.
pub(crate) fn program() -> (PathBuf, bool) {
    match optional_setting("VUZO_TEST_RELEASED_PROGRAM") {
        Some(released) => (released.into(), true),
        None => (env!("CARGO_BIN_EXE_vuzo").into(), !cfg!(debug_assertions)),
    }
}

/// Passes on what the gateway says once it listens, then reads on so that it never
/// has to wait.
fn listen(stdout: ChildStdout, welcome: &mpsc::Sender<Value>) {
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        // Whoever started it may have given up on it.
        let _nobody_waits = welcome.send(serde_json::from_str(&line).unwrap());
    }
}

/// A gateway that may not listen yet.
pub(crate) struct Starting {
    gateway: Gateway,
    welcome: mpsc::Receiver<Value>,
    begun: Instant,
}

impl Starting {
    pub(crate) async fn ready(self) -> Gateway {
        let Self {
            mut gateway,
            welcome,
            begun,
        } = self;
        gateway.welcome = loop {
            if let Ok(welcome) = welcome.try_recv() {
                break welcome;
            }
            gateway.must_run();
            assert!(begun.elapsed() < PATIENCE, "the gateway does not listen");
            tokio::time::sleep(Duration::from_millis(1)).await;
        };
        let url = gateway.welcome["url"].as_str().unwrap_or_default();
        let address = url.strip_prefix("http://").expect("an address");
        gateway.address = address.parse().unwrap();
        while gateway.try_call(&Request::get("/health/readiness")).await != Some(200) {
            gateway.must_run();
            assert!(begun.elapsed() < PATIENCE, "the gateway is not ready");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        gateway.ready_after = begun.elapsed();
        gateway
    }
}

/// A running gateway. It goes when it is dropped.
pub(crate) struct Gateway {
    process: Child,
    pub(crate) address: SocketAddr,
    welcome: Value,
    log: PathBuf,
    /// How long it took from its start to being ready.
    pub(crate) ready_after: Duration,
}

impl Gateway {
    pub(crate) async fn connect(&self) -> Connection {
        Connection::open(self.address).await.unwrap()
    }

    /// What it said when it began to listen.
    pub(crate) fn welcome(&self) -> &Value {
        &self.welcome
    }

    /// One request on a connection of its own.
    pub(crate) async fn call(&self, request: &Request) -> Answer {
        self.connect().await.call(request).await.unwrap()
    }

    async fn try_call(&self, request: &Request) -> Option<u16> {
        let mut connection = Connection::open(self.address).await.ok()?;
        Some(connection.call(request).await.ok()?.status)
    }

    /// Ends it without a warning.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Asks it to end.
    pub(crate) fn terminate(&self) {
        signal("-TERM", self.process.id());
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn ended(&mut self, within: Duration) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            assert!(
                begun.elapsed() < within,
                "the gateway still runs after {within:?}\n{}",
                tail(&self.log)
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// A figure in KiB that the kernel keeps of the process.
    pub(crate) fn status_kib(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name));
        let figure = line.and_then(|line| line.split_whitespace().nth(1));
        figure.expect("a figure").parse().unwrap()
    }

    fn must_run(&mut self) {
        if let Some(status) = self.process.try_wait().unwrap() {
            panic!("the gateway ended: {status}\n{}", tail(&self.log));
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("--- the gateway's log ends with\n{}", tail(&self.log));
        }
        // One that has ended already is not there to be killed.
        let _gone = self.process.kill();
        let _known = self.process.wait();
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let panic = log.lines().find(|line| line.contains("panicked at"));
        assert!(panic.is_none() || thread::panicking(), "{panic:?}");
    }
}
