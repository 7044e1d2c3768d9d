use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use vuzo_domain::port::Admission;

use super::Shared;

/// Calls that ended while the shared counters could not be told.
///
/// Without it a short outage would leave places taken for the hour in which they
/// lapse. It is bounded: beyond that the oldest are left to lapse.
pub(super) struct Backlog {
    runtime: Handle,
    ended: Mutex<Ended>,
}

#[derive(Default)]
struct Ended {
    calls: VecDeque<(Admission, u64)>,
    is_draining: bool,
}

/// How many ended calls are kept, a few hundred bytes each.
const KEPT: usize = 10_000;
/// How long to wait before the other side is told again.
const PAUSE: Duration = Duration::from_millis(250);

impl Backlog {
    pub(super) fn new(runtime: Handle) -> Self {
        Self {
            runtime,
            ended: Mutex::default(),
        }
    }

    /// Keeps an ended call and sees to it that it is told.
    pub(super) fn push(&self, shared: &Arc<Shared>, admission: Admission, tokens: u64) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if ended.calls.len() >= KEPT {
            ended.calls.pop_front();
        }
        ended.calls.push_back((admission, tokens));
        if !ended.is_draining {
            ended.is_draining = true;
            self.runtime.spawn(drain(Arc::clone(shared)));
        }
    }

    /// The oldest call that is left, or the end of the draining.
    fn next(&self) -> Option<(Admission, u64)> {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let next = ended.calls.pop_front();
        ended.is_draining = next.is_some();
        next
    }

    fn put_back(&self, call: (Admission, u64)) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if ended.calls.len() < KEPT {
            ended.calls.push_front(call);
        }
    }
}

/// Tells the shared counters of ended calls, one after the other, until none is left.
async fn drain(shared: Arc<Shared>) {
    while let Some((admission, tokens)) = shared.backlog.next() {
        if shared.limiter.leave(&admission, tokens).await.is_ok() {
            shared.answered();
        } else {
            shared.backlog.put_back((admission, tokens));
            tokio::time::sleep(PAUSE).await;
        }
    }
}
