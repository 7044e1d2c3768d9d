use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use vuzo_domain::limit::{Counted, LimitRefusal, LimitScope, Limited, Limits, RateWindow};
use vuzo_domain::port::{Admission, Limiter, LimiterError};
use vuzo_domain::time::Timestamp;
use vuzo_redis::RedisLimiter;

use crate::server::{
    FIRST, Server, account, call, key, limiter, per_minute, shared, timed_limiter,
};

fn refusal(answer: Result<vuzo_domain::port::Admitted, LimiterError>) -> LimitRefusal {
    match answer {
        Err(LimiterError::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

fn later(millis: u64) -> Timestamp {
    FIRST.after(Duration::from_millis(millis))
}

#[tokio::test]
async fn a_call_without_limits_asks_nobody() {
    let limiter = RedisLimiter::new(Server::absent().open());
    let only_size = Limits {
        max_tokens_per_request: Some(5),
        ..Limits::default()
    };
    let admission = call(
        FIRST,
        10,
        &[(account(1), Limits::default()), (key(1), only_size)],
    );
    let admitted = limiter.admit(&admission).await.unwrap();
    assert_eq!(admitted, vuzo_domain::port::Admitted::default());
    limiter.leave(&admission, 5).await.unwrap();
}

#[tokio::test]
async fn every_scope_counts_or_none_does() {
    let limiter = timed_limiter().await;
    let scopes = [(account(1), per_minute(2)), (key(1), per_minute(1))];
    let first = limiter.admit(&call(FIRST, 0, &scopes)).await.unwrap();
    assert_eq!(
        first.requests.unwrap().remaining,
        0,
        "the key is the tightest"
    );
    assert_eq!(first.tokens, None);
    let refused = refusal(limiter.admit(&call(later(500), 0, &scopes)).await);
    assert_eq!(
        refused,
        LimitRefusal {
            scope: key(1),
            limited: Limited::Window(Counted::Requests, RateWindow::Minute),
            limit: 1,
            retry_after: Duration::from_millis(60_500),
        }
    );
    let other_key = [(account(1), per_minute(2)), (key(2), per_minute(9))];
    let second = limiter
        .admit(&call(later(600), 0, &other_key))
        .await
        .unwrap();
    assert_eq!(
        second.requests.unwrap().remaining,
        0,
        "the refused call was not counted for the account"
    );
    let third = refusal(limiter.admit(&call(later(600), 0, &other_key)).await);
    assert_eq!(third.scope, account(1));
}

#[tokio::test]
async fn waiting_as_told_is_enough_and_not_too_much() {
    let limiter = timed_limiter().await;
    let scopes = [(account(1), per_minute(1))];
    limiter.admit(&call(later(250), 0, &scopes)).await.unwrap();
    let wait = refusal(limiter.admit(&call(later(30_250), 0, &scopes)).await).retry_after;
    let almost = later(30_250).after(wait).before(Duration::from_micros(1));
    refusal(limiter.admit(&call(almost, 0, &scopes)).await);
    limiter
        .admit(&call(later(30_250).after(wait), 0, &scopes))
        .await
        .unwrap();
}

#[tokio::test]
async fn more_tokens_than_a_window_holds_need_it_empty() {
    let limiter = timed_limiter().await;
    let limits = Limits {
        tokens_per_minute: Some(100),
        ..Limits::default()
    };
    let scopes = [(account(1), limits)];
    limiter.admit(&call(FIRST, 1_000, &scopes)).await.unwrap();
    refusal(limiter.admit(&call(later(59_000), 0, &scopes)).await);
    refusal(limiter.admit(&call(later(59_000), 1_000, &scopes)).await);
    let admitted = limiter.admit(&call(later(61_000), 1_000, &scopes)).await;
    assert_eq!(admitted.unwrap().tokens.unwrap().remaining, 0);
}

#[tokio::test]
async fn ended_calls_give_back_places_and_tokens_once() {
    let limiter = timed_limiter().await;
    let limits = Limits {
        tokens_per_hour: Some(1_000),
        max_concurrency: Some(2),
        ..Limits::default()
    };
    let scopes = [(account(1), limits)];
    let one = call(FIRST, 400, &scopes);
    let two = call(FIRST, 400, &scopes);
    limiter.admit(&one).await.unwrap();
    limiter.admit(&two).await.unwrap();
    let third = call(FIRST, 100, &scopes);
    assert_eq!(
        refusal(limiter.admit(&third).await).limited,
        Limited::Concurrency
    );
    for _ in 0..3 {
        limiter.leave(&one, 100).await.unwrap();
    }
    // 100 taken and 400 expected of 1,000, whatever was said twice.
    let admitted = limiter.admit(&third).await.unwrap();
    assert_eq!(admitted.tokens.unwrap().remaining, 400);
    assert_eq!(
        refusal(limiter.admit(&call(FIRST, 100, &scopes)).await).limited,
        Limited::Concurrency,
        "a place is given back once"
    );
    limiter.leave(&two, 900).await.unwrap();
    let more = refusal(limiter.admit(&call(FIRST, 1, &scopes)).await);
    assert_eq!(
        more.limited,
        Limited::Window(Counted::Tokens, RateWindow::Hour),
        "what was taken beyond the expectation counts"
    );
}

#[tokio::test]
async fn a_place_that_is_never_given_back_lapses_within_an_hour() {
    let limiter = timed_limiter().await;
    let limits = Limits {
        max_concurrency: Some(1),
        ..Limits::default()
    };
    let scopes = [(key(1), limits)];
    limiter.admit(&call(FIRST, 0, &scopes)).await.unwrap();
    refusal(limiter.admit(&call(later(3_599_000), 0, &scopes)).await);
    limiter
        .admit(&call(later(3_600_000), 0, &scopes))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_clock_that_steps_back_counts_into_the_newest_slot() {
    let limiter = timed_limiter().await;
    let scopes = [(account(1), per_minute(2))];
    for at in [later(90_000), later(30_000)] {
        limiter.admit(&call(at, 0, &scopes)).await.unwrap();
    }
    for at in [later(30_000), later(90_000), later(150_999)] {
        refusal(limiter.admit(&call(at, 0, &scopes)).await);
    }
    let admitted = limiter
        .admit(&call(later(151_000), 0, &scopes))
        .await
        .unwrap();
    assert_eq!(admitted.requests.unwrap().remaining, 1, "both have left");
}

/// Two instances, each with a connection of its own, at the edges of seconds and
/// minutes: no 60 seconds ever hold more than the limit.
#[tokio::test(flavor = "multi_thread")]
async fn two_instances_never_exceed_a_window_together() {
    const LIMIT: u64 = 20;
    let (redis, name) = shared().await;
    let (second_redis, _) = shared().await;
    let instances = [redis, second_redis].map(|redis| {
        Arc::new(
            RedisLimiter::new(redis)
                .with_prefix(&name)
                .with_clock_of_admissions(),
        )
    });
    let mut let_in: Vec<Timestamp> = Vec::new();
    for burst_at in [
        59_000_u64, 59_999, 60_000, 60_001, 61_000, 118_999, 119_999, 120_000, 121_001,
    ] {
        let mut burst = JoinSet::new();
        for number in 0..60 {
            let limiter = Arc::clone(&instances[number % 2]);
            let admission = call(later(burst_at), 0, &[(account(1), per_minute(LIMIT))]);
            burst.spawn(async move { limiter.admit(&admission).await.is_ok() });
        }
        let admitted = burst.join_all().await.into_iter().filter(|ok| *ok).count();
        let_in.extend(std::iter::repeat_n(later(burst_at), admitted));
    }
    for start in &let_in {
        let end = start.after(Duration::from_secs(60));
        let within = let_in
            .iter()
            .filter(|at| *at >= start && **at < end)
            .count();
        assert!(within <= 20, "{within} from {start}");
    }
    assert_eq!(let_in.len(), 40, "and what has room is let in");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_is_that_of_redis() {
    let limiter = limiter().await;
    let scopes = [(account(1), per_minute(2))];
    for at in [FIRST, later(100_000)] {
        limiter.admit(&call(at, 0, &scopes)).await.unwrap();
    }
    let wrong_clock = call(later(10_000_000), 0, &scopes);
    let wait = refusal(limiter.admit(&wrong_clock).await).retry_after;
    assert!(
        wait > Duration::from_secs(30) && wait <= Duration::from_secs(61),
        "{wait:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_forgot_the_scripts_is_taught_again() {
    let server = Server::start();
    let redis = server
        .connect()
        .await
        .with_patience(Duration::from_secs(30));
    let limiter = RedisLimiter::new(redis.clone());
    let limits = Limits {
        max_concurrency: Some(1),
        ..per_minute(2)
    };
    let one: Admission = call(FIRST, 0, &[(account(1), limits)]);
    limiter.admit(&one).await.unwrap();
    limiter.leave(&one, 0).await.unwrap();
    let mut server = server;
    server.start_again();
    crate::server::until("Redis is back", || async { redis.ping().await.is_ok() }).await;
    limiter.admit(&one).await.unwrap();
    limiter.leave(&one, 0).await.unwrap();
}

#[test]
fn callers_on_other_runtimes_outlive_each_other() {
    let main = tokio::runtime::Runtime::new().unwrap();
    let limiter = main.block_on(limiter());
    let scopes: [(LimitScope, Limits); 1] = [(account(1), per_minute(3))];
    for left in (0..3).rev() {
        let worker = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let admitted = worker.block_on(limiter.admit(&call(FIRST, 0, &scopes)));
        assert_eq!(admitted.unwrap().requests.unwrap().remaining, left);
    }
}

/// Prints what one admission costs; the bound is far above what is usual, since the
/// machine may be busy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_admission_is_one_quick_exchange() {
    const CALLS: u32 = 2_000;
    let limiter = Arc::new(limiter().await);
    let every = Limits {
        requests_per_minute: Some(1_000_000),
        requests_per_hour: Some(1_000_000),
        requests_per_day: Some(1_000_000),
        tokens_per_minute: Some(1_000_000_000),
        tokens_per_hour: Some(1_000_000_000),
        tokens_per_day: Some(1_000_000_000),
        max_tokens_per_request: None,
        max_concurrency: Some(100_000),
    };
    for (what, limits) in [("one window", per_minute(1_000_000)), ("everything", every)] {
        for at_once in [1_u32, 64] {
            let start = Instant::now();
            let mut callers = JoinSet::new();
            for caller in 0..at_once {
                let limiter = Arc::clone(&limiter);
                let scopes = [
                    (account(u128::from(caller)), limits),
                    (key(u128::from(caller)), limits),
                ];
                callers.spawn(async move {
                    for _ in 0..CALLS / at_once {
                        let admission = call(FIRST, 700, &scopes);
                        limiter.admit(&admission).await.unwrap();
                        limiter.leave(&admission, 300).await.unwrap();
                    }
                });
            }
            callers.join_all().await;
            let each = start.elapsed() / CALLS;
            println!("{what}, {at_once} at once: {each:?} for admitting and ending a call");
            assert!(each < Duration::from_millis(20), "{each:?}");
        }
    }
}
