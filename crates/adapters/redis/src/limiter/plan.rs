use redis::Cmd;
use vuzo_domain::limit::{Counted, LimitScope, Limited, Limits, RateWindow};
use vuzo_domain::port::Admission;

use super::keys::{KeyNames, OPEN_SUFFIX, window_suffix};

/// The largest integer that a script counts exactly: its numbers are doubles. Nine
/// quadrillion calls or tokens are as good as no limit.
const EXACT: u64 = 1 << 53;

/// A limit that one admission meets, with what the script needs to know of it.
pub(super) struct PlannedLimit {
    pub(super) scope: LimitScope,
    pub(super) limited: Limited,
    pub(super) limit: u64,
}

/// What the script that admits is to look at: all windows, then all sets.
#[derive(Default)]
pub(super) struct AdmitPlan {
    keys: Vec<String>,
    windows: Vec<PlannedWindow>,
    sets: Vec<PlannedSet>,
}

struct PlannedWindow {
    planned: PlannedLimit,
    window: RateWindow,
    need: u64,
    amount: u64,
    /// The ordinal of its scope's set, from one; zero if it keeps none.
    set: usize,
}

struct PlannedSet {
    scope: LimitScope,
    limit: Option<u64>,
}

impl AdmitPlan {
    pub(super) fn of(admission: &Admission, names: &KeyNames<'_>) -> Self {
        let mut plan = Self::default();
        let mut set_keys = Vec::new();
        for rules in &admission.scopes {
            if rules.limits.is_unlimited() {
                continue;
            }
            let base = names.scope(rules.scope);
            if keeps_open_calls(&rules.limits) {
                set_keys.push(format!("{base}{OPEN_SUFFIX}"));
                plan.sets.push(PlannedSet {
                    scope: rules.scope,
                    limit: rules.limits.max_concurrency,
                });
            }
            let set = if keeps_open_calls(&rules.limits) {
                plan.sets.len()
            } else {
                0
            };
            for (counted, window, limit) in rules.limits.windows() {
                let suffix = window_suffix(counted, window);
                plan.keys.push(format!("{base}{suffix}"));
                // More tokens than a window holds at all need it to be empty.
                let (need, amount) = match counted {
                    Counted::Requests => (1, 1),
                    Counted::Tokens => (admission.tokens.min(limit), admission.tokens),
                };
                plan.windows.push(PlannedWindow {
                    planned: PlannedLimit {
                        scope: rules.scope,
                        limited: Limited::Window(counted, window),
                        limit,
                    },
                    window,
                    need,
                    amount,
                    set,
                });
            }
        }
        plan.keys.append(&mut set_keys);
        plan
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(super) fn keys(&self) -> &[String] {
        &self.keys
    }

    pub(super) fn windows(&self) -> impl Iterator<Item = (&PlannedLimit, RateWindow)> {
        self.windows
            .iter()
            .map(|planned| (&planned.planned, planned.window))
    }

    /// The limit with this ordinal, counted from one through windows and sets.
    pub(super) fn limit(&self, ordinal: usize) -> Option<PlannedLimit> {
        let position = ordinal.checked_sub(1)?;
        if let Some(window) = self.windows.get(position) {
            let planned = &window.planned;
            return Some(PlannedLimit { ..*planned });
        }
        let set = self.sets.get(position.checked_sub(self.windows.len())?)?;
        Some(PlannedLimit {
            scope: set.scope,
            limited: Limited::Concurrency,
            limit: set.limit?,
        })
    }

    pub(super) fn write_arguments(&self, command: &mut Cmd) {
        command.arg(self.windows.len());
        for planned in &self.windows {
            command
                .arg(planned.need.min(EXACT))
                .arg(planned.amount.min(EXACT))
                .arg(planned.planned.limit.min(EXACT))
                .arg(slot_micros(planned.window))
                .arg(planned.set);
        }
        for set in &self.sets {
            match set.limit {
                Some(limit) => command.arg(limit.min(EXACT)),
                None => command.arg(-1),
            };
        }
    }
}

/// What the script that ends a call is to look at, scope by scope.
#[derive(Default)]
pub(super) struct LeavePlan {
    keys: Vec<String>,
    scopes: Vec<Vec<RateWindow>>,
}

impl LeavePlan {
    pub(super) fn of(admission: &Admission, names: &KeyNames<'_>) -> Self {
        let mut plan = Self::default();
        for rules in &admission.scopes {
            if !keeps_open_calls(&rules.limits) {
                continue;
            }
            let base = names.scope(rules.scope);
            plan.keys.push(format!("{base}{OPEN_SUFFIX}"));
            let windows: Vec<RateWindow> = token_windows(&rules.limits).collect();
            for window in &windows {
                let suffix = window_suffix(Counted::Tokens, *window);
                plan.keys.push(format!("{base}{suffix}"));
            }
            plan.scopes.push(windows);
        }
        plan
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(super) fn keys(&self) -> &[String] {
        &self.keys
    }

    pub(super) fn write_arguments(&self, command: &mut Cmd) {
        for windows in &self.scopes {
            command.arg(windows.len());
            for window in windows {
                command.arg(slot_micros(*window));
            }
        }
    }
}

/// By how much the tokens that a call took differ from those it was expected to take.
pub(super) fn difference(expected: u64, taken: u64) -> i64 {
    let exact = |tokens: u64| i64::try_from(tokens.min(EXACT)).unwrap_or(i64::MAX);
    exact(taken).saturating_sub(exact(expected))
}

/// Whether a scope remembers which calls are open: to count them, or so that the
/// tokens of each are corrected once.
pub(crate) fn keeps_open_calls(limits: &Limits) -> bool {
    limits.max_concurrency.is_some() || token_windows(limits).next().is_some()
}

fn token_windows(limits: &Limits) -> impl Iterator<Item = RateWindow> {
    limits
        .windows()
        .filter(|(counted, _, _)| *counted == Counted::Tokens)
        .map(|(_, window, _)| window)
}

fn slot_micros(window: RateWindow) -> u64 {
    window.slot_secs().saturating_mul(1_000_000)
}
