use std::collections::{HashMap, VecDeque};

use vuzo_domain::limit::LimitScope;
use vuzo_domain::time::Timestamp;

use super::scope::Scope;

/// A part of all scopes.
pub(super) struct Shard {
    scopes: HashMap<LimitScope, Scope>,
    /// Addresses in the order in which they came.
    addresses: VecDeque<LimitScope>,
    /// The most addresses, and about the most scopes.
    bound: usize,
    /// With how many scopes idle ones are looked for next.
    next_sweep: usize,
}

impl Shard {
    pub(super) fn of(bound: usize) -> Self {
        Self {
            scopes: HashMap::new(),
            addresses: VecDeque::new(),
            bound,
            next_sweep: bound,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.scopes.len()
    }

    /// The counters of a scope, if there are any.
    pub(super) fn known(&mut self, scope: LimitScope) -> Option<&mut Scope> {
        self.scopes.get_mut(&scope)
    }

    /// The counters of a scope.
    pub(super) fn scope(&mut self, scope: LimitScope, now: Timestamp) -> &mut Scope {
        if !self.scopes.contains_key(&scope) {
            self.make_room(scope, now);
        }
        self.scopes.entry(scope).or_default()
    }

    /// Makes room for a scope that is new.
    fn make_room(&mut self, scope: LimitScope, now: Timestamp) {
        if self.scopes.len() >= self.next_sweep {
            self.scopes.retain(|_, kept| !kept.is_idle(now));
            let scopes = &self.scopes;
            self.addresses
                .retain(|address| scopes.contains_key(address));
            // Looking through all of them again pays only once there are many more.
            self.next_sweep = self.bound.max(self.scopes.len().saturating_mul(2));
        }
        if matches!(scope, LimitScope::Address(_)) {
            if self.addresses.len() >= self.bound
                && let Some(oldest) = self.addresses.pop_front()
            {
                self.scopes.remove(&oldest);
            }
            self.addresses.push_back(scope);
        }
    }
}
