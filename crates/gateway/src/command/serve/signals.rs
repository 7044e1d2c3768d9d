use anyhow::{Context as _, Result};
use tokio::runtime::Handle;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How a shell tells that a program was ended by an interrupt.
const INTERRUPTED: i32 = 130;

/// The signals that end the gateway.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From now on they no longer end the process by themselves.
    pub(super) fn listen() -> Result<Self> {
        let listen = |kind| signal(kind).context("signals cannot be listened to");
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    /// Waits for one, and names it.
    pub(super) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }

    /// Ends the process on the next one: who sends a second does not want to wait.
    pub(super) fn exit_on_the_next(mut self, handle: &Handle) {
        handle.spawn(async move {
            let signal = self.next().await;
            tracing::warn!(signal, "ended at once");
            std::process::exit(INTERRUPTED);
        });
    }
}
