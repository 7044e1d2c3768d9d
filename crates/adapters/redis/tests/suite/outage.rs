use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use vuzo_domain::limit::{LimitScope, Limits};
use vuzo_domain::port::{Limiter, LimiterError};
use vuzo_redis::{Failover, Redis};

use crate::model::Model;
use crate::server::{FIRST, Server, account, call, key, per_minute, shared_limiter, until};

const LIMIT: u64 = 50;

/// One process: the shared counters, and local ones of its own.
fn process(redis: &Redis) -> Failover {
    Failover::new(
        shared_limiter(redis),
        Arc::new(Model::default()),
        Handle::current(),
    )
}

/// Lets a burst of calls in one after the other, and answers how many were admitted.
/// An error, or a decision that takes its time more often than an outage explains,
/// fails the test.
async fn burst(limiter: &Failover, scopes: &[(LimitScope, Limits)], calls: usize) -> u64 {
    let mut admitted = 0;
    let mut taken = Vec::new();
    let start = Instant::now();
    for _ in 0..calls {
        let admission = call(FIRST, 0, scopes);
        let before = Instant::now();
        match limiter.admit(&admission).await {
            Ok(_) => admitted += 1,
            Err(LimiterError::Refused(_)) => {}
            Err(LimiterError::Unavailable(trouble)) => panic!("{trouble}: {}", trouble.source),
        }
        taken.push(before.elapsed());
    }
    let pauses = usize::try_from(start.elapsed().as_secs()).unwrap() + 1;
    taken.sort_unstable();
    let slow = taken
        .iter()
        .filter(|each| **each > Duration::from_millis(40))
        .count();
    // Beside what the outage costs, a few may be slow by the machine's doing, which
    // other tests keep busy.
    assert!(slow <= 6 + pauses, "{slow} of {calls} were slow: {taken:?}");
    assert!(
        taken[calls - 4] <= Duration::from_millis(60),
        "{:?}",
        &taken[calls - 5..]
    );
    assert!(taken[calls - 1] <= Duration::from_millis(500), "{taken:?}");
    admitted
}

/// Drives a process until it counts in Redis again.
async fn recovered(limiter: &Failover) {
    until("the process counts in Redis again", || async {
        let admission = call(FIRST, 0, &[(key(99), per_minute(1_000_000))]);
        limiter.admit(&admission).await.unwrap();
        !limiter.is_degraded()
    })
    .await;
}

/// Two processes hold one limit together, if Redis answers each of them in time.
async fn assert_shared(one: &Failover, two: &Failover) {
    for attempt in 0..50 {
        let scopes = [(account(1_000 + attempt), per_minute(LIMIT))];
        let decided_locally = || one.decided_locally() + two.decided_locally();
        let before = decided_locally();
        let first = burst(one, &scopes, 40).await;
        let second = burst(two, &scopes, 40).await;
        if decided_locally() == before {
            assert_eq!((first, second), (40, 10));
            return;
        }
        recovered(one).await;
        recovered(two).await;
    }
    panic!("Redis never answered both in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_redis_costs_little_and_comes_back() {
    let mut server = Server::start();
    let redis = server.connect().await;
    let other_redis = server.connect().await;
    let (one, two) = (process(&redis), process(&other_redis));
    assert_shared(&one, &two).await;

    server.kill();
    let scopes = [(account(2), per_minute(LIMIT))];
    for process in [&one, &two] {
        let admitted = burst(process, &scopes, 300).await;
        assert_eq!(admitted, LIMIT, "bounded by the limit in each process");
        assert!(process.is_degraded());
    }

    server.start_again();
    recovered(&one).await;
    recovered(&two).await;
    assert_shared(&one, &two).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_redis_costs_little_and_comes_back() {
    let server = Server::start();
    let redis = server.connect().await;
    let other_redis = server.connect().await;
    let (one, two) = (process(&redis), process(&other_redis));
    let limits = Limits {
        max_concurrency: Some(1),
        ..Limits::default()
    };
    let open = call(FIRST, 0, &[(account(4), limits)]);
    one.admit(&open).await.unwrap();

    server.stall();
    let scopes = [(account(2), per_minute(LIMIT))];
    for process in [&one, &two] {
        let admitted = burst(process, &scopes, 300).await;
        assert_eq!(admitted, LIMIT, "bounded by the limit in each process");
        assert!(process.is_degraded());
    }
    one.leave(&open, 0).await.unwrap();

    server.resume();
    recovered(&one).await;
    recovered(&two).await;
    assert_shared(&one, &two).await;
    until(
        "the place that was given back in the outage is free",
        || async {
            let next = call(FIRST, 0, &[(account(4), limits)]);
            two.admit(&next).await.is_ok()
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_starts_without_redis_and_finds_it_later() {
    let mut server = Server::absent();
    let (one, two) = (process(&server.open()), process(&server.open()));
    let scopes = [(account(1), per_minute(LIMIT))];
    assert_eq!(burst(&one, &scopes, 200).await, LIMIT);
    assert!(server.open().ping().await.is_err());
    server.start_again();
    recovered(&one).await;
    recovered(&two).await;
    assert_shared(&one, &two).await;
}

/// The end of a call that only windows of calls have counted asks nothing of Redis, and
/// so does not speak for it.
#[tokio::test(flavor = "multi_thread")]
async fn calls_that_end_do_not_hide_an_outage() {
    let server = Server::absent();
    let one = process(&server.open());
    for _ in 0..3 {
        let admission = call(FIRST, 0, &[(account(1), per_minute(LIMIT))]);
        one.admit(&admission).await.unwrap();
        one.leave(&admission, 5).await.unwrap();
    }
    assert!(one.is_degraded());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_none_is_told_at_once() {
    for bad in ["", "http://127.0.0.1", "redis", "redis://127.0.0.1:port"] {
        assert!(Redis::open(bad, Handle::current()).is_err(), "{bad}");
    }
    assert!(Redis::open("redis://127.0.0.1:1/3", Handle::current()).is_ok());
}
