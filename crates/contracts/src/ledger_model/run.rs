use core::fmt::Write as _;
use core::time::Duration;

use futures_util::future::join_all;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::case::{steps, ticks};
use super::lane::Lane;
use super::{Step, Subject, Tick};
use crate::World;

/// How many cases a store is held against.
pub const CASES: usize = 2_000;

/// How many operations a case has.
pub const STEPS: usize = 50;

/// What happens: to all wallets, and to each of them.
#[derive(Clone)]
struct Plan {
    ticks: Vec<Option<Tick>>,
    cases: Vec<Vec<Option<Step>>>,
}

/// Holds a store against the model with this many cases, so many at a time.
pub async fn check_store(world: &World, cases: usize, at_a_time: usize) {
    check(world, cases, at_a_time).await;
}

/// Holds any ledger against the model.
///
/// When a case fails, the steps that it does not need are left out of it one by one
/// before it is shown.
pub async fn check(subject: &impl Subject, cases: usize, at_a_time: usize) {
    let mut runner = TestRunner::default();
    let mut left = cases;
    while left > 0 {
        let now = left.min(at_a_time.max(1));
        left -= now;
        let plan = Plan {
            ticks: generate(&ticks(STEPS), &mut runner),
            cases: (0..now)
                .map(|_| generate(&steps(STEPS), &mut runner))
                .collect(),
        };
        let faults = run(subject, &plan).await;
        if let Some(number) = faults.iter().position(Option::is_some) {
            let alone = Plan {
                cases: vec![plan.cases[number].clone()],
                ..plan
            };
            let first = faults[number].clone().unwrap_or_default();
            let story = shrunk(subject, alone, first).await;
            assert!(story.is_empty(), "{story}");
        }
        let findings = subject.findings(subject.ticker().now()).await;
        assert_eq!(findings, [], "the books do not prove themselves");
    }
}

fn generate<T>(strategy: &impl Strategy<Value = T>, runner: &mut TestRunner) -> T {
    strategy.new_tree(runner).unwrap().current()
}

/// Runs a plan; answers what went wrong in each case.
async fn run(subject: &impl Subject, plan: &Plan) -> Vec<Option<String>> {
    let mut lanes = join_all(plan.cases.iter().map(|_| Lane::open(subject))).await;
    for (number, tick) in plan.ticks.iter().enumerate() {
        if let Some(tick) = tick {
            happen(subject, &mut lanes, tick).await;
            continue;
        }
        let at = subject.ticker().now();
        let steps = lanes.iter_mut().zip(&plan.cases).map(async |(lane, case)| {
            if let (None, Some(step)) = (&lane.fault, &case[number]) {
                lane.take(subject, step, at).await;
            }
        });
        join_all(steps).await;
    }
    compare(subject, &mut lanes).await;
    // In the end everything that can end has ended.
    subject.ticker().pass(Duration::from_secs(86_400));
    happen(subject, &mut lanes, &Tick::ExpireHolds).await;
    happen(subject, &mut lanes, &Tick::ExpireGrants).await;
    compare(subject, &mut lanes).await;
    lanes.into_iter().map(|lane| lane.fault).collect()
}

async fn compare(subject: &impl Subject, lanes: &mut [Lane]) {
    join_all(lanes.iter_mut().map(|lane| lane.compare(subject))).await;
}

async fn happen(subject: &impl Subject, lanes: &mut [Lane], tick: &Tick) {
    let ticker = subject.ticker();
    match tick {
        Tick::Pass(secs) => ticker.pass(Duration::from_secs(u64::from(*secs))),
        Tick::ExpireHolds => {
            let now = ticker.now();
            let ended = subject.expire_holds(now).await;
            for lane in lanes {
                lane.expire_holds(now, &ended);
            }
        }
        Tick::ExpireGrants => {
            let now = ticker.now();
            subject.expire_grants(now).await;
            for lane in lanes {
                lane.expire_grants(now);
            }
        }
    }
}

/// Leaves out whatever the fault does not need, and tells what is left.
async fn shrunk(subject: &impl Subject, mut plan: Plan, mut fault: String) -> String {
    for number in (0..STEPS).rev() {
        let mut smaller = plan.clone();
        let was_tick = smaller.ticks[number].take().is_some();
        if !was_tick && smaller.cases[0][number].take().is_none() {
            continue;
        }
        if was_tick {
            // Where a tick is left out, the wallet's own step must not come up.
            smaller.cases[0][number] = None;
        }
        if let Some(same) = run(subject, &smaller).await.swap_remove(0) {
            (plan, fault) = (smaller, same);
        }
    }
    let mut story = format!("the ledger and its model part: {fault}\nafter\n");
    for (tick, step) in plan.ticks.iter().zip(&plan.cases[0]) {
        let line = match (tick, step) {
            (Some(tick), _) => writeln!(story, "  {tick:?}"),
            (None, Some(step)) => writeln!(story, "  {step:?}"),
            (None, None) => Ok(()),
        };
        line.unwrap();
    }
    story
}
