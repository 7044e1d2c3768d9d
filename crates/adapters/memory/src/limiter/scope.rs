use core::time::Duration;

use vuzo_domain::id::GenerationId;
use vuzo_domain::limit::{
    Counted, LimitRefusal, Limited, Limits, RateWindow, Remaining, SlidingWindow,
};
use vuzo_domain::port::{Admission, Admitted, LimitScopeRules};
use vuzo_domain::time::Timestamp;

/// After this long a place that was never given back is free again.
const LAPSE: Duration = Duration::from_secs(3_600);

/// Nobody is told to come back sooner.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// The counters of one key, account or address. Windows are made when they are first
/// counted in.
#[derive(Default)]
pub(super) struct Scope {
    windows: Vec<(Counted, RateWindow, SlidingWindow)>,
    /// The calls that are inside, oldest first.
    inside: Vec<Inside>,
}

/// A call between its admission and its end.
struct Inside {
    call: GenerationId,
    since: Timestamp,
    tokens: u64,
}

impl Scope {
    /// Why the call must wait, if it must: of several reasons the one that lasts.
    pub(super) fn refusal(
        &mut self,
        rules: &LimitScopeRules,
        admission: &Admission,
    ) -> Option<LimitRefusal> {
        let now = admission.at;
        let refusal = |limited, limit, wait: Duration| LimitRefusal {
            scope: rules.scope,
            limited,
            limit,
            retry_after: wait.max(SHORTEST_WAIT),
        };
        let mut longest: Option<LimitRefusal> = None;
        if let Some(limit) = rules.limits.max_concurrency {
            self.forget_lapsed(now);
            if u64::try_from(self.inside.len()).unwrap_or(u64::MAX) >= limit {
                longest = Some(refusal(Limited::Concurrency, limit, SHORTEST_WAIT));
            }
        }
        for (counted, length, limit) in rules.limits.windows() {
            let window = self.window(counted, length);
            let amount = amount_of(counted, admission.tokens);
            let count = window.count(now);
            // What is larger than the window is let in while the window is empty.
            let is_too_large = counted == Counted::Tokens && amount > limit;
            if count.saturating_add(amount) <= limit || (is_too_large && count == 0) {
                continue;
            }
            let wait = window.wait_for(now, amount.min(limit), limit);
            let reason = refusal(Limited::Window(counted, length), limit, wait);
            if longest.is_none_or(|known| known.retry_after < reason.retry_after) {
                longest = Some(reason);
            }
        }
        longest
    }

    /// Counts the call, and tells what is left of the tightest windows.
    pub(super) fn enter(&mut self, limits: &Limits, admission: &Admission) -> Admitted {
        let now = admission.at;
        let mut left = Admitted::default();
        let mut counts_tokens = false;
        for (counted, length, limit) in limits.windows() {
            let window = self.window(counted, length);
            window.add(now, amount_of(counted, admission.tokens));
            let count = window.count(now);
            let told = Remaining {
                window: length,
                limit,
                remaining: limit.saturating_sub(count),
                reset_after: if count == 0 {
                    Duration::ZERO
                } else {
                    until_emptied(length, now)
                },
            };
            let slot = match counted {
                Counted::Requests => &mut left.requests,
                Counted::Tokens => {
                    counts_tokens = true;
                    &mut left.tokens
                }
            };
            *slot = super::tighter(*slot, Some(told));
        }
        // Only places and tokens are given back in the end.
        if counts_tokens || limits.max_concurrency.is_some() {
            self.forget_lapsed(now);
            self.inside.push(Inside {
                call: admission.call,
                since: now,
                tokens: admission.tokens,
            });
        }
        left
    }

    /// Gives back what the call still has here: its place, and the tokens that it did
    /// not take.
    pub(super) fn leave(&mut self, limits: &Limits, admission: &Admission, tokens: u64) {
        // Calls leave in about the order in which they came.
        let position = self.inside.iter().position(|i| i.call == admission.call);
        let Some(position) = position else { return };
        let counted = self.inside.remove(position).tokens;
        for (kind, length, _) in limits.windows() {
            if kind == Counted::Tokens {
                let window = self.window(kind, length);
                window.add(admission.at, tokens.saturating_sub(counted));
                window.subtract(admission.at, counted.saturating_sub(tokens));
            }
        }
    }

    /// Whether nothing counts here any more.
    pub(super) fn is_idle(&mut self, now: Timestamp) -> bool {
        self.forget_lapsed(now);
        self.inside.is_empty() && self.windows.iter_mut().all(|(.., w)| w.count(now) == 0)
    }

    fn forget_lapsed(&mut self, now: Timestamp) {
        let is_lapsed = |inside: &Inside| inside.since.after(LAPSE) <= now;
        if self.inside.first().is_some_and(is_lapsed) {
            self.inside.retain(|inside| !is_lapsed(inside));
        }
    }

    fn window(&mut self, counted: Counted, length: RateWindow) -> &mut SlidingWindow {
        let known = self
            .windows
            .iter()
            .position(|(kind, window, _)| (*kind, *window) == (counted, length));
        let position = known.unwrap_or_else(|| {
            self.windows
                .push((counted, length, SlidingWindow::new(length)));
            self.windows.len().saturating_sub(1)
        });
        &mut self.windows[position].2
    }
}

/// How long until a window that was counted in just now is empty, if nothing else
/// comes: until its newest slot has left.
fn until_emptied(length: RateWindow, now: Timestamp) -> Duration {
    let slot = Duration::from_secs(length.slot_secs());
    let whole = Duration::from_secs(length.secs()).saturating_add(slot);
    let slot_micros = i64::try_from(slot.as_micros()).unwrap_or(i64::MAX);
    let into_slot = now.as_micros().checked_rem_euclid(slot_micros).unwrap_or(0);
    whole.saturating_sub(Duration::from_micros(u64::try_from(into_slot).unwrap_or(0)))
}

const fn amount_of(counted: Counted, tokens: u64) -> u64 {
    match counted {
        Counted::Requests => 1,
        Counted::Tokens => tokens,
    }
}
