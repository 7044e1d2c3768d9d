mod scope;
mod shard;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use vuzo_domain::limit::{LimitRefusal, Remaining};
use vuzo_domain::port::{Admission, Admitted, LimitScopeRules, Limiter, LimiterError, Unavailable};

use self::shard::Shard;

/// Sliding windows and places within this process: all that a single node needs, and
/// what an instance falls back to while the shared limiter is away.
///
/// Scopes are spread over shards, each behind its own lock. A call locks the shards
/// of all its scopes, in their order, looks, and only then counts.
///
/// Memory is bounded by what is in use: a scope in which nothing counts any more is
/// forgotten when its shard runs full. Addresses, of which a stranger can have any
/// number, are bounded outright: beyond the bound the one that came first is
/// forgotten. Accounts and keys that still count something are never forgotten.
pub struct LocalLimiter {
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
}

/// A scope of a call, and in which of the locked shards it is.
type Located<'call> = (usize, &'call LimitScopeRules);

impl LocalLimiter {
    /// How many scopes are kept before idle ones are looked for: enough for the
    /// accounts and keys of a busy node, at about half a kilobyte a window.
    pub const USUAL_SCOPES: usize = 65_536;

    const SHARDS: usize = 16;

    /// A limiter that keeps about this many scopes.
    pub fn new(scopes: usize) -> Self {
        let of_each = scopes.div_ceil(Self::SHARDS).max(1);
        let shards = (0..Self::SHARDS).map(|_| Mutex::new(Shard::of(of_each)));
        Self {
            shards: shards.collect(),
            hasher: RandomState::new(),
        }
    }

    /// How many scopes are kept now.
    pub fn scopes(&self) -> usize {
        let lengths = (0..self.shards.len()).filter_map(|shard| self.lock(shard));
        lengths.map(|shard| shard.len()).sum()
    }

    fn lock(&self, shard: usize) -> Option<MutexGuard<'_, Shard>> {
        let shard = self.shards.get(shard)?;
        // Counting cannot panic half-way, so a poisoned shard is as good as another.
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The scopes that limit anything, with the shards that keep them, locked. The
    /// order of the shards is the same for everybody, so nobody waits in a circle.
    fn lock_all<'call>(
        &self,
        admission: &'call Admission,
    ) -> (Vec<Located<'call>>, Vec<(usize, MutexGuard<'_, Shard>)>) {
        let limiting = admission.scopes.iter();
        let located: Vec<Located<'call>> = limiting
            .filter(|rules| !rules.limits.is_unlimited())
            .map(|rules| {
                let hash = self.hasher.hash_one(rules.scope);
                let shards = u64::try_from(self.shards.len()).unwrap_or(1);
                let shard = hash.checked_rem(shards).unwrap_or(0);
                (usize::try_from(shard).unwrap_or(0), rules)
            })
            .collect();
        let mut shards: Vec<usize> = located.iter().map(|(shard, _)| *shard).collect();
        shards.sort_unstable();
        shards.dedup();
        let locked = shards
            .into_iter()
            .filter_map(|shard| Some((shard, self.lock(shard)?)))
            .collect();
        (located, locked)
    }
}

impl Default for LocalLimiter {
    fn default() -> Self {
        Self::new(Self::USUAL_SCOPES)
    }
}

#[async_trait]
impl Limiter for LocalLimiter {
    async fn admit(&self, admission: &Admission) -> Result<Admitted, LimiterError> {
        let (located, mut locked) = self.lock_all(admission);
        let mut refused: Option<LimitRefusal> = None;
        for (shard, rules) in &located {
            let Some(shard) = find(&mut locked, *shard) else {
                continue;
            };
            let scope = shard.scope(rules.scope, admission.at);
            if let Some(refusal) = scope.refusal(rules, admission) {
                let longer = |known: &LimitRefusal| known.retry_after < refusal.retry_after;
                if refused.as_ref().is_none_or(longer) {
                    refused = Some(refusal);
                }
            }
        }
        if let Some(refusal) = refused {
            return Err(LimiterError::Refused(refusal));
        }
        let mut admitted = Admitted::default();
        for (shard, rules) in &located {
            if let Some(shard) = find(&mut locked, *shard) {
                let scope = shard.scope(rules.scope, admission.at);
                let left = scope.enter(&rules.limits, admission);
                admitted.requests = tighter(admitted.requests, left.requests);
                admitted.tokens = tighter(admitted.tokens, left.tokens);
            }
        }
        Ok(admitted)
    }

    async fn leave(&self, admission: &Admission, tokens: u64) -> Result<(), Unavailable> {
        let (located, mut locked) = self.lock_all(admission);
        for (shard, rules) in &located {
            if let Some(scope) =
                find(&mut locked, *shard).and_then(|shard| shard.known(rules.scope))
            {
                scope.leave(&rules.limits, admission, tokens);
            }
        }
        Ok(())
    }
}

fn find<'locked>(
    locked: &'locked mut [(usize, MutexGuard<'_, Shard>)],
    shard: usize,
) -> Option<&'locked mut Shard> {
    let found = locked.iter_mut().find(|(number, _)| *number == shard);
    found.map(|(_, guard)| &mut **guard)
}

/// The one of two windows of which less is left.
fn tighter(one: Option<Remaining>, other: Option<Remaining>) -> Option<Remaining> {
    match (one, other) {
        (Some(one), Some(other)) if other.remaining < one.remaining => Some(other),
        (Some(one), _) => Some(one),
        (None, other) => other,
    }
}

#[cfg(test)]
mod tests;
