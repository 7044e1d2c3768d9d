use diesel::{AsChangeset, Insertable, Queryable, Selectable};
use uuid::Uuid;
use vuzo_domain::id::{GenerationId, KeyId};
use vuzo_domain::port::{Answer, Claim, ClaimKey};

use crate::fault::{Place, RowFault};
use crate::schema::idempotency_claims;
use crate::types::RawId;

/// A row of `idempotency_claims`.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = idempotency_claims,
    primary_key(account_id, key_id, route, token),
    treat_none_as_default_value = false,
    treat_none_as_null = true
)]
pub struct ClaimRow {
    pub account_id: RawId,
    pub key_id: RawId,
    pub route: String,
    pub token: String,
    pub body: Vec<u8>,
    pub call_id: RawId,
    pub expires_at: i64,
    pub content_type: Option<String>,
    pub answer: Option<Vec<u8>>,
}

impl ClaimRow {
    /// A claim of a call that runs.
    pub fn running(claim: &Claim, call: GenerationId) -> Self {
        Self {
            account_id: RawId(claim.key.account.uuid()),
            key_id: Self::key_column(&claim.key),
            route: claim.key.route.to_owned(),
            token: claim.key.token.clone(),
            body: claim.body.to_vec(),
            call_id: RawId(call.uuid()),
            expires_at: claim.expires_at.as_micros(),
            content_type: None,
            answer: None,
        }
    }

    /// The API key as the column `key_id`: nil where there was none.
    pub fn key_column(key: &ClaimKey) -> RawId {
        RawId(key.key.map_or(Uuid::nil(), KeyId::uuid))
    }

    /// The answer, if the call has ended.
    pub fn into_answer(self) -> Result<Option<Answer>, RowFault> {
        let place = Place::new("idempotency_claims", &self.token);
        let request = place.hash("body", &self.body)?;
        Ok(self
            .content_type
            .zip(self.answer)
            .map(|(content_type, body)| Answer {
                call: GenerationId::from_uuid(self.call_id.0),
                request,
                content_type,
                body: body.into(),
            }))
    }
}
