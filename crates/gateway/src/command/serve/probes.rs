//! What the health page asks.

use std::sync::Arc;

use async_trait::async_trait;
use vuzo_domain::port::Unavailable;
use vuzo_http::Probe;
use vuzo_redis::Redis;

use crate::wiring::Store;

struct StoreProbe(Store);

struct RedisProbe(Redis);

pub(super) fn of_store(store: &Store) -> Arc<dyn Probe> {
    Arc::new(StoreProbe(store.clone()))
}

pub(super) fn of_redis(redis: &Redis) -> Arc<dyn Probe> {
    Arc::new(RedisProbe(redis.clone()))
}

#[async_trait]
impl Probe for StoreProbe {
    async fn check(&self) -> Result<(), String> {
        self.0.ping().await.map_err(|fault| describe(&fault))
    }
}

#[async_trait]
impl Probe for RedisProbe {
    async fn check(&self) -> Result<(), String> {
        self.0.ping().await.map_err(|fault| describe(&fault))
    }
}

fn describe(fault: &Unavailable) -> String {
    format!("{fault}: {}", fault.source)
}
