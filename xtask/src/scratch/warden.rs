//! The process that owns the scratch servers.

use std::collections::BTreeMap;
use std::fs;
use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::{Durability, Server, postgres, redis};
use crate::options::Options;
use crate::say::{answer, say};
use crate::shell;

/// Starts the servers, tells their addresses, and holds on until stdin closes.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let mut options = Options::new(args);
    let folder = PathBuf::from(options.text("--folder")?.context("--folder is needed")?);
    let postgres_bin = options.text("--postgres")?;
    let redis_program = options.text("--redis")?;
    let keep = options.flag("--keep");
    let durability = if options.flag("--synced") {
        Durability::Synced
    } else {
        Durability::Loose
    };
    options.finish()?;

    let outcome = serve(
        &folder,
        postgres_bin.as_deref(),
        redis_program.as_deref(),
        durability,
    );
    if !keep && let Err(error) = fs::remove_dir_all(&folder) {
        say(format_args!("cannot remove {}: {error}", folder.display()));
    }
    outcome
}

fn serve(
    folder: &Path,
    postgres_bin: Option<&str>,
    redis_program: Option<&str>,
    durability: Durability,
) -> Result<()> {
    let mut servers: Vec<Server> = Vec::new();
    if let Some(bin) = postgres_bin {
        let server = postgres::start(Path::new(bin), &folder.join("postgres"), durability)?;
        answer(format_args!("database {}", server.url));
        servers.push(server);
    }
    if let Some(program) = redis_program {
        let server = redis::start(Path::new(program), &folder.join("redis"))?;
        answer(format_args!("redis {}", server.url));
        servers.push(server);
    }
    answer("ready");

    let estate = take_instructions();
    estate.wind_up();
    drop(servers);
    Ok(())
}

/// What was left to the warden besides its own servers.
#[derive(Debug, Default)]
struct Estate {
    /// Processes, each with when it was born: a number may have another owner by the end.
    processes: BTreeMap<u32, u64>,
    folders: Vec<PathBuf>,
}

/// Listens until the other side closes the pipe or is gone.
fn take_instructions() -> Estate {
    let mut estate = Estate::default();
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        let (verb, what) = line.split_once(' ').unwrap_or_default();
        match (verb, what.parse::<u32>()) {
            ("watch", Ok(pid)) => {
                estate.processes.extend(birth(pid).map(|born| (pid, born)));
            }
            ("forget", Ok(pid)) => {
                estate.processes.remove(&pid);
            }
            ("remove", _) => estate.folders.push(PathBuf::from(what)),
            _ => say(format_args!("the warden does not understand {line:?}")),
        }
    }
    estate
}

impl Estate {
    fn wind_up(&self) {
        self.signal("TERM");
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline && self.alive().next().is_some() {
            thread::sleep(Duration::from_millis(20));
        }
        self.signal("KILL");
        for folder in &self.folders {
            let _ = fs::remove_dir_all(folder);
        }
    }

    fn signal(&self, name: &str) {
        for pid in self.alive() {
            shell::signal(pid, name);
        }
    }

    fn alive(&self) -> impl Iterator<Item = u32> {
        self.processes
            .iter()
            .filter(|(pid, born)| birth(**pid) == Some(**born))
            .map(|(pid, _)| *pid)
    }
}

/// When a process was started, in the kernel's ticks; nothing if it has ended.
fn birth(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    if fields.first() == Some(&"Z") {
        return None;
    }
    fields.get(19)?.parse().ok()
}
