//! A Redis of our own that keeps nothing.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::{Server, log_file};
use crate::shell;

const ATTEMPTS: u32 = 3;

/// Starts `redis-server` on a free loopback port and waits until it answers.
pub(super) fn start(program: &Path, folder: &Path) -> Result<Server> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    let mut last = None;
    for _ in 0..ATTEMPTS {
        match start_once(program, folder) {
            Ok(server) => return Ok(server),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| anyhow::anyhow!("no attempt was made")))
}

fn start_once(program: &Path, folder: &Path) -> Result<Server> {
    let port = shell::free_port()?;
    let log = folder.join("redis.log");
    let child = Command::new(program)
        .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
        .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
        .arg("--dir")
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(log_file(&log)?)
        .stderr(log_file(&log)?)
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let mut server = Server {
        child,
        farewell: "TERM",
        url: format!("redis://127.0.0.1:{port}"),
    };
    let deadline = Instant::now() + Duration::from_secs(15);
    while Instant::now() < deadline {
        if let Ok(Some(status)) = server.child.try_wait() {
            bail!(
                "redis-server ended at once ({status}):\n{}",
                shell::tail(&log)
            );
        }
        if answers(port) {
            return Ok(server);
        }
        thread::sleep(Duration::from_millis(20));
    }
    bail!(
        "redis-server did not answer within 15 s:\n{}",
        shell::tail(&log)
    )
}

fn answers(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else {
        return false;
    };
    let mut pong = [0; 5];
    stream
        .set_read_timeout(Some(Duration::from_secs(1)))
        .is_ok()
        && stream.write_all(b"PING\r\n").is_ok()
        && stream.read_exact(&mut pong).is_ok()
        && &pong == b"+PONG"
}
