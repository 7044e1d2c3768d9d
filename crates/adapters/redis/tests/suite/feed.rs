use std::sync::{Arc, Mutex};

use uuid::Uuid;
use vuzo_domain::id::AccountId;
use vuzo_domain::key::KeyHash;
use vuzo_domain::port::{Change, ChangeFeed, ChangeSink};
use vuzo_redis::{Redis, RedisFeed};

use crate::server::{Server, shared, until};

#[derive(Default)]
struct Heard(Mutex<Vec<Change>>);

impl ChangeSink for Heard {
    fn forget(&self, change: Change) {
        self.0.lock().unwrap().push(change);
    }
}

impl Heard {
    fn has(&self, change: Change) -> bool {
        self.0.lock().unwrap().contains(&change)
    }
}

/// Announces until the listeners have heard: news that are told before they listen
/// are lost to them.
async fn announced(feed: &RedisFeed, change: Change, listeners: &[&Arc<Heard>]) {
    until("everybody has heard", || async {
        let _told = feed.announce(change).await;
        listeners.iter().all(|heard| heard.has(change))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn news_reach_every_subscriber() {
    let (redis, name) = shared().await;
    let (elsewhere, _) = shared().await;
    let feed = RedisFeed::new(redis).with_channel(&name);
    let other = RedisFeed::new(elsewhere).with_channel(&name);
    let (here, there) = (Arc::new(Heard::default()), Arc::new(Heard::default()));
    let _here = feed.subscribe(Arc::<Heard>::clone(&here));
    let _there = other.subscribe(Arc::<Heard>::clone(&there));
    announced(&feed, Change::Catalog, &[&here, &there]).await;
    for change in [
        Change::Key(KeyHash([0xa7; 32])),
        Change::Account(AccountId::from_uuid(Uuid::from_u128(7))),
    ] {
        feed.announce(change).await.unwrap();
        until("both have heard", || async {
            here.has(change) && there.has(change)
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_on_the_channel_harms_nobody() {
    let server = Server::start();
    let redis = server.connect().await;
    let feed = RedisFeed::new(redis.clone());
    let heard = Arc::new(Heard::default());
    let _listening = feed.subscribe(Arc::<Heard>::clone(&heard));
    announced(&feed, Change::Catalog, &[&heard]).await;
    for garbage in ["", "2 catalog", "1 key abc", "\u{0}"] {
        publish(&server, garbage).await;
    }
    let account = Change::Account(AccountId::from_uuid(Uuid::from_u128(7)));
    feed.announce(account).await.unwrap();
    until("news after garbage", || async { heard.has(account) }).await;
    let all = heard.0.lock().unwrap().clone();
    assert!(
        all.iter()
            .all(|change| [Change::Catalog, account].contains(change)),
        "{all:?}"
    );
}

async fn publish(server: &Server, text: &str) {
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let _listeners: i64 = redis::cmd("PUBLISH")
        .arg("vuzo:changes")
        .arg(text)
        .query_async(&mut connection)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn subscribers_come_back_after_redis() {
    let mut server = Server::start();
    let redis: Redis = server.connect().await;
    let feed = RedisFeed::new(redis);
    let heard = Arc::new(Heard::default());
    let _listening = feed.subscribe(Arc::<Heard>::clone(&heard));
    announced(&feed, Change::Catalog, &[&heard]).await;
    server.kill();
    until("telling fails while Redis is gone", || async {
        feed.announce(Change::Catalog).await.is_err()
    })
    .await;
    server.start_again();
    let account = Change::Account(AccountId::from_uuid(Uuid::from_u128(9)));
    announced(&feed, account, &[&heard]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_subscription_hears_nothing_more() {
    let (redis, name) = shared().await;
    let feed = RedisFeed::new(redis).with_channel(&name);
    let (leaving, staying) = (Arc::new(Heard::default()), Arc::new(Heard::default()));
    let left = feed.subscribe(Arc::<Heard>::clone(&leaving));
    let _staying = feed.subscribe(Arc::<Heard>::clone(&staying));
    announced(&feed, Change::Catalog, &[&leaving, &staying]).await;
    drop(left);
    // The task holds its sink until it is gone.
    until("the task has ended", || async {
        Arc::strong_count(&leaving) == 1
    })
    .await;
    let account = Change::Account(AccountId::from_uuid(Uuid::from_u128(9)));
    announced(&feed, account, &[&staying]).await;
    assert!(!leaving.has(account));
}
