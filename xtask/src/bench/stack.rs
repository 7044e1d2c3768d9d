//! Everything that runs during a bench, started and stopped together.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::gateway::{self, Store};
use super::plan::{CHUNKS, Settings, TargetName};
use super::{machine, nginx};
use crate::packages;
use crate::say::say;
use crate::scratch::{self, Afterwards, Durability, Plan, Scratch};
use crate::{http1, shell, workspace};

const UP_WITHIN: Duration = Duration::from_secs(10);

/// Somebody to send requests to.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) name: TargetName,
    pub(super) address: SocketAddr,
    /// The process whose CPU time and memory count.
    pub(super) pid: u32,
    pub(super) key: String,
    log: PathBuf,
}

pub(super) struct Stack {
    folder: PathBuf,
    scratch: Scratch,
    children: Vec<(TargetName, Child)>,
    mock: SocketAddr,
    targets: Vec<Target>,
}

impl Stack {
    pub(super) fn start(settings: &Settings) -> Result<Self> {
        let servers = if settings.wants(TargetName::Postgres) {
            Some(packages::ensure_servers()?)
        } else {
            None
        };
        let folder = folder_on_disk()?;
        let scratch = Scratch::start(&Plan {
            folder: folder.clone(),
            afterwards: Afterwards::Remove,
            durability: Durability::Synced,
            servers,
        })?;
        let mock = loopback()?;
        let mut stack = Self {
            folder,
            scratch,
            children: Vec::new(),
            mock,
            targets: Vec::new(),
        };
        stack.start_mock()?;
        if settings.wants(TargetName::Nginx) {
            stack.start_nginx()?;
        }
        for name in [TargetName::Sqlite, TargetName::Postgres] {
            if settings.wants(name) {
                stack.start_gateway(name, settings)?;
            }
        }
        Ok(stack)
    }

    pub(super) fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// Tells the mock how long to wait before it answers.
    pub(super) fn set_delay(&self, delay: Duration) -> Result<()> {
        let path = format!("/mock/delay/{}", delay.as_millis());
        let answer = http1::call(self.mock, "POST", &path, "", "{}")?;
        if answer.status != 200 {
            bail!("the mock refused a delay: {}", answer.body);
        }
        Ok(())
    }

    pub(super) fn peak_memory(&self) -> Vec<(TargetName, u64)> {
        self.targets
            .iter()
            .map(|target| (target.name, machine::peak_memory(target.pid)))
            .collect()
    }

    pub(super) fn log_of(target: &Target) -> String {
        shell::tail(&target.log)
    }

    pub(super) fn watch(&mut self, child: &Child) -> Result<()> {
        self.scratch.watch(child.id())
    }

    pub(super) fn forget(&mut self, pid: u32) -> Result<()> {
        self.scratch.forget(pid)
    }

    /// Stops the gateways before the servers they need; the rest follows with the value.
    pub(super) fn stop(mut self) {
        for (name, child) in self.children.iter_mut().rev() {
            shell::stop(child, "TERM", Duration::from_secs(15));
            if let Ok(Some(status)) = child.try_wait()
                && !status.success()
                && matches!(name, TargetName::Sqlite | TargetName::Postgres)
            {
                say(format_args!("the gateway on {name} ended with {status}"));
            }
        }
        for (_, child) in &self.children {
            let _ = self.scratch.forget(child.id());
        }
        self.children.clear();
    }

    fn start_mock(&mut self) -> Result<()> {
        let log = self.folder.join("mock.log");
        let child = Command::new(workspace::target().join("release").join("xtask"))
            .args(["mock-upstream", "--port", &self.mock.port().to_string()])
            .args(["--chunks", &CHUNKS.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log).context("cannot write the mock's log")?)
            .spawn()
            .context("cannot start the mock upstream")?;
        let address = self.mock;
        self.adopt(TargetName::Direct, child, address, log)?;
        self.wait_for(address)
    }

    fn start_nginx(&mut self) -> Result<()> {
        let Some(program) = packages::ensure_nginx() else {
            say("nginx is not installed: no ratios to it");
            return Ok(());
        };
        let address = loopback()?;
        // Its workers are another user, who must reach their folders.
        let folder = scratch::temporary_folder("nginx")?;
        self.scratch.remove_afterwards(&folder)?;
        let child = nginx::start(&program, &folder, address, self.mock)?;
        self.adopt(TargetName::Nginx, child, address, folder.join("nginx.log"))?;
        self.wait_for(address)
    }

    fn start_gateway(&mut self, name: TargetName, settings: &Settings) -> Result<()> {
        let address = loopback()?;
        let folder = self.folder.join(name.name()).join("gateway");
        let store = if name == TargetName::Sqlite {
            Store::Sqlite
        } else {
            Store::PostgresAndRedis {
                database_url: &self.scratch.database_url,
                redis_url: &self.scratch.redis_url,
            }
        };
        let child = gateway::start(&folder, address, self.mock, &store)?;
        self.adopt(name, child, address, gateway::log_file(&folder))?;
        let (Some((_, child)), Some(target)) = (self.children.last_mut(), self.targets.last_mut())
        else {
            bail!("the gateway was adopted just now");
        };
        target.key = gateway::prepare(child, &folder, address, &settings.model)?;
        Ok(())
    }

    fn adopt(
        &mut self,
        name: TargetName,
        child: Child,
        address: SocketAddr,
        log: PathBuf,
    ) -> Result<()> {
        let pid = child.id();
        self.children.push((name, child));
        self.targets.push(Target {
            name,
            address,
            pid,
            key: String::new(),
            log,
        });
        self.scratch.watch(pid)
    }

    /// Waits until the youngest process listens.
    fn wait_for(&mut self, address: SocketAddr) -> Result<()> {
        let (Some((name, child)), Some(target)) = (self.children.last_mut(), self.targets.last())
        else {
            bail!("nothing was started");
        };
        let deadline = Instant::now() + UP_WITHIN;
        while Instant::now() < deadline {
            if let Ok(Some(status)) = child.try_wait() {
                bail!(
                    "{name} ended at once ({status}):\n{}",
                    shell::tail(&target.log)
                );
            }
            if TcpStream::connect(address).is_ok() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        bail!(
            "{name} does not listen on {address}:\n{}",
            shell::tail(&target.log)
        )
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        for (_, child) in self.children.iter_mut().rev() {
            shell::stop(child, "TERM", Duration::from_secs(5));
        }
    }
}

/// Durable writes cost what the disk takes, so the folder is no memory file system if that can be helped.
fn folder_on_disk() -> Result<PathBuf> {
    let name = format!("xtask-bench-{}", std::process::id());
    let mut folder = workspace::target().join(&name);
    if shell::is_root()
        && let Some(closed) = scratch::closed_ancestor(&folder)
    {
        folder = PathBuf::from("/var/tmp").join(&name);
        say(format_args!(
            "{} is closed to the user that runs Postgres: using {}",
            closed.display(),
            folder.display()
        ));
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}

fn loopback() -> Result<SocketAddr> {
    Ok(SocketAddr::from(([127, 0, 0, 1], shell::free_port()?)))
}
