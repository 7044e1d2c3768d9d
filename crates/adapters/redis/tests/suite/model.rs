use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use vuzo_domain::id::GenerationId;
use vuzo_domain::limit::{
    Counted, LimitRefusal, LimitScope, Limited, RateWindow, Remaining, SlidingWindow,
};
use vuzo_domain::port::{Admission, Admitted, Limiter, LimiterError, Unavailable};
use vuzo_domain::time::Timestamp;

/// The limiter as the domain describes it, on the windows of the domain, in the
/// simplest way. It goes by the time of each admission.
#[derive(Default)]
pub(crate) struct Model {
    state: Mutex<State>,
}

/// When a place lapses that is never given back.
pub(crate) const LAPSE: Duration = Duration::from_secs(3_600);

#[derive(Default)]
struct State {
    windows: HashMap<(LimitScope, Counted, RateWindow), SlidingWindow>,
    /// The calls that are open, with when their places lapse.
    open: HashMap<LimitScope, HashMap<GenerationId, Timestamp>>,
    admitted: u64,
}

impl Model {
    /// How many calls it let in.
    pub(crate) fn admitted(&self) -> u64 {
        self.state.lock().unwrap().admitted
    }
}

impl State {
    fn window(
        &mut self,
        scope: LimitScope,
        counted: Counted,
        length: RateWindow,
    ) -> &mut SlidingWindow {
        self.windows
            .entry((scope, counted, length))
            .or_insert_with(|| SlidingWindow::new(length))
    }

    fn refusal(&mut self, admission: &Admission) -> Option<LimitRefusal> {
        let mut longest: Option<LimitRefusal> = None;
        let mut refuse = |refusal: LimitRefusal| {
            if longest.is_none_or(|known| refusal.retry_after > known.retry_after) {
                longest = Some(refusal);
            }
        };
        for rules in &admission.scopes {
            for (counted, length, limit) in rules.limits.windows() {
                let need = match counted {
                    Counted::Requests => 1,
                    Counted::Tokens => admission.tokens.min(limit),
                };
                let window = self.window(rules.scope, counted, length);
                if window.count(admission.at) + need > limit {
                    let wait = window.wait_for(admission.at, need, limit);
                    refuse(LimitRefusal {
                        scope: rules.scope,
                        limited: Limited::Window(counted, length),
                        limit,
                        retry_after: wait,
                    });
                }
            }
        }
        for rules in &admission.scopes {
            let open = self.open.entry(rules.scope).or_default();
            let open = open.values().filter(|lapse| **lapse > admission.at).count();
            if let Some(limit) = rules.limits.max_concurrency
                && u64::try_from(open).unwrap() >= limit
            {
                refuse(LimitRefusal {
                    scope: rules.scope,
                    limited: Limited::Concurrency,
                    limit,
                    retry_after: Duration::from_secs(1),
                });
            }
        }
        longest.map(|refusal| LimitRefusal {
            retry_after: refusal.retry_after.max(Duration::from_secs(1)),
            ..refusal
        })
    }

    fn count(&mut self, admission: &Admission) -> Admitted {
        let mut admitted = Admitted::default();
        for rules in &admission.scopes {
            self.open
                .entry(rules.scope)
                .or_default()
                .insert(admission.call, admission.at.after(LAPSE));
            for (counted, length, limit) in rules.limits.windows() {
                let (amount, tightest) = match counted {
                    Counted::Requests => (1, &mut admitted.requests),
                    Counted::Tokens => (admission.tokens, &mut admitted.tokens),
                };
                let window = self.window(rules.scope, counted, length);
                window.add(admission.at, amount);
                let remaining = limit.saturating_sub(window.count(admission.at));
                if tightest.is_none_or(|known| remaining < known.remaining) {
                    *tightest = Some(Remaining {
                        window: length,
                        limit,
                        remaining,
                        reset_after: window.wait_for(admission.at, limit, limit),
                    });
                }
            }
        }
        admitted
    }

    fn correct(&mut self, admission: &Admission, tokens: u64, now: Timestamp) {
        for rules in &admission.scopes {
            let open = self.open.entry(rules.scope).or_default();
            if open.remove(&admission.call).is_none() {
                continue;
            }
            for (counted, length, _) in rules.limits.windows() {
                if counted == Counted::Tokens {
                    let window = self.window(rules.scope, counted, length);
                    if tokens > admission.tokens {
                        window.add(now, tokens - admission.tokens);
                    } else {
                        window.subtract(now, admission.tokens - tokens);
                    }
                }
            }
        }
    }
}

#[async_trait]
impl Limiter for Model {
    async fn admit(&self, admission: &Admission) -> Result<Admitted, LimiterError> {
        let mut state = self.state.lock().unwrap();
        if let Some(refusal) = state.refusal(admission) {
            return Err(LimiterError::Refused(refusal));
        }
        state.admitted += 1;
        Ok(state.count(admission))
    }

    async fn leave(&self, admission: &Admission, tokens: u64) -> Result<(), Unavailable> {
        self.state
            .lock()
            .unwrap()
            .correct(admission, tokens, admission.at);
        Ok(())
    }
}
