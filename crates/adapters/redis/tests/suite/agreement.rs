use futures_util::future::join_all;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::time::Duration;
use vuzo_domain::limit::{LimitScope, Limits};
use vuzo_domain::port::{Admission, Admitted, Limiter, LimiterError};
use vuzo_domain::time::Timestamp;
use vuzo_redis::RedisLimiter;

use crate::model::{LAPSE, Model};
use crate::server::{FIRST, account, call, key, timed_limiter};

/// One step of a random history.
#[derive(Clone, Debug)]
enum Step {
    /// Time passes; now and then more than a window.
    Pass { millis: i64 },
    /// A call wants in.
    Admit { scopes: usize, tokens: u64 },
    /// One of the calls let in ends, perhaps again.
    Leave { which: usize, tokens: u64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let pass = prop_oneof![
        8 => 0_i64..3_000,
        4 => 3_000_i64..70_000,
        2 => 70_000_i64..4_000_000,
        1 => 4_000_000_i64..100_000_000,
    ];
    let step = prop_oneof![
        3 => pass.prop_map(|millis| Step::Pass { millis }),
        8 => (0_usize..4, 0_u64..400).prop_map(|(scopes, tokens)| Step::Admit { scopes, tokens }),
        3 => (0_usize..1_000, 0_u64..600).prop_map(|(which, tokens)| Step::Leave { which, tokens }),
    ];
    prop::collection::vec(step, 120)
}

fn limits() -> impl Strategy<Value = Limits> {
    let some = |range| prop::option::weighted(0.6, range);
    (
        some(0_u64..6),
        some(3_u64..12),
        some(5_u64..30),
        some(0_u64..900),
        some(300_u64..2_000),
        some(500_u64..5_000),
        prop::option::weighted(0.4, 0_u64..4),
    )
        .prop_map(|(rm, rh, rd, tm, th, td, at_once)| Limits {
            requests_per_minute: rm,
            requests_per_hour: rh,
            requests_per_day: rd,
            tokens_per_minute: tm,
            tokens_per_hour: th,
            tokens_per_day: td,
            max_tokens_per_request: None,
            max_concurrency: at_once,
        })
}

/// The answer in a form that can be compared. Where a call of no tokens is let in,
/// the moment at which all tokens are back is known to Redis only roughly.
fn comparable(
    admission: &Admission,
    answer: Result<Admitted, LimiterError>,
) -> Result<Admitted, String> {
    match answer {
        Ok(mut admitted) => {
            if let (0, Some(tokens)) = (admission.tokens, admitted.tokens.as_mut()) {
                tokens.reset_after = Duration::ZERO;
            }
            Ok(admitted)
        }
        Err(LimiterError::Refused(refusal)) => Err(format!("{refusal:?}")),
        Err(LimiterError::Unavailable(trouble)) => panic!("{trouble}: {}", trouble.source),
    }
}

const CASES: u32 = 100;

/// What is asked of both limiters.
enum Asked {
    Admit(Admission),
    Leave(Admission, u64),
}

/// How many callers were let in, how many were not.
#[derive(Default)]
struct Seen {
    admitted: u32,
    refused: u32,
}

#[tokio::test(flavor = "multi_thread")]
async fn the_script_agrees_with_the_windows_of_the_domain() {
    let seen = compare(1).await;
    assert!(
        seen.admitted > 200 && seen.refused > 200,
        "{} in, {} not",
        seen.admitted,
        seen.refused
    );
}

/// Steps at the same moment leave for Redis together. What comes of them is what would
/// have come of them one after the other.
#[tokio::test(flavor = "multi_thread")]
async fn steps_that_leave_together_are_done_in_turn() {
    let seen = compare(5).await;
    assert!(
        seen.admitted > 200 && seen.refused > 200,
        "{} in, {} not",
        seen.admitted,
        seen.refused
    );
}

/// Plays random histories to both; so many steps at one moment are asked together.
async fn compare(together: usize) -> Seen {
    let mut runner = TestRunner::deterministic();
    let mut seen = Seen::default();
    for case in 0..CASES {
        let account_limits = limits().new_tree(&mut runner).unwrap().current();
        let key_limits = limits().new_tree(&mut runner).unwrap().current();
        let history = steps().new_tree(&mut runner).unwrap().current();
        let scopes = [
            (account(1), account_limits),
            (key(1), key_limits),
            (key(2), key_limits),
        ];
        let (redis, model) = (timed_limiter().await, Model::default());
        let mut now = FIRST;
        let mut let_in: Vec<Admission> = Vec::new();
        let mut waiting: Vec<Asked> = Vec::new();
        for (number, step) in history.iter().enumerate() {
            let place = format!("case {case}, step {number} of {history:?} under {scopes:?}");
            match step {
                Step::Pass { millis } => {
                    ask_both(&redis, &model, &mut waiting, &mut let_in, &mut seen, &place).await;
                    now = moved(now, *millis);
                }
                Step::Admit {
                    scopes: chosen,
                    tokens,
                } => {
                    let admission = call(now, *tokens, chosen_scopes(&scopes, *chosen));
                    waiting.push(Asked::Admit(admission));
                }
                Step::Leave { which, tokens } => {
                    if let Some(index) = which.checked_rem(let_in.len()) {
                        let mut admission = let_in[index].clone();
                        if admission.at.after(LAPSE) <= now {
                            // Whether its place has been cleared away by now is open.
                            continue;
                        }
                        admission.at = now;
                        waiting.push(Asked::Leave(admission, *tokens));
                    }
                }
            }
            if waiting.len() >= together {
                ask_both(&redis, &model, &mut waiting, &mut let_in, &mut seen, &place).await;
            }
        }
    }
    seen
}

async fn ask_both(
    redis: &RedisLimiter,
    model: &Model,
    waiting: &mut Vec<Asked>,
    let_in: &mut Vec<Admission>,
    seen: &mut Seen,
    place: &str,
) {
    // They are asked in this order, since that is the one in which they are polled.
    let theirs = join_all(waiting.iter().map(async |asked| match asked {
        Asked::Admit(admission) => Some(comparable(admission, redis.admit(admission).await)),
        Asked::Leave(admission, tokens) => {
            redis.leave(admission, *tokens).await.unwrap();
            None
        }
    }))
    .await;
    for (asked, theirs) in waiting.drain(..).zip(theirs) {
        let ours = match &asked {
            Asked::Admit(admission) => Some(comparable(admission, model.admit(admission).await)),
            Asked::Leave(admission, tokens) => {
                model.leave(admission, *tokens).await.unwrap();
                None
            }
        };
        assert_eq!(theirs, ours, "{place}");
        match (asked, ours) {
            (Asked::Admit(admission), Some(Ok(_))) => {
                seen.admitted += 1;
                let_in.push(admission);
            }
            (_, Some(Err(_))) => seen.refused += 1,
            _ => {}
        }
    }
}

/// The account alone, with one key, or with two: always with the account, since its
/// keys live beside it.
fn chosen_scopes(scopes: &[(LimitScope, Limits); 3], chosen: usize) -> &[(LimitScope, Limits)] {
    match chosen {
        0 => &scopes[..1],
        1 => &scopes[..3],
        _ => &scopes[..2],
    }
}

fn moved(now: Timestamp, millis: i64) -> Timestamp {
    Timestamp::from_micros(now.as_micros() + millis * 1_000)
}
