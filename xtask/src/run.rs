//! A production-like stack on a developer's machine.

use std::os::unix::process::CommandExt as _;

use anyhow::{Context as _, Result};

use crate::packages;
use crate::say::say;
use crate::scratch::{Afterwards, Durability, Plan, Scratch};
use crate::{shell, workspace};

/// Starts Postgres and Redis on data that is kept, and becomes the gateway.
///
/// The gateway inherits the lease on the servers as its stdin, so they outlive its graceful stop and nothing else.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let arguments = match args {
        [first, rest @ ..] if first == "--" => rest,
        all => all,
    };
    let servers = packages::ensure_servers()?;
    let folder = workspace::target().join("xtask-run");
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    let mut build = shell::cargo();
    shell::run(build.args(["build", "--release", "-p", "vuzo-gateway"]))?;

    let scratch = Scratch::start(&Plan {
        folder: folder.clone(),
        afterwards: Afterwards::Keep,
        durability: Durability::Synced,
        servers: Some(servers),
    })?;
    say(format_args!(
        "DATABASE_URL={} REDIS_URL={} (data kept in {})",
        scratch.database_url,
        scratch.redis_url,
        folder.display()
    ));
    let mut command = shell::cargo();
    command
        .args(["run", "--release", "-p", "vuzo-gateway", "--", "serve"])
        .args(arguments)
        .env("DATABASE_URL", &scratch.database_url)
        .env("REDIS_URL", &scratch.redis_url)
        .env("VUZO_DATA_DIR", folder.join("data"));
    say(format_args!("$ {}", shell::describe(&command)));
    let error = command.stdin(scratch.into_lease()?).exec();
    Err(error).context("cannot start cargo")
}
