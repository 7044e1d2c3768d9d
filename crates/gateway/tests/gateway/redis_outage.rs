//! Redis goes and comes back while limits are pressed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;

use crate::harness::{
    Ask, Books, Customer, Database, Folder, Gateway, Redis, Setup, Upstream, alone, sell, until,
};

const CLIENTS: usize = 16;
const LIMIT: usize = 150;
const INSTANCES: usize = 2;
const CREDIT_UNITS: i64 = 1_000_000_000_000;
/// So long an instance waits for Redis.
const PATIENCE: Duration = Duration::from_millis(50);
/// Nobody waits longer for a limiter that is gone, on a machine that is busy.
const LONGEST: Duration = Duration::from_secs(2);

#[derive(Default)]
struct Tally {
    is_over: AtomicBool,
    served: AtomicUsize,
    refused: AtomicUsize,
    late: AtomicUsize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_hold_while_redis_is_killed_and_comes_back() {
    let _machine = alone().await;
    let (folder, database) = (Folder::new(), Database::new().await);
    let mut redis = Redis::start().await;
    let upstream = Upstream::answering(Duration::ZERO).await;
    let setup =
        Setup::postgres(folder.path(), &upstream, &database.url()).with("REDIS_URL", &redis.url());
    let first = setup.start().await;
    sell(&first, "0.001").await;
    let customer = Customer::with_credit(&first, "1000").await;
    let gateways = [first, setup.start().await];

    count_together(&gateways, &customer, &mut redis).await;

    let limited = limited_key(&gateways[0], &customer).await;
    let counts = press(&gateways, &limited, &mut redis, Act::Kill).await;
    println!(
        "Redis killed after {} of {LIMIT}: {} served, slowest answer {:?}",
        LIMIT / 3,
        counts.served,
        counts.slowest
    );
    counts.check();
    redis.start_again().await;
    shared_again(&gateways, &customer).await;

    let limited = limited_key(&gateways[0], &customer).await;
    let counts = press(&gateways, &limited, &mut redis, Act::Stall).await;
    println!(
        "Redis stalled: {} served, slowest answer {:?}",
        counts.served, counts.slowest
    );
    counts.check();
    redis.resume();
    shared_again(&gateways, &customer).await;
    for gateway in &gateways {
        Books::read(gateway, &customer, CREDIT_UNITS).await;
    }
    assert_eq!(setup.prove_the_books()["open_holds"], 0);
}

/// While Redis answers in time the limit is exact, however many instances there are.
/// On a machine that is too busy for that some are let in by an instance alone.
async fn count_together(gateways: &[Gateway], customer: &Customer, redis: &mut Redis) {
    for _round in 0..5 {
        let limited = limited_key(&gateways[0], customer).await;
        let counts = press(gateways, &limited, redis, Act::Nothing).await;
        println!(
            "Redis there: {} served of {LIMIT} a minute, {} answers came late",
            counts.served, counts.late
        );
        if counts.served == LIMIT {
            return;
        }
        counts.check();
        assert!(counts.late > 0, "inexact although Redis answered in time");
    }
    panic!("never exact");
}

async fn limited_key(gateway: &Gateway, customer: &Customer) -> String {
    let limits = json!({"limits": {"requests_per_minute": LIMIT}});
    customer.new_key(gateway, &limits).await.1
}

/// What happens to Redis when a third of the limit is used up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Nothing,
    Kill,
    Stall,
}

struct Counts {
    served: usize,
    /// Answers for which an instance may have given Redis up.
    late: usize,
    slowest: Duration,
}

impl Counts {
    /// Without Redis each instance counts by itself, and knows what it has let in
    /// before.
    fn check(&self) {
        assert!(self.served >= LIMIT, "a limit that was not reached");
        assert!(self.served <= INSTANCES * LIMIT, "not bounded");
        assert!(self.slowest < LONGEST, "{:?}", self.slowest);
    }
}

/// Calls on all instances until the limit has refused for a while.
async fn press(gateways: &[Gateway], key: &str, redis: &mut Redis, act: Act) -> Counts {
    let tally = Arc::new(Tally::default());
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let mut connection = gateways[client % gateways.len()].connect().await;
        let (tally, key) = (Arc::clone(&tally), key.to_owned());
        clients.spawn(async move {
            let mut answers = BTreeMap::new();
            let mut slowest = Duration::ZERO;
            while !tally.is_over.load(Ordering::Relaxed) {
                let begun = Instant::now();
                let answer = Ask::plain("press")
                    .send_on(&mut connection, &key)
                    .await
                    .answer;
                let took = begun.elapsed();
                slowest = slowest.max(took);
                if took >= PATIENCE {
                    tally.late.fetch_add(1, Ordering::Relaxed);
                }
                let counter = if answer.status == 200 {
                    &tally.served
                } else {
                    &tally.refused
                };
                counter.fetch_add(1, Ordering::Relaxed);
                *answers.entry((answer.status, answer.code())).or_insert(0) += 1;
            }
            (answers, slowest)
        });
    }
    let served = || tally.served.load(Ordering::Relaxed);
    if act != Act::Nothing {
        until("some calls are served", || async { served() > LIMIT / 3 }).await;
    }
    match act {
        Act::Nothing => {}
        Act::Kill => redis.kill(),
        Act::Stall => redis.stall(),
    }
    // Long after the last that was served: whoever is let in late counts, too.
    let (mut last, mut refused_then) = (0, 0);
    let settled = || {
        let refused = tally.refused.load(Ordering::Relaxed);
        if served() != last {
            (last, refused_then) = (served(), refused);
        }
        let is_settled = last > 0 && refused >= refused_then + 1_000;
        async move { is_settled }
    };
    until("the limit refuses for good", settled).await;
    tally.is_over.store(true, Ordering::Relaxed);
    let mut slowest = Duration::ZERO;
    let mut answers = BTreeMap::new();
    for (heard, longest) in clients.join_all().await {
        slowest = slowest.max(longest);
        for (answer, times) in heard {
            *answers.entry(answer).or_insert(0_usize) += times;
        }
    }
    println!("{answers:?}");
    for (status, code) in answers.keys() {
        let is_fine = *status == 200 || (*status, code.as_str()) == (429, "rate_limit_exceeded");
        assert!(is_fine, "{answers:?}");
    }
    Counts {
        served: served(),
        late: tally.late.load(Ordering::Relaxed),
        slowest,
    }
}

/// Waits until both instances count together again: what one lets in, the other knows.
async fn shared_again(gateways: &[Gateway; INSTANCES], customer: &Customer) {
    let together = || async {
        let limits = json!({"limits": {"requests_per_minute": 1}});
        let (_, key) = customer.new_key(&gateways[0], &limits).await;
        let ask = Ask::plain("together").request(&key);
        gateways[0].call(&ask).await.expect(200);
        gateways[1].call(&ask).await.status == 429
    };
    let took = until("the instances count together again", together).await;
    println!("they counted together {took:?} after Redis was back");
    assert!(took < Duration::from_secs(10), "{took:?}");
}
