use core::mem;

use vuzo_domain::limit::{Counted, LimitScope, Limited, Limits, RateWindow};
use vuzo_domain::port::{Admission, LimitScopeRules};

use super::keys::{KeyNames, OPEN_SUFFIX, WINDOWS_SUFFIX, window_kind};

/// The largest integer that a script counts exactly: its numbers are doubles. Nine
/// quadrillion calls or tokens are as good as no limit.
const EXACT: u64 = 1 << 53;

/// What the script is to do for a call.
const ADMIT: u8 = 1;
const LEAVE: u8 = 2;

/// A limit that one admission meets, with what the script needs to know of it.
pub(super) struct PlannedLimit {
    pub(super) scope: LimitScope,
    pub(super) limited: Limited,
    pub(super) limit: u64,
}

/// What the script that admits is to look at, packed as it reads it.
#[derive(Default)]
pub(super) struct AdmitPlan {
    keys: Vec<String>,
    windows: Vec<PlannedWindow>,
    sets: Vec<PlannedSet>,
    packed: Vec<u8>,
}

struct PlannedWindow {
    planned: PlannedLimit,
    window: RateWindow,
}

struct PlannedSet {
    scope: LimitScope,
    limit: Option<u64>,
}

impl AdmitPlan {
    pub(super) fn of(admission: &Admission, names: &KeyNames<'_>) -> Self {
        let mut plan = Self::default();
        let limited = || {
            let scopes = admission.scopes.iter();
            scopes
                .filter(|rules| !rules.limits.is_unlimited())
                .take(usize::from(u8::MAX))
        };
        plan.packed.push(ADMIT);
        plan.packed.extend(admission.call.uuid().as_bytes());
        plan.pack(admission.tokens);
        plan.packed.push(byte(limited().count()));
        for rules in limited() {
            plan.add(rules, &names.scope(rules.scope));
        }
        plan
    }

    fn add(&mut self, rules: &LimitScopeRules, base: &str) {
        let limits = &rules.limits;
        let windows = limits.windows().count();
        if windows > 0 {
            self.keys.push(format!("{base}{WINDOWS_SUFFIX}"));
        }
        let mut keeps = 0;
        if keeps_open_calls(limits) {
            keeps = if limits.max_concurrency.is_some() {
                2
            } else {
                1
            };
            self.keys.push(format!("{base}{OPEN_SUFFIX}"));
            self.sets.push(PlannedSet {
                scope: rules.scope,
                limit: limits.max_concurrency,
            });
        }
        self.packed.extend([byte(windows), keeps]);
        self.pack(limits.max_concurrency.unwrap_or(0));
        for (counted, window, limit) in limits.windows() {
            self.packed.push(window_kind(counted, window));
            self.pack(limit);
            self.windows.push(PlannedWindow {
                planned: PlannedLimit {
                    scope: rules.scope,
                    limited: Limited::Window(counted, window),
                    limit,
                },
                window,
            });
        }
    }

    fn pack(&mut self, number: u64) {
        self.packed.extend(number.min(EXACT).to_le_bytes());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The keys and the packed step, as they are sent.
    pub(super) fn take_step(&mut self) -> (Vec<String>, Vec<u8>) {
        (mem::take(&mut self.keys), mem::take(&mut self.packed))
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
}

/// What the script that ends a call is to look at, scope by scope.
pub(super) struct LeavePlan {
    pub(super) keys: Vec<String>,
    pub(super) packed: Vec<u8>,
}

impl LeavePlan {
    /// Where a call took as many tokens as it was expected to, no window is touched.
    pub(super) fn of(admission: &Admission, tokens: u64, names: &KeyNames<'_>) -> Self {
        let difference = difference(admission.tokens, tokens);
        let mut keys = Vec::new();
        let mut packed = vec![LEAVE];
        packed.extend(admission.call.uuid().as_bytes());
        packed.extend(difference.to_le_bytes());
        for rules in &admission.scopes {
            if !keeps_open_calls(&rules.limits) {
                continue;
            }
            let base = names.scope(rules.scope);
            keys.push(format!("{base}{OPEN_SUFFIX}"));
            let corrected = || token_windows(&rules.limits).filter(|_| difference != 0);
            packed.push(byte(corrected().count()));
            for window in corrected() {
                packed.push(window_kind(Counted::Tokens, window));
            }
            if corrected().next().is_some() {
                keys.push(format!("{base}{WINDOWS_SUFFIX}"));
            }
        }
        Self { keys, packed }
    }
}

/// By how much the tokens that a call took differ from those it was expected to take.
fn difference(expected: u64, taken: u64) -> i64 {
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

fn byte(count: usize) -> u8 {
    u8::try_from(count).unwrap_or(u8::MAX)
}
