use std::collections::{HashMap, HashSet};

use vuzo_domain::id::GenerationId;
use vuzo_domain::port::{Answer, Claim, ClaimKey};
use vuzo_sql::RawId;
use vuzo_sql::rows::ClaimRow;

use crate::statements::{DropClaims, KeepAnswers, TakeClaims};

/// The idempotency claims of a transaction.
#[derive(Default)]
pub(crate) struct Claims<'job> {
    rows: HashMap<&'job ClaimKey, ClaimRow>,
    taken: HashMap<GenerationId, &'job Claim>,
    given_back: Vec<GenerationId>,
    answers: Vec<(GenerationId, &'job Answer)>,
}

/// What has to be written of them, in this order.
#[derive(Default)]
pub(crate) struct ClaimChanges<'job> {
    pub(crate) dropped: DropClaims,
    pub(crate) taken: TakeClaims<'job>,
    pub(crate) answered: KeepAnswers<'job>,
}

impl<'job> Claims<'job> {
    /// Finds the key of each row that was read.
    pub(super) fn read(keys: &HashSet<&'job ClaimKey>, rows: Vec<ClaimRow>) -> Self {
        let places: HashMap<_, &'job ClaimKey> = keys
            .iter()
            .map(|key| {
                let account = RawId(key.account.uuid());
                let place = (account, ClaimRow::key_column(key), key.route, &*key.token);
                (place, *key)
            })
            .collect();
        let known = rows.into_iter().filter_map(|row| {
            let place = (row.account_id, row.key_id, &*row.route, &*row.token);
            let key = *places.get(&place)?;
            Some((key, row))
        });
        Self {
            rows: known.collect(),
            ..Self::default()
        }
    }

    /// The row under an idempotency key, whether it still counts or not.
    pub(crate) fn find(&self, key: &ClaimKey) -> Option<&ClaimRow> {
        self.rows.get(key)
    }

    /// Gives the claim to a call; whatever was there did not count any more.
    pub(crate) fn take(&mut self, claim: &'job Claim, call: GenerationId) {
        let row = ClaimRow::running(claim, call);
        if let Some(stale) = self.rows.insert(&claim.key, row) {
            self.given_back
                .push(GenerationId::from_uuid(stale.call_id.0));
        }
        self.taken.insert(call, claim);
    }

    /// Gives back whatever a call has claimed.
    pub(crate) fn give_back(&mut self, call: GenerationId) {
        if let Some(claim) = self.taken.remove(&call) {
            self.rows.remove(&claim.key);
        }
        self.given_back.push(call);
    }

    /// Keeps the answer of a call under its claim, as far as it is still the call's
    /// own.
    pub(crate) fn answer(&mut self, call: GenerationId, answer: &'job Answer) {
        self.answers.push((call, answer));
    }

    /// What has changed.
    pub(super) fn changed(&self) -> ClaimChanges<'job> {
        let mut changes = ClaimChanges::default();
        let dropped = self.given_back.iter().map(|call| RawId(call.uuid()));
        changes.dropped.0.extend(dropped);
        for (call, claim) in &self.taken {
            changes.taken.push(claim, *call);
        }
        for (call, answer) in &self.answers {
            changes.answered.push(*call, answer);
        }
        changes
    }
}
