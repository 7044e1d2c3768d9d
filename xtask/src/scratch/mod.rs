//! Servers that live as long as somebody needs them.
//!
//! They are children of a warden, a process of ours in a group of its own, which holds the reading end of a pipe.
//! When the writing end closes, for whatever reason (done, failed, Ctrl-C, `kill -9`), the warden stops what it
//! started or was given to watch, removes the scratch folder and ends.

mod postgres;
mod redis;
pub(crate) mod warden;

pub(crate) use postgres::closed_ancestor;

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::packages::Servers;
use crate::shell;

/// What to start.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The folder for the servers' data.
    pub(crate) folder: PathBuf,
    /// What becomes of the folder afterwards.
    pub(crate) afterwards: Afterwards,
    /// What a committed transaction of Postgres is worth.
    pub(crate) durability: Durability,
    /// The programs, or nothing when only the watching is wanted.
    pub(crate) servers: Option<Servers>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Afterwards {
    Remove,
    Keep,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Real `fsync`: the figures and a developer's data depend on it.
    Synced,
    /// For tests, whose data nobody misses after a power cut.
    Loose,
}

/// A running warden. Dropping it takes everything down and waits for that.
#[derive(Debug)]
pub(crate) struct Scratch {
    warden: Child,
    lease: Option<ChildStdin>,
    pub(crate) database_url: String,
    pub(crate) redis_url: String,
}

impl Scratch {
    /// Starts the warden and waits until its servers answer.
    pub(crate) fn start(plan: &Plan) -> Result<Self> {
        let own = std::env::current_exe().context("cannot find our own program")?;
        let mut command = Command::new(own);
        command
            .arg("scratch-warden")
            .arg("--folder")
            .arg(&plan.folder);
        if let Some(servers) = &plan.servers {
            command.arg("--postgres").arg(&servers.postgres_bin);
            command.arg("--redis").arg(&servers.redis);
        }
        if plan.afterwards == Afterwards::Keep {
            command.arg("--keep");
        }
        if plan.durability == Durability::Synced {
            command.arg("--synced");
        }
        // A group of its own: Ctrl-C is for the command in the foreground, the warden sees its pipe close.
        let mut warden = command
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the scratch warden")?;
        let lease = warden.stdin.take();
        let answers = warden
            .stdout
            .take()
            .context("the warden's answers are piped")?;
        let mut scratch = Self {
            warden,
            lease,
            database_url: String::new(),
            redis_url: String::new(),
        };
        for line in BufReader::new(answers).lines() {
            let line = line.context("cannot read the warden's answers")?;
            match line.split_once(' ') {
                Some(("database", url)) => url.clone_into(&mut scratch.database_url),
                Some(("redis", url)) => url.clone_into(&mut scratch.redis_url),
                _ if line == "ready" => return Ok(scratch),
                _ => bail!("the scratch warden said {line:?}"),
            }
        }
        bail!("the scratch servers did not start (see above)")
    }

    /// Hands one more process to the warden, which kills it should we die first.
    pub(crate) fn watch(&mut self, pid: u32) -> Result<()> {
        self.tell("watch", &pid.to_string())
    }

    /// Takes a process back that has ended.
    pub(crate) fn forget(&mut self, pid: u32) -> Result<()> {
        self.tell("forget", &pid.to_string())
    }

    /// Has one more folder removed at the end.
    pub(crate) fn remove_afterwards(&mut self, folder: &Path) -> Result<()> {
        self.tell("remove", &folder.to_string_lossy())
    }

    /// Gives the lease away: the servers stop when the process that gets this as its stdin has ended.
    pub(crate) fn into_lease(mut self) -> Result<Stdio> {
        let lease = self
            .lease
            .take()
            .context("the lease was given away before")?;
        let copy = lease
            .as_fd()
            .try_clone_to_owned()
            .context("cannot copy the lease")?;
        drop(lease);
        Ok(Stdio::from(copy))
    }

    fn tell(&mut self, verb: &str, what: &str) -> Result<()> {
        let lease = self
            .lease
            .as_mut()
            .context("the lease was given away before")?;
        writeln!(lease, "{verb} {what}").context("the scratch warden has died")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Some(lease) = self.lease.take() {
            drop(lease);
            let _ = self.warden.wait();
        }
    }
}

/// A new folder for scratch data, which server processes of another user can reach.
pub(crate) fn temporary_folder(purpose: &str) -> Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("vuzo-{purpose}-{}", std::process::id()));
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}

/// A log file in the folder, for a child's stdout or stderr.
fn log_file(path: &Path) -> Result<std::fs::File> {
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))
}

/// One server of ours.
#[derive(Debug)]
struct Server {
    child: Child,
    /// The signal that makes it end quickly and cleanly.
    farewell: &'static str,
    url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        shell::stop(&mut self.child, self.farewell, Duration::from_secs(15));
    }
}
