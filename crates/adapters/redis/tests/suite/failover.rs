use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::runtime::Handle;
use vuzo_domain::id::GenerationId;
use vuzo_domain::limit::{LimitScope, Limits};
use vuzo_domain::port::{Admission, Admitted, Limiter, LimiterError, Unavailable};
use vuzo_redis::Failover;

use crate::model::Model;
use crate::server::{FIRST, account, call, per_minute, until};

/// A shared limiter whose state of health a test decides.
#[derive(Default)]
struct Shared {
    model: Model,
    health: AtomicU8,
    ended: Mutex<Vec<(GenerationId, u64)>>,
}

const WELL: u8 = 0;
const BROKEN: u8 = 1;
const SILENT: u8 = 2;

impl Shared {
    fn becomes(&self, health: u8) {
        self.health.store(health, Ordering::SeqCst);
    }

    async fn examine(&self) -> Result<(), Unavailable> {
        match self.health.load(Ordering::SeqCst) {
            WELL => Ok(()),
            BROKEN => Err(Unavailable::new("a test", "broken")),
            _ => std::future::pending().await,
        }
    }
}

#[async_trait]
impl Limiter for Shared {
    async fn admit(&self, admission: &Admission) -> Result<Admitted, LimiterError> {
        self.examine().await?;
        self.model.admit(admission).await
    }

    async fn leave(&self, admission: &Admission, tokens: u64) -> Result<(), Unavailable> {
        self.examine().await?;
        self.ended.lock().unwrap().push((admission.call, tokens));
        self.model.leave(admission, tokens).await
    }
}

struct Pair {
    shared: Arc<Shared>,
    local: Arc<Model>,
    failover: Failover,
}

fn pair() -> Pair {
    let shared = Arc::new(Shared::default());
    let local = Arc::new(Model::default());
    let failover = Failover::new(
        Arc::<Shared>::clone(&shared),
        Arc::<Model>::clone(&local),
        Handle::current(),
    );
    Pair {
        shared,
        local,
        failover,
    }
}

fn is_refused(answer: &Result<Admitted, LimiterError>) -> bool {
    matches!(answer, Err(LimiterError::Refused(_)))
}

#[tokio::test]
async fn while_the_shared_limiter_answers_its_word_decides() {
    let pair = pair();
    let scopes = [(account(1), per_minute(2))];
    // Something that only this process saw has filled its windows.
    for _ in 0..2 {
        pair.local.admit(&call(FIRST, 0, &scopes)).await.unwrap();
    }
    for _ in 0..2 {
        pair.failover.admit(&call(FIRST, 0, &scopes)).await.unwrap();
    }
    let third = pair.failover.admit(&call(FIRST, 0, &scopes)).await;
    assert!(is_refused(&third), "{third:?}");
    // Something that only other processes did has filled the shared windows.
    let elsewhere = [(account(2), per_minute(1))];
    pair.shared
        .admit(&call(FIRST, 0, &elsewhere))
        .await
        .unwrap();
    let refused = pair.failover.admit(&call(FIRST, 0, &elsewhere)).await;
    assert!(is_refused(&refused), "{refused:?}");
    assert_eq!(pair.failover.decided_locally(), 0);
    assert!(
        pair.local.admit(&call(FIRST, 0, &elsewhere)).await.is_ok(),
        "what was refused was not counted locally"
    );
}

#[tokio::test]
async fn local_windows_are_warm_when_they_are_needed() {
    let pair = pair();
    let scopes = [(account(1), per_minute(5))];
    for _ in 0..3 {
        pair.failover.admit(&call(FIRST, 0, &scopes)).await.unwrap();
    }
    pair.shared.becomes(BROKEN);
    let mut admitted = 0;
    for _ in 0..20 {
        let answer = pair.failover.admit(&call(FIRST, 0, &scopes)).await;
        assert!(answer.is_ok() || is_refused(&answer), "{answer:?}");
        admitted += u32::from(answer.is_ok());
    }
    assert_eq!(admitted, 2, "three of five were taken before");
    assert!(pair.failover.is_degraded());
    assert_eq!(pair.failover.decided_locally(), 20);
}

#[tokio::test]
async fn silence_costs_a_few_calls_their_patience_and_no_more() {
    let pair = pair();
    pair.shared.becomes(SILENT);
    let start = Instant::now();
    let mut waited = 0;
    for _ in 0..500 {
        let before = Instant::now();
        let admission = call(FIRST, 0, &[(account(1), per_minute(1_000))]);
        pair.failover.admit(&admission).await.unwrap();
        waited += u64::from(before.elapsed() >= Duration::from_millis(45));
    }
    let pauses = start.elapsed().as_secs() + 1;
    // Three more may be the machine's doing, which other tests keep busy.
    assert!((3..=6 + pauses).contains(&waited), "{waited} calls waited");
}

#[tokio::test]
async fn the_shared_limiter_decides_again_when_it_is_back() {
    let pair = pair();
    let unlimited: [(LimitScope, Limits); 1] = [(account(1), per_minute(1_000_000))];
    pair.shared.becomes(BROKEN);
    while !pair.failover.is_degraded() {
        pair.failover
            .admit(&call(FIRST, 0, &unlimited))
            .await
            .unwrap();
    }
    pair.shared.becomes(WELL);
    until("a probe finds it", || async {
        pair.failover
            .admit(&call(FIRST, 0, &unlimited))
            .await
            .unwrap();
        !pair.failover.is_degraded()
    })
    .await;
    let decided_locally = pair.failover.decided_locally();
    let (before, scopes) = (pair.shared.model.admitted(), [(account(2), per_minute(1))]);
    pair.failover.admit(&call(FIRST, 0, &scopes)).await.unwrap();
    assert_eq!(pair.shared.model.admitted(), before + 1);
    assert_eq!(pair.failover.decided_locally(), decided_locally);
}

#[tokio::test]
async fn calls_that_end_in_an_outage_are_told_afterwards() {
    let pair = pair();
    let limits = Limits {
        max_concurrency: Some(10),
        tokens_per_hour: Some(10_000),
        ..Limits::default()
    };
    let scopes = [(account(1), limits)];
    let mut open = Vec::new();
    for _ in 0..10 {
        let admission = call(FIRST, 100, &scopes);
        pair.failover.admit(&admission).await.unwrap();
        open.push(admission);
    }
    pair.shared.becomes(BROKEN);
    for admission in &open {
        pair.failover.leave(admission, 7).await.unwrap();
    }
    assert!(pair.shared.ended.lock().unwrap().is_empty());
    pair.shared.becomes(WELL);
    until("all of them are told", || async {
        pair.shared.ended.lock().unwrap().len() == 10
    })
    .await;
    for admission in &open {
        let told = pair
            .shared
            .ended
            .lock()
            .unwrap()
            .contains(&(admission.call, 7));
        assert!(told, "{admission:?}");
    }
    let admitted = pair.shared.admit(&call(FIRST, 0, &scopes)).await.unwrap();
    assert_eq!(admitted.tokens.unwrap().remaining, 10_000 - 70);
}

#[tokio::test]
async fn what_may_have_been_counted_in_vain_is_taken_back() {
    let pair = pair();
    let limits = Limits {
        max_concurrency: Some(1),
        ..Limits::default()
    };
    let scopes = [(account(1), limits)];
    pair.local.admit(&call(FIRST, 0, &scopes)).await.unwrap();
    pair.shared.becomes(SILENT);
    let refused = call(FIRST, 0, &scopes);
    let answer = pair.failover.admit(&refused).await;
    assert!(is_refused(&answer), "{answer:?}");
    pair.shared.becomes(WELL);
    until("the shared limiter is told", || async {
        pair.shared
            .ended
            .lock()
            .unwrap()
            .contains(&(refused.call, 0))
    })
    .await;
}
