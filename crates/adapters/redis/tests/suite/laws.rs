//! The laws of the port, on Redis and on both sides of the failover.

use std::sync::Arc;

use tokio::runtime::Handle;
use vuzo_domain::port::Limiter;
use vuzo_memory::LocalLimiter;
use vuzo_redis::Failover;

use crate::server::{Server, limiter, timed_limiter};

async fn by_the_time_of_admissions() -> Arc<dyn Limiter> {
    Arc::new(timed_limiter().await)
}

async fn by_its_own_clock() -> Arc<dyn Limiter> {
    Arc::new(limiter().await)
}

fn failover(shared: impl Limiter) -> Arc<dyn Limiter> {
    let local = LocalLimiter::new(LocalLimiter::USUAL_SCOPES);
    Arc::new(Failover::new(
        Arc::new(shared),
        Arc::new(local),
        Handle::current(),
    ))
}

async fn while_redis_answers() -> Arc<dyn Limiter> {
    failover(timed_limiter().await)
}

async fn while_redis_is_gone() -> Arc<dyn Limiter> {
    failover(vuzo_redis::RedisLimiter::new(Server::absent().open()))
}

mod redis_in_given_time {
    vuzo_contracts::limiter_laws!(crate::laws::by_the_time_of_admissions);
}

mod redis_in_real_time {
    vuzo_contracts::limiter_laws_with_own_clock!(crate::laws::by_its_own_clock);
}

mod failover_to_redis {
    vuzo_contracts::limiter_laws!(crate::laws::while_redis_answers);
}

mod failover_to_local {
    vuzo_contracts::limiter_laws!(crate::laws::while_redis_is_gone);
}
