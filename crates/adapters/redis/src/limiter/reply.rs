use core::time::Duration;

use vuzo_domain::limit::{Counted, LimitRefusal, Limited, RateWindow, Remaining, SlidingWindow};
use vuzo_domain::port::{Admitted, LimiterError};

use super::plan::AdmitPlan;

/// Nobody is sent away for less.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// Reads the answer of the script that admits; `None` if it is not one.
pub(super) fn read(plan: &AdmitPlan, answer: &[i64]) -> Option<Result<Admitted, LimiterError>> {
    match answer {
        [0, ordinal, wait] => {
            let planned = plan.limit(usize::try_from(*ordinal).ok()?)?;
            let wait = Duration::from_micros(u64::try_from(*wait).ok()?);
            Some(Err(LimiterError::Refused(LimitRefusal {
                scope: planned.scope,
                limited: planned.limited,
                limit: planned.limit,
                retry_after: wait.max(SHORTEST_WAIT),
            })))
        }
        [1, now, states @ ..] => read_admitted(plan, *now, states).map(Ok),
        _ => None,
    }
}

fn read_admitted(plan: &AdmitPlan, now: i64, states: &[i64]) -> Option<Admitted> {
    let mut admitted = Admitted::default();
    let mut states = states.chunks_exact(2);
    for (planned, window) in plan.windows() {
        let [sum, newest] = states.next()? else {
            return None;
        };
        let sum = u64::try_from(*sum).ok()?;
        let remaining = Remaining {
            window,
            limit: planned.limit,
            remaining: planned.limit.saturating_sub(sum),
            reset_after: reset_after(window, now, sum, *newest),
        };
        let tightest = match planned.limited {
            Limited::Window(Counted::Tokens, _) => &mut admitted.tokens,
            Limited::Window(Counted::Requests, _) | Limited::Concurrency => &mut admitted.requests,
        };
        if tightest.is_none_or(|known| remaining.remaining < known.remaining) {
            *tightest = Some(remaining);
        }
    }
    Some(admitted)
}

/// When the newest slot has left the window, and all before it.
fn reset_after(window: RateWindow, now: i64, sum: u64, newest: i64) -> Duration {
    if sum == 0 {
        return Duration::ZERO;
    }
    let slot_micros = i64::try_from(window.slot_secs())
        .unwrap_or(i64::MAX)
        .saturating_mul(1_000_000);
    let kept = i64::try_from(SlidingWindow::SLOTS).unwrap_or(i64::MAX);
    let leaves_at = newest
        .saturating_add(kept)
        .saturating_add(1)
        .saturating_mul(slot_micros);
    Duration::from_micros(u64::try_from(leaves_at.saturating_sub(now)).unwrap_or(0))
}
