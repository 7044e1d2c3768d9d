use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{free_port, setting, signal, until};

/// A Redis of one test, to be killed and brought back.
pub(crate) struct Redis {
    port: u16,
    process: Option<Child>,
}

impl Redis {
    pub(crate) async fn start() -> Self {
        let mut redis = Self {
            port: free_port(),
            process: None,
        };
        redis.start_again().await;
        redis
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Starts it where it was before, with nothing in it.
    pub(crate) async fn start_again(&mut self) {
        self.kill();
        let process = Command::new(setting("VUZO_TEST_REDIS_BIN"))
            .args(["--bind", "127.0.0.1", "--port", &self.port.to_string()])
            .args(["--save", "", "--appendonly", "no"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.process = Some(process.unwrap());
        let port = self.port;
        until("Redis answers", || async move { answers(port) }).await;
    }

    /// Stops the process without ending it: connections stay, answers do not come.
    pub(crate) fn stall(&self) {
        signal("-STOP", self.process.as_ref().expect("it runs").id());
    }

    pub(crate) fn resume(&self) {
        signal("-CONT", self.process.as_ref().expect("it runs").id());
    }

    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

fn answers(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else {
        return false;
    };
    let mut pong = [0; 5];
    let patience = Some(Duration::from_secs(1));
    stream.set_read_timeout(patience).is_ok()
        && stream.write_all(b"PING\r\n").is_ok()
        && stream.read_exact(&mut pong).is_ok()
        && &pong == b"+PONG"
}
