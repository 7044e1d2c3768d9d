use std::fs::{self, File, OpenOptions};
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Folder, free_port, setting, signal, tail};

/// The user that Postgres runs as where we are root, which it refuses to be.
#[derive(Clone, Copy)]
struct Owner {
    user: u32,
    group: u32,
}

/// A Postgres of one test, to be killed and brought back.
pub(crate) struct Postgres {
    folder: Folder,
    owner: Option<Owner>,
    port: u16,
    process: Option<Child>,
}

impl Postgres {
    /// Makes a cluster and starts it.
    pub(crate) async fn start() -> Self {
        let folder = Folder::new();
        let owner = (fs::metadata(folder.path()).unwrap().uid() == 0).then(unprivileged);
        if let Some(owner) = owner {
            chown(folder.path(), Some(owner.user), Some(owner.group)).unwrap();
        }
        let mut postgres = Self {
            folder,
            owner,
            port: free_port(),
            process: None,
        };
        let mut command = postgres.command("initdb");
        command.args(["--username=postgres", "--auth=trust", "--encoding=UTF8"]);
        command.args(["--no-locale", "--no-sync"]);
        let made = command.status().unwrap();
        assert!(made.success(), "initdb: {}", tail(&postgres.log()));
        postgres.start_again().await;
        postgres
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Kills the server as a machine that loses its power would, but for its disk:
    /// what was written to the kernel is there afterwards.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Starts it where it was before, with what it has. The processes that a killed
    /// server leaves behind end by themselves, and until then it does not start.
    pub(crate) async fn start_again(&mut self) {
        self.kill();
        let deadline = Instant::now() + Duration::from_secs(30);
        let mut process = self.spawn();
        while !self.is_ready(process.id()) {
            if process.try_wait().unwrap().is_some() {
                process = self.spawn();
            }
            if Instant::now() > deadline {
                process.kill().unwrap();
                process.wait().unwrap();
                panic!("Postgres does not start:\n{}", tail(&self.log()));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.process = Some(process);
    }

    fn spawn(&self) -> Child {
        let mut command = self.command("postgres");
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-k", ""]);
        // The machine stays up, so nothing that reached the kernel is ever lost.
        command.args(["-c", "fsync=off", "-c", "timezone=UTC"]);
        command.args(["-c", "max_connections=200"]);
        command.spawn().unwrap()
    }

    /// The server writes its number in the first line of this file, and how far it is
    /// in the last.
    fn is_ready(&self, process: u32) -> bool {
        let text = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        lines.first() == Some(&process.to_string().as_str())
            && lines.last() == Some(&"ready")
            && TcpStream::connect(("127.0.0.1", self.port)).is_ok()
    }

    fn command(&self, program: &str) -> Command {
        let folder = Path::new(&setting("VUZO_TEST_POSTGRES_BIN")).join(program);
        let mut command = Command::new(folder);
        if let Some(owner) = self.owner {
            command.uid(owner.user).gid(owner.group).env_remove("HOME");
        }
        let log = || -> File {
            let mut options = OpenOptions::new();
            options.create(true).append(true).open(self.log()).unwrap()
        };
        command
            .arg("-D")
            .arg(self.data())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(log())
            .stderr(log());
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("postgres.log")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // At once, but with all its processes: there is nothing to keep.
            signal("-QUIT", process.id());
            process.wait().unwrap();
        }
    }
}

/// `postgres` where there is such a user, else `nobody`.
fn unprivileged() -> Owner {
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let find = |wanted: &str| {
        users.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            (fields.first() == Some(&wanted)).then(|| Owner {
                user: fields[2].parse().unwrap(),
                group: fields[3].parse().unwrap(),
            })
        })
    };
    find("postgres").or_else(|| find("nobody")).unwrap()
}
