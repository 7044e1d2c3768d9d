//! What the health page asks.

use std::sync::Arc;

use async_trait::async_trait;
use vuzo_domain::port::{Clock, Sealer, Unavailable};
use vuzo_domain::secret::Secret;
use vuzo_http::Probe;
use vuzo_redis::Redis;

use crate::wiring::Store;

struct StoreProbe(Store);

struct RedisProbe(Redis);

struct SealerProbe {
    sealer: Arc<dyn Sealer>,
    clock: Arc<dyn Clock>,
}

pub(super) fn of_store(store: &Store) -> Arc<dyn Probe> {
    Arc::new(StoreProbe(store.clone()))
}

pub(super) fn of_redis(redis: &Redis) -> Arc<dyn Probe> {
    Arc::new(RedisProbe(redis.clone()))
}

pub(super) fn of_sealer(sealer: &Arc<dyn Sealer>, clock: &Arc<dyn Clock>) -> Arc<dyn Probe> {
    Arc::new(SealerProbe {
        sealer: Arc::clone(sealer),
        clock: Arc::clone(clock),
    })
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

#[async_trait]
impl Probe for SealerProbe {
    async fn check(&self) -> Result<(), String> {
        let secret = Secret::new("nothing of value");
        let sealed = self.sealer.seal(&secret, self.clock.now());
        let sealed = sealed.map_err(|fault| fault.to_string())?;
        if self.sealer.open(&sealed).as_ref() == Some(&secret) {
            Ok(())
        } else {
            Err("what was sealed does not open".to_owned())
        }
    }
}

fn describe(fault: &Unavailable) -> String {
    format!("{fault}: {}", fault.source)
}
