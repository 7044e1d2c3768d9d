use std::sync::atomic::{AtomicU64, Ordering};

/// Counts what the operator wants to watch.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) running: AtomicU64,
    pub(crate) unsettled: AtomicU64,
    pub(crate) late_settles: AtomicU64,
    pub(crate) shortfalls: AtomicU64,
    pub(crate) estimated: AtomicU64,
    pub(crate) clamped: AtomicU64,
    pub(crate) overlapped: AtomicU64,
    pub(crate) extended: AtomicU64,
    pub(crate) cut: AtomicU64,
    pub(crate) insufficient: AtomicU64,
    pub(crate) limited: AtomicU64,
    pub(crate) expired_holds: AtomicU64,
    pub(crate) attempts: AtomicU64,
    pub(crate) fallbacks: AtomicU64,
    pub(crate) implausible_costs: AtomicU64,
    pub(crate) differing_costs: AtomicU64,
    pub(crate) unpriced_tiers: AtomicU64,
    pub(crate) cache_hits: AtomicU64,
    pub(crate) cache_misses: AtomicU64,
}

/// The counts at one moment. All but the first two only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TallyView {
    /// Calls that run.
    pub running: u64,
    /// Calls that wait for the ledger to take their settlement.
    pub unsettled: u64,
    /// Answers that left before their settlement was durable.
    pub late_settles: u64,
    /// Calls that cost more than was held.
    pub shortfalls: u64,
    /// Calls whose provider did not tell the usage.
    pub estimated: u64,
    /// Calls whose output limit was lowered to what the wallet carries.
    pub clamped: u64,
    /// Calls whose provider was called while the hold was being placed.
    pub overlapped: u64,
    /// Holds that were extended during a stream.
    pub extended: u64,
    /// Streams that were ended for want of credit.
    pub cut: u64,
    /// Calls refused for want of credit.
    pub insufficient: u64,
    /// Calls refused by a limit.
    pub limited: u64,
    /// Holds that the reaper gave back.
    pub expired_holds: u64,
    /// Attempts at providers.
    pub attempts: u64,
    /// Attempts at another model than the one before, or than the one whose turn it
    /// was.
    pub fallbacks: u64,
    /// Costs that a provider stated and cannot mean.
    pub implausible_costs: u64,
    /// Costs that a provider stated, and that its prices here do not explain.
    pub differing_costs: u64,
    /// Calls that were served in a service tier that has no price, or that nobody asked
    /// for and would have cost more.
    pub unpriced_tiers: u64,
    /// Answers that were given again.
    pub cache_hits: u64,
    /// Calls that asked for an answer that was given before, and had to be made.
    pub cache_misses: u64,
}

impl Tally {
    pub(crate) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn view(&self) -> TallyView {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        TallyView {
            running: read(&self.running),
            unsettled: read(&self.unsettled),
            late_settles: read(&self.late_settles),
            shortfalls: read(&self.shortfalls),
            estimated: read(&self.estimated),
            clamped: read(&self.clamped),
            overlapped: read(&self.overlapped),
            extended: read(&self.extended),
            cut: read(&self.cut),
            insufficient: read(&self.insufficient),
            limited: read(&self.limited),
            expired_holds: read(&self.expired_holds),
            attempts: read(&self.attempts),
            fallbacks: read(&self.fallbacks),
            implausible_costs: read(&self.implausible_costs),
            differing_costs: read(&self.differing_costs),
            unpriced_tiers: read(&self.unpriced_tiers),
            cache_hits: read(&self.cache_hits),
            cache_misses: read(&self.cache_misses),
        }
    }
}

/// Counts something for as long as it lives.
pub(crate) struct Gauge<'tally>(&'tally AtomicU64);

impl<'tally> Gauge<'tally> {
    pub(crate) fn raise(counter: &'tally AtomicU64) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Self(counter)
    }
}

impl Drop for Gauge<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
