use crate::account::Role;
use crate::id::{AccountId, SessionId, UserId};
use crate::time::Timestamp;

/// What an access token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Who.
    pub user: UserId,
    /// For which account.
    pub account: AccountId,
    /// What they may do.
    pub role: Role,
    /// In which session.
    pub session: SessionId,
    /// Since when.
    pub issued_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// Not a token of ours: form, algorithm, signature, issuer or audience.
    #[error("the access token is not valid")]
    Invalid,
    /// Its time is over.
    #[error("the access token has expired")]
    Expired,
}

/// Access tokens.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait Signer: Send + Sync + 'static {
    /// Signs the claims.
    fn sign(&self, claims: &Claims) -> String;

    /// Reads a token back. MUST accept one algorithm only, whatever the header says,
    /// and MUST check signature, issuer, audience and expiry against `now`.
    fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, TokenFault>;
}
