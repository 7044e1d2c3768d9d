//! The cache of answers: its laws, and that nobody waits for a Redis that is away.

use std::sync::Arc;
use std::time::{Duration, Instant};

use vuzo_domain::catalog::{ModelId, ProviderId};
use vuzo_domain::chat::{KeptAnswer, KeptBody};
use vuzo_domain::id::GenerationId;
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::AnswerCache;
use vuzo_domain::usage::Consumption;
use vuzo_redis::RedisAnswers;

use crate::server::{Server, shared, until};

async fn fresh() -> Arc<dyn AnswerCache> {
    let (redis, name) = shared().await;
    Arc::new(RedisAnswers::new(redis).with_prefix(&name))
}

vuzo_contracts::answer_cache_laws!(crate::answers::fresh);

const KEY: [u8; 32] = [7; 32];
const MINUTE: Duration = Duration::from_secs(60);

fn answer() -> KeptAnswer {
    KeptAnswer {
        made_by: GenerationId::from_uuid(uuid::Uuid::from_u128(1)),
        model: ModelId::new("one").unwrap(),
        provider: ProviderId::new("acme").unwrap(),
        upstream_model: "one".to_owned(),
        served_model: None,
        cost: Units(1),
        currency: Currency::USD,
        consumption: Consumption::default(),
        body: KeptBody::Whole("{}".into()),
    }
}

/// Asks often while Redis is away, and answers how long all of it took.
async fn ask_in_vain(cache: &RedisAnswers) -> Duration {
    let begun = Instant::now();
    for _ in 0..100 {
        assert_eq!(cache.find(&KEY).await, None);
        cache.keep(&KEY, answer(), MINUTE).await;
    }
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_redis_that_is_stalled() {
    let server = Server::start();
    let cache = RedisAnswers::new(server.connect().await);
    until("an answer is kept", || async {
        cache.keep(&KEY, answer(), MINUTE).await;
        cache.find(&KEY).await == Some(answer())
    })
    .await;
    server.stall();
    // Two hundred times the 50 ms of one exchange would be ten seconds; one exchange in
    // each second is a twentieth of that at the most.
    let took = ask_in_vain(&cache).await;
    assert!(took < Duration::from_secs(2), "{took:?}");
    server.resume();
    until("answers are found again", || async {
        cache.find(&KEY).await == Some(answer())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_gone_is_an_empty_cache() {
    let mut server = Server::absent();
    let cache = RedisAnswers::new(server.open());
    let took = ask_in_vain(&cache).await;
    assert!(took < Duration::from_secs(2), "{took:?}");
    server.start_again();
    until("an answer is kept", || async {
        cache.keep(&KEY, answer(), MINUTE).await;
        cache.find(&KEY).await == Some(answer())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_an_answer_is_not_found() {
    let server = Server::start();
    let redis = server.connect().await;
    let cache = RedisAnswers::new(redis);
    cache.keep(&KEY, answer(), MINUTE).await;
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let keys: Vec<String> = redis::cmd("KEYS")
        .arg("*")
        .query_async(&mut connection)
        .await
        .unwrap();
    let hex = "07".repeat(32);
    assert_eq!(keys, [format!("vuzo:answers:1:{hex}")]);
    let left: u64 = redis::cmd("PTTL")
        .arg(&keys[0])
        .query_async(&mut connection)
        .await
        .unwrap();
    assert!((1..=60_000).contains(&left), "{left}");
    for rubbish in ["", "\u{1}", "{}"] {
        let () = redis::cmd("SET")
            .arg(&keys[0])
            .arg(rubbish)
            .query_async(&mut connection)
            .await
            .unwrap();
        assert_eq!(cache.find(&KEY).await, None, "{rubbish:?}");
    }
}
