use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::time::Duration;
use vuzo_domain::limit::{LimitScope, Limits};
use vuzo_domain::port::{Admission, Admitted, Limiter, LimiterError};
use vuzo_domain::time::Timestamp;

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

#[tokio::test(flavor = "multi_thread")]
async fn the_scripts_agree_with_the_windows_of_the_domain() {
    let mut runner = TestRunner::deterministic();
    let mut refused = 0_u32;
    let mut admitted = 0_u32;
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
        for (number, step) in history.iter().enumerate() {
            let place = format!("case {case}, step {number} of {history:?} under {scopes:?}");
            match step {
                Step::Pass { millis } => now = moved(now, *millis),
                Step::Admit {
                    scopes: chosen,
                    tokens,
                } => {
                    let admission = call(now, *tokens, chosen_scopes(&scopes, *chosen));
                    let theirs = comparable(&admission, redis.admit(&admission).await);
                    let ours = comparable(&admission, model.admit(&admission).await);
                    assert_eq!(theirs, ours, "{place}");
                    if ours.is_ok() {
                        admitted += 1;
                        let_in.push(admission);
                    } else {
                        refused += 1;
                    }
                }
                Step::Leave { which, tokens } => {
                    if let Some(index) = which.checked_rem(let_in.len()) {
                        let mut admission = let_in[index].clone();
                        if admission.at.after(LAPSE) <= now {
                            // Whether its place has been cleared away by now is open.
                            continue;
                        }
                        admission.at = now;
                        redis.leave(&admission, *tokens).await.unwrap();
                        model.leave(&admission, *tokens).await.unwrap();
                    }
                }
            }
        }
    }
    assert!(
        admitted > 200 && refused > 200,
        "{admitted} in, {refused} not"
    );
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
