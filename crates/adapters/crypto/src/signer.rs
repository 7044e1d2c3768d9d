use std::fmt;

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, TokenData, Validation, decode, encode,
};
use serde::{Deserialize, Serialize};
use vuzo_domain::account::Role;
use vuzo_domain::port::{Claims, Signer, TokenFault};
use vuzo_domain::time::Timestamp;

use crate::provider;

/// Access tokens: compact JWTs signed with HMAC-SHA256.
pub struct Hs256Signer {
    signing: EncodingKey,
    verifying: DecodingKey,
    validation: Validation,
}

/// The secret is too short to sign with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShortSecret;

impl fmt::Display for ShortSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "the secret that signs access tokens needs at least {} bytes",
            Hs256Signer::SHORTEST_SECRET
        )
    }
}

impl std::error::Error for ShortSecret {}

const ISSUER: &str = "vuzo";
const AUDIENCE: &str = "vuzo";
/// What the header calls our tokens, if it says anything.
const KIND: &str = "JWT";
/// Ours have about 400 bytes. What is longer is not looked at.
const LONGEST_TOKEN: usize = 2_048;

/// The claims on the wire.
#[derive(Serialize, Deserialize)]
struct WireClaims {
    iss: String,
    aud: String,
    sub: String,
    acc: String,
    role: String,
    sid: String,
    iat: i64,
    exp: i64,
    /// Ours have none; one that is there counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
}

impl Hs256Signer {
    /// The fewest bytes that a secret may have.
    pub const SHORTEST_SECRET: usize = 16;

    /// Signs and verifies with this secret.
    pub fn new(secret: &[u8]) -> Result<Self, ShortSecret> {
        if secret.len() < Self::SHORTEST_SECRET {
            return Err(ShortSecret);
        }
        provider::install();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // The library would ask the wall clock; `verify` asks its argument instead.
        validation.validate_exp = false;
        validation.leeway = 0;
        Ok(Self {
            signing: EncodingKey::from_secret(secret),
            verifying: DecodingKey::from_secret(secret),
            validation,
        })
    }
}

impl fmt::Debug for Hs256Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Hs256Signer")
            .finish_non_exhaustive()
    }
}

impl Signer for Hs256Signer {
    #[expect(
        clippy::expect_used,
        reason = "six strings and two integers always encode, and the key is of the header's family"
    )]
    fn sign(&self, claims: &Claims) -> String {
        let wire = WireClaims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: claims.user.to_string(),
            acc: claims.account.to_string(),
            role: claims.role.name().to_owned(),
            sid: claims.session.to_string(),
            iat: claims.issued_at.as_secs(),
            exp: claims.expires_at.as_secs(),
            nbf: None,
        };
        encode(&Header::new(Algorithm::HS256), &wire, &self.signing)
            .expect("strings and integers encode")
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, TokenFault> {
        if token.len() > LONGEST_TOKEN {
            return Err(TokenFault::Invalid);
        }
        let token = decode::<WireClaims>(token, &self.verifying, &self.validation)
            .map_err(|_why| TokenFault::Invalid)?;
        // An extension that must be understood is none of ours, nor is a token of
        // another kind that happens to be signed alike.
        let TokenData { header, claims } = token;
        let is_plain = header.crit.is_none()
            && header
                .typ
                .is_none_or(|kind| kind.eq_ignore_ascii_case(KIND));
        let has_begun = claims
            .nbf
            .is_none_or(|begins| Timestamp::from_secs(begins) <= now);
        let claims = read(&claims).filter(|_| is_plain && has_begun);
        let claims = claims.ok_or(TokenFault::Invalid)?;
        if now >= claims.expires_at {
            return Err(TokenFault::Expired);
        }
        Ok(claims)
    }
}

fn read(wire: &WireClaims) -> Option<Claims> {
    Some(Claims {
        user: wire.sub.parse().ok()?,
        account: wire.acc.parse().ok()?,
        role: Role::from_name(&wire.role)?,
        session: wire.sid.parse().ok()?,
        issued_at: Timestamp::from_secs(wire.iat),
        expires_at: Timestamp::from_secs(wire.exp),
    })
}
