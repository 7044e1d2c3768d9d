use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::runtime::Handle;
use tokio::time::timeout;
use vuzo_domain::port::{Admission, Admitted, Limiter, LimiterError, Unavailable};

use crate::limiter::keeps_open_calls;
use backlog::Backlog;
use breaker::Breaker;

mod backlog;
mod breaker;

/// Counts in a shared limiter, and in a local one where the shared one is slow or
/// gone.
///
/// What the shared limiter admits is counted locally too, so that the local windows
/// are warm when they are needed. While the shared one answers, its word alone
/// decides. Where it does not, the local one decides: each process then holds the
/// limits by itself, so n processes let in at most n times as much.
pub struct Failover {
    shared: Arc<Shared>,
    local: Arc<dyn Limiter>,
    decided_locally: AtomicU64,
}

/// The shared limiter with what is known of its state.
struct Shared {
    limiter: Arc<dyn Limiter>,
    breaker: Breaker,
    backlog: Backlog,
}

/// How long the shared limiter may take. With what follows it stays below the 60 ms
/// that an outage may cost a call.
const PATIENCE: Duration = Duration::from_millis(50);

impl Failover {
    /// Prefers `shared` to `local`. Ended calls that `shared` could not be told of
    /// are told later by a task on the runtime.
    pub fn new(shared: Arc<dyn Limiter>, local: Arc<dyn Limiter>, runtime: Handle) -> Self {
        Self {
            shared: Arc::new(Shared {
                limiter: shared,
                breaker: Breaker::new(),
                backlog: Backlog::new(runtime),
            }),
            local,
            decided_locally: AtomicU64::new(0),
        }
    }

    /// Whether the shared limiter has been given up for now.
    pub fn is_degraded(&self) -> bool {
        self.shared.breaker.is_open()
    }

    /// How many admissions were decided locally since the start.
    pub fn decided_locally(&self) -> u64 {
        self.decided_locally.load(Ordering::Relaxed)
    }

    async fn admit_locally(&self, admission: &Admission) -> Result<Admitted, LimiterError> {
        self.decided_locally.fetch_add(1, Ordering::Relaxed);
        self.local.admit(admission).await
    }
}

#[async_trait]
impl Limiter for Failover {
    async fn admit(&self, admission: &Admission) -> Result<Admitted, LimiterError> {
        if !self.shared.breaker.lets_through() {
            return self.admit_locally(admission).await;
        }
        let answer = within_patience(self.shared.limiter.admit(admission)).await;
        match answer {
            Some(Ok(admitted)) => {
                self.shared.answered();
                // Counting is all that is asked here: a local window that is full
                // must not refuse what the shared one admitted.
                let _counted = self.local.admit(admission).await;
                Ok(admitted)
            }
            Some(Err(LimiterError::Refused(refusal))) => {
                self.shared.answered();
                Err(LimiterError::Refused(refusal))
            }
            Some(Err(LimiterError::Unavailable(_))) | None => {
                self.shared.went_missing();
                let decision = self.admit_locally(admission).await;
                if decision.is_err() && is_open_call(admission) {
                    // The shared limiter may have counted it all the same.
                    self.shared.backlog.push(&self.shared, admission.clone(), 0);
                }
                decision
            }
        }
    }

    async fn leave(&self, admission: &Admission, tokens: u64) -> Result<(), Unavailable> {
        self.local.leave(admission, tokens).await?;
        if !is_open_call(admission) {
            return Ok(());
        }
        if self.shared.breaker.lets_through() {
            let answer = within_patience(self.shared.limiter.leave(admission, tokens)).await;
            if let Some(Ok(())) = answer {
                self.shared.answered();
                return Ok(());
            }
            self.shared.went_missing();
        }
        self.shared
            .backlog
            .push(&self.shared, admission.clone(), tokens);
        Ok(())
    }
}

impl Shared {
    fn answered(&self) {
        if self.breaker.succeeded() {
            tracing::info!("the shared limiter answers again");
        }
    }

    fn went_missing(&self) {
        if self.breaker.failed() {
            tracing::warn!("the shared limiter does not answer; limits are held by each process");
        }
    }
}

impl fmt::Debug for Failover {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Failover")
            .field("is_degraded", &self.is_degraded())
            .finish_non_exhaustive()
    }
}

/// Whether the shared limiter remembers the call and so has to be told of its end. A
/// limiter that is told nothing answers without asking anybody, and such an answer
/// says nothing of its health.
fn is_open_call(admission: &Admission) -> bool {
    let mut scopes = admission.scopes.iter();
    scopes.any(|rules| keeps_open_calls(&rules.limits))
}

async fn within_patience<T>(answer: impl Future<Output = T>) -> Option<T> {
    timeout(PATIENCE, answer).await.ok()
}
