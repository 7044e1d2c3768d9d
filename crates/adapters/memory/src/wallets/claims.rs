use std::collections::HashMap;

use vuzo_domain::id::GenerationId;
use vuzo_domain::port::{Answer, Claim, ClaimKey, PlaceHoldError};
use vuzo_domain::time::Timestamp;

/// Idempotency keys in use.
#[derive(Default)]
pub(crate) struct Claims {
    rows: HashMap<ClaimKey, Row>,
    /// By whom, so that the reaper can give them back.
    keys: HashMap<GenerationId, ClaimKey>,
}

struct Row {
    call: GenerationId,
    body: [u8; 32],
    expires_at: Timestamp,
    answer: Option<Answer>,
}

impl Claims {
    /// The answer under a claim that still counts, or why there is none yet.
    pub(super) fn find(
        &self,
        claim: &Claim,
        at: Timestamp,
    ) -> Result<Option<Answer>, PlaceHoldError> {
        let row = self.rows.get(&claim.key);
        let Some(row) = row.filter(|row| at < row.expires_at) else {
            return Ok(None);
        };
        if row.body != claim.body {
            return Err(PlaceHoldError::ClaimMismatch);
        }
        match &row.answer {
            Some(answer) => Ok(Some(answer.clone())),
            None => Err(PlaceHoldError::ClaimRunning),
        }
    }

    /// Who has the claim, if it still counts.
    pub(super) fn holder(&self, key: &ClaimKey, at: Timestamp) -> Option<GenerationId> {
        let row = self.rows.get(key).filter(|row| at < row.expires_at)?;
        Some(row.call)
    }

    /// Whether a new call may take the claim.
    pub(super) fn check(&self, claim: &Claim, at: Timestamp) -> Result<(), PlaceHoldError> {
        match self.find(claim, at)? {
            Some(answer) => Err(PlaceHoldError::ClaimAnswered(Box::new(answer))),
            None => Ok(()),
        }
    }

    /// Gives the claim to a call.
    pub(super) fn take(&mut self, claim: Claim, call: GenerationId) {
        let row = Row {
            call,
            body: claim.body,
            expires_at: claim.expires_at,
            answer: None,
        };
        self.keys.insert(call, claim.key.clone());
        if let Some(outlived) = self.rows.insert(claim.key, row) {
            self.keys.remove(&outlived.call);
        }
    }

    /// Keeps the answer of a call under its claim, if the claim is still its own.
    pub(super) fn answer(&mut self, key: &ClaimKey, call: GenerationId, answer: Answer) {
        if let Some(row) = self.rows.get_mut(key)
            && row.call == call
        {
            row.answer = Some(answer);
        }
    }

    /// Gives back whatever a call has claimed.
    pub(super) fn give_back(&mut self, call: GenerationId) {
        if let Some(key) = self.keys.remove(&call) {
            self.rows.remove(&key);
        }
    }
}
