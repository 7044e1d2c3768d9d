//! System programs that the tests and the bench need, installed where that is allowed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::say::say;
use crate::shell;

/// Installs without starting anything: a policy of "no" for service scripts stands for the moment.
const INSTALL: &str = r#"
set -e
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT INT TERM
fi
apt-get update -q || echo 'apt-get update failed; trying with the index that is there' >&2
DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
"#;

/// The programs of the scratch servers.
#[derive(Debug, Clone)]
pub(crate) struct Servers {
    /// The folder that holds `initdb` and `postgres`.
    pub(crate) postgres_bin: PathBuf,
    /// The `redis-server` program.
    pub(crate) redis: PathBuf,
}

/// Finds Postgres and Redis, and installs them where we may.
pub(crate) fn ensure_servers() -> Result<Servers> {
    if let Some(found) = find_servers() {
        return Ok(found);
    }
    let mut missing = Vec::new();
    if find_postgres().is_none() {
        missing.push("postgresql");
    }
    if find_redis().is_none() {
        missing.push("redis-server");
    }
    install(&missing)?;
    find_servers().with_context(|| {
        format!(
            "installed {}, yet initdb, postgres or redis-server is still not to be found",
            missing.join(" and ")
        )
    })
}

/// Finds nginx, which only the bench wants; a machine without it merely lacks that column.
pub(crate) fn ensure_nginx() -> Option<PathBuf> {
    if let Some(found) = shell::find_program("nginx") {
        return Some(found);
    }
    match install(&["nginx-light"]) {
        Ok(()) => shell::find_program("nginx"),
        Err(error) => {
            say(format_args!("going on without nginx: {error:#}"));
            None
        }
    }
}

fn find_servers() -> Option<Servers> {
    Some(Servers {
        postgres_bin: find_postgres()?,
        redis: find_redis()?,
    })
}

fn find_redis() -> Option<PathBuf> {
    shell::find_program("redis-server").or_else(|| shell::find_program("valkey-server"))
}

/// The newest Postgres under Debian's folder, else the one in the search path.
fn find_postgres() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(_, bin)| holds_server(bin))
        .collect();
    versions.sort();
    if let Some((_, bin)) = versions.pop() {
        return Some(bin);
    }
    let initdb = shell::find_program("initdb")?.canonicalize().ok()?;
    let bin = initdb.parent()?.to_path_buf();
    holds_server(&bin).then_some(bin)
}

fn holds_server(bin: &Path) -> bool {
    shell::is_executable(&bin.join("initdb")) && shell::is_executable(&bin.join("postgres"))
}

/// Finds a program, and installs the packages that bring it where we may.
pub(crate) fn ensure_program(name: &str, packages: &[&str]) -> Result<PathBuf> {
    if let Some(found) = shell::find_program(name) {
        return Ok(found);
    }
    install(packages)?;
    shell::find_program(name).with_context(|| {
        format!(
            "installed {}, yet {name} is still not to be found",
            packages.join(" and ")
        )
    })
}

/// Installs packages of the system.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let wanted = packages.join(" ");
    if shell::find_program("apt-get").is_none() {
        bail!(
            "missing: {wanted}. Install these with this system's package manager so that initdb, postgres, \
             redis-server (and nginx for the bench) are in PATH; they need not run as services"
        );
    }
    let mut command = if shell::is_root() {
        Command::new("sh")
    } else if may_sudo() {
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "sh"]);
        sudo
    } else {
        bail!(
            "missing: {wanted}. Run `sudo apt-get install --no-install-recommends {wanted}` and try again"
        );
    };
    say(format_args!("installing {wanted} with apt-get"));
    command
        .args(["-c", INSTALL, "sh"])
        .args(packages)
        .stdin(Stdio::null());
    let status = command
        .status()
        .context("cannot start the package manager")?;
    if !status.success() {
        bail!("apt-get could not install {wanted} ({status}); install it by hand and try again");
    }
    Ok(())
}

fn may_sudo() -> bool {
    Command::new("sudo")
        .args(["-n", "true"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
