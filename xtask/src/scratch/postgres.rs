//! A Postgres of our own, from the system's binaries.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::{Durability, Server, log_file};
use crate::shell;

const ATTEMPTS: u32 = 3;
/// The kernel's limit on a socket's path, less the name Postgres appends.
const LONGEST_SOCKET_FOLDER: usize = 80;

/// The user that Postgres runs as when we are root, which it refuses to be.
#[derive(Debug, Clone, Copy)]
struct Owner {
    uid: u32,
    gid: u32,
}

/// Initialises a cluster where there is none, starts it on a free port and waits until it answers.
pub(super) fn start(bin: &Path, folder: &Path, durability: Durability) -> Result<Server> {
    let owner = if shell::is_root() {
        Some(unprivileged_owner()?)
    } else {
        None
    };
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    if let Some(owner) = owner {
        check_reachable(folder)?;
        chown(folder, Some(owner.uid), Some(owner.gid))
            .with_context(|| format!("cannot give {} away", folder.display()))?;
    }
    let data = folder.join("data");
    if !data.join("PG_VERSION").exists() {
        initialise(bin, folder, &data, owner)?;
    }
    let mut last = None;
    for _ in 0..ATTEMPTS {
        match start_once(bin, folder, durability, owner) {
            Ok(server) => return Ok(server),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| anyhow::anyhow!("no attempt was made")))
}

fn initialise(bin: &Path, folder: &Path, data: &Path, owner: Option<Owner>) -> Result<()> {
    let log = folder.join("initdb.log");
    let mut command = as_owner(&bin.join("initdb"), owner);
    command
        .arg("--pgdata")
        .arg(data)
        .args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
        ])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log_file(&log)?)
        .stderr(log_file(&log)?);
    let status = command
        .status()
        .with_context(|| format!("cannot start initdb in {}", bin.display()))?;
    if !status.success() {
        bail!("initdb failed ({status}):\n{}", shell::tail(&log));
    }
    Ok(())
}

fn start_once(
    bin: &Path,
    folder: &Path,
    durability: Durability,
    owner: Option<Owner>,
) -> Result<Server> {
    let port = shell::free_port()?;
    let data = folder.join("data");
    let log = folder.join("postgres.log");
    let mut command = as_owner(&bin.join("postgres"), owner);
    command
        .arg("-D")
        .arg(&data)
        .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-k"]);
    // A folder too deep for a socket does without: everything here speaks TCP.
    command.arg(if folder.as_os_str().len() <= LONGEST_SOCKET_FOLDER {
        folder
    } else {
        Path::new("")
    });
    command.args([
        "-c",
        "max_connections=300",
        "-c",
        "timezone=UTC",
        "-c",
        "log_timezone=UTC",
    ]);
    if durability == Durability::Loose {
        command.args(["-c", "fsync=off", "-c", "full_page_writes=off"]);
    }
    let child = command
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log_file(&log)?)
        .stderr(log_file(&log)?)
        .spawn()
        .with_context(|| format!("cannot start postgres in {}", bin.display()))?;
    let farewell = match durability {
        Durability::Synced => "INT",
        // Immediate: there is nothing to keep.
        Durability::Loose => "QUIT",
    };
    let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
    let mut server = Server {
        child,
        farewell,
        url,
    };
    let deadline = Instant::now() + Duration::from_secs(30);
    while Instant::now() < deadline {
        if let Ok(Some(status)) = server.child.try_wait() {
            bail!("postgres ended at once ({status}):\n{}", shell::tail(&log));
        }
        if is_ready(&data, server.child.id(), port) {
            return Ok(server);
        }
        thread::sleep(Duration::from_millis(20));
    }
    bail!(
        "postgres did not answer within 30 s:\n{}",
        shell::tail(&log)
    )
}

/// The postmaster writes its number in the first line of this file and how far it is in the last.
fn is_ready(data: &Path, pid: u32, port: u16) -> bool {
    let Ok(text) = fs::read_to_string(data.join("postmaster.pid")) else {
        return false;
    };
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.first() == Some(&pid.to_string().as_str())
        && lines.last() == Some(&"ready")
        && TcpStream::connect(("127.0.0.1", port)).is_ok()
}

fn as_owner(program: &Path, owner: Option<Owner>) -> Command {
    let mut command = Command::new(program);
    if let Some(owner) = owner {
        command.uid(owner.uid).gid(owner.gid).env_remove("HOME");
    }
    command
}

/// `postgres` where the package made that user, else `nobody`.
fn unprivileged_owner() -> Result<Owner> {
    let users = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
    for wanted in ["postgres", "nobody"] {
        for line in users.lines() {
            let fields: Vec<&str> = line.split(':').collect();
            if let [name, _, uid, gid, ..] = fields.as_slice()
                && *name == wanted
                && let (Ok(uid), Ok(gid)) = (uid.parse(), gid.parse())
            {
                return Ok(Owner { uid, gid });
            }
        }
    }
    bail!(
        "Postgres refuses to run as root, and there is neither a user `postgres` nor `nobody` to run it as"
    )
}

/// Refuses a folder that another user cannot enter, with the reason.
fn check_reachable(folder: &Path) -> Result<()> {
    match closed_ancestor(folder) {
        None => Ok(()),
        Some(closed) => bail!(
            "Postgres must run as another user than root, who cannot enter {}; set CARGO_TARGET_DIR or TMPDIR elsewhere",
            closed.display()
        ),
    }
}

/// The first folder on the way that others may not enter.
pub(crate) fn closed_ancestor(folder: &Path) -> Option<PathBuf> {
    let mut above: Vec<&Path> = folder.ancestors().skip(1).collect();
    above.reverse();
    above
        .into_iter()
        .find(|ancestor| {
            fs::metadata(ancestor)
                .is_ok_and(|about| about.uid() == 0 && about.permissions().mode() & 0o001 == 0)
        })
        .map(Path::to_path_buf)
}
