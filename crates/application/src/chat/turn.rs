use core::time::Duration;
use std::sync::Arc;

use tokio::time::Instant;
use vuzo_domain::chat::{Attempt, AttemptStatus, FaultKind, ProviderFault};

use super::call::Reply;
use super::engine::Engine;
use super::hold::Held;
use super::outcome::fault_text;
use super::quote::Quoted;
use super::route::{Candidate, ChosenKey, Reach, choose_key, pause_before_repeating, reach};
use super::tally::Tally;

/// So many attempts are made for one call.
const MOST_ATTEMPTS: usize = 4;

/// No attempt is begun later. Adapters wait up to two minutes for a first byte: one
/// provider that is silent for all that time leaves room for another one.
const LONGEST_TRYING: Duration = Duration::from_secs(150);

impl Engine {
    /// Gives the first turn to the first that is not better left alone. Where all are,
    /// the first is asked all the same: nobody is refused on a suspicion.
    pub(super) fn set_out(&self, quoted: &mut Quoted) {
        let (seed, now) = (quoted.seed, Instant::now());
        quoted.key = self.ready(quoted.chosen(), seed, now);
        if quoted.key.is_some() {
            return;
        }
        let others = quoted.route.others.iter();
        let ready = others
            .enumerate()
            .find_map(|(index, other)| Some((index, self.ready(other, seed, now)?)));
        if let Some((index, key)) = ready {
            Tally::add(&self.tally.fallbacks);
            quoted.route.others.drain(..index);
            if let Some(other) = quoted.route.others.pop_front() {
                quoted.route.chosen = other;
                quoted.key = Some(key);
            }
            return;
        }
        let keys = self.keyring.keys(&quoted.chosen().provider_id);
        quoted.key = choose_key(keys, seed, |_| true);
    }

    /// The key to ask a candidate with, if it is not better left alone. Whoever takes
    /// it asks: it may be the one probe.
    fn ready(&self, candidate: &Candidate, seed: u64, now: Instant) -> Option<ChosenKey> {
        let keys = self.keyring.keys(&candidate.provider_id);
        let key = choose_key(keys, seed, |key| {
            !self.health.rests(candidate.target(key), now)
        })?;
        let target = candidate.target(key.id());
        self.health.lets_in(target, now).then_some(key)
    }

    /// Notes that whoever was asked answers.
    pub(super) fn note_answer(&self, held: &mut Held) {
        let target = held.quoted.target();
        if self.health.note_answer(target, Instant::now())
            && let Some(key) = target.key
        {
            held.trail.note((key, None));
        }
    }

    /// Notes that whoever was asked has not answered for long.
    pub(super) fn note_silence(&self, held: &Held) {
        let target = held.quoted.target();
        self.health.note_silence(target, Instant::now());
    }

    /// Notes that whoever was asked did not answer, or broke off.
    pub(super) fn note_fault(&self, held: &mut Held, fault: &ProviderFault) {
        let target = held.quoted.target();
        self.health.note_fault(target, fault, Instant::now());
        if !matches!(fault.kind, FaultKind::OurAccount | FaultKind::NotServed) {
            return;
        }
        tracing::error!(
            call = %held.quoted.call.id,
            provider = %target.provider,
            model = target.model,
            key = target.key.map(tracing::field::display),
            fault = fault_text(fault),
            "a provider complains about our account"
        );
        if let Some(key) = target.key {
            held.trail.note((key, Some(fault_text(fault))));
        }
    }

    /// Gives the turn to whoever may do better. `false` if the trying is over: nobody
    /// is left, it took too long, or nobody waits for it any more.
    pub(super) async fn go_on(
        &self,
        held: &mut Held,
        fault: &ProviderFault,
        took: Duration,
        reply: &mut Reply,
    ) -> bool {
        let tried = held.trail.len().saturating_add(1);
        let spent = held.trail.spent().saturating_add(took);
        let is_over = reply.is_closed() || self.hurry.is_cancelled();
        if tried >= MOST_ATTEMPTS || spent >= LONGEST_TRYING || is_over {
            return false;
        }
        let attempt = self.failed_attempt(held, fault, took);
        let model = Arc::clone(&held.quoted.chosen().entry);
        let has_turned = match reach(fault) {
            Reach::Nobody => return false,
            Reach::LongerContext => self.turn_to_model(held, model.model.context_length),
            Reach::AnotherKey => self.turn_to_key(held) || self.turn_to_model(held, 0),
            Reach::AnotherModel => self.turn_to_model(held, 0),
        };
        if has_turned {
            held.trail.add(attempt, &model, fault);
            return true;
        }
        let is_first = held.trail.len() == 0;
        let pause = pause_before_repeating(fault, held.quoted.seed).filter(|_| is_first);
        let Some(pause) = pause else {
            return false;
        };
        if !self.pause(held, reply, pause).await {
            return false;
        }
        held.trail.add(attempt, &model, fault);
        true
    }

    /// Another key of the same provider. The one that was refused rests by now.
    fn turn_to_key(&self, held: &mut Held) -> bool {
        let quoted = &mut held.quoted;
        let before = quoted.key_id();
        let ready = self.ready(&quoted.route.chosen, quoted.seed, Instant::now());
        let Some(key) = ready.filter(|key| key.id() != before) else {
            return false;
        };
        quoted.key = Some(key);
        true
    }

    /// The next candidate with a longer context than this, that is not better left
    /// alone and that the hold carries.
    fn turn_to_model(&self, held: &mut Held, shorter: u64) -> bool {
        while let Some(candidate) = held.quoted.route.others.pop_front() {
            if candidate.model().context_length <= shorter {
                continue;
            }
            let Some(key) = self.ready(&candidate, held.quoted.seed, Instant::now()) else {
                continue;
            };
            if held.turn_to(candidate) {
                Tally::add(&self.tally.fallbacks);
                held.quoted.key = Some(key);
                return true;
            }
        }
        false
    }

    fn failed_attempt(&self, held: &Held, fault: &ProviderFault, took: Duration) -> Attempt {
        let quoted = &held.quoted;
        let cost = fault
            .report
            .as_deref()
            .map(|report| self.cost_of(held, report));
        quoted.attempt(
            AttemptStatus::Failed,
            took,
            cost.unwrap_or_default(),
            Some(fault_text(fault)),
        )
    }
}
