use core::time::Duration;
use std::sync::Arc;

use vuzo_domain::chat::{Attempt, ProviderFault};
use vuzo_domain::id::ProviderKeyId;
use vuzo_domain::money::Units;
use vuzo_domain::port::ModelEntry;

/// What is to be noted on a key: that it was refused and why, or taken again.
pub(super) type Note = (ProviderKeyId, Option<String>);

/// What was tried for a call before the attempt that runs: all of it failed. Calls that
/// are answered at once carry none of it.
#[derive(Default)]
pub(super) struct Trail(Option<Box<Tried>>);

#[derive(Default)]
struct Tried {
    attempts: Vec<Attempt>,
    spent: Duration,
    /// The last fault of the first model that was tried: it speaks of the model that
    /// the customer asked for. What those who stood in for it said is on record.
    told: Option<(Arc<ModelEntry>, ProviderFault)>,
    notes: Vec<Note>,
}

impl Trail {
    fn tried(&mut self) -> &mut Tried {
        self.0.get_or_insert_default()
    }

    /// Adds an attempt that failed, and after which it goes on.
    pub(super) fn add(&mut self, attempt: Attempt, model: &Arc<ModelEntry>, fault: &ProviderFault) {
        let speaks = self.speaks_of(model);
        let tried = self.tried();
        tried.spent = tried.spent.saturating_add(attempt.latency);
        tried.attempts.push(attempt);
        if speaks {
            tried.told = Some((Arc::clone(model), fault.clone()));
        }
    }

    /// Adds what is to be noted on a key when the call is over.
    pub(super) fn note(&mut self, note: Note) {
        self.tried().notes.push(note);
    }

    /// Takes the notes.
    pub(super) fn take_notes(&mut self) -> Vec<Note> {
        let tried = self.0.as_mut();
        tried.map_or_else(Vec::new, |tried| core::mem::take(&mut tried.notes))
    }

    /// Takes the attempts.
    pub(super) fn take_attempts(&mut self) -> Vec<Attempt> {
        let tried = self.0.as_mut();
        tried.map_or_else(Vec::new, |tried| core::mem::take(&mut tried.attempts))
    }

    /// How many attempts there were.
    pub(super) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |tried| tried.attempts.len())
    }

    /// How long all of them took.
    pub(super) fn spent(&self) -> Duration {
        self.0.as_ref().map_or(Duration::ZERO, |tried| tried.spent)
    }

    /// What the customer is told where the last attempt failed, too.
    pub(super) fn tell(&mut self, model: &Arc<ModelEntry>, last: ProviderFault) -> ProviderFault {
        if self.speaks_of(model) {
            return last;
        }
        let told = self.0.as_mut().and_then(|tried| tried.told.take());
        told.map_or(last, |(_, first)| first)
    }

    fn speaks_of(&self, model: &Arc<ModelEntry>) -> bool {
        let told = self.0.as_ref().and_then(|tried| tried.told.as_ref());
        told.is_none_or(|(first, _)| Arc::ptr_eq(first, model))
    }
}

/// What the providers of these attempts are owed together.
pub(super) fn cost_of_all(attempts: &[Attempt]) -> Units {
    let costs = attempts.iter().map(|attempt| attempt.provider_cost.0);
    Units(costs.fold(0, i64::saturating_add))
}
