//! Hashes and tokens without cryptography: only their promises matter here.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Mutex;

use async_trait::async_trait;
use vuzo_domain::account::Password;
use vuzo_domain::key::{KeyHash, KeyText};
use vuzo_domain::port::{
    Claims, Hasher, NoSealingKey, PasswordHash, Sealer, Signer, TokenFault, Unavailable,
};
use vuzo_domain::provider_key::Sealed;
use vuzo_domain::secret::Secret;
use vuzo_domain::time::Timestamp;

/// Hashes that anybody can turn back.
pub(crate) struct PlainHasher;

#[async_trait]
impl Hasher for PlainHasher {
    async fn hash_password(&self, password: &Password) -> Result<PasswordHash, Unavailable> {
        Ok(PasswordHash(password.expose().to_owned()))
    }

    async fn verify_password(
        &self,
        candidate: &str,
        hash: Option<PasswordHash>,
    ) -> Result<bool, Unavailable> {
        Ok(hash.is_some_and(|hash| hash.0 == candidate))
    }

    fn hash_key(&self, key: &KeyText) -> KeyHash {
        KeyHash(self.digest(key.expose().as_bytes()))
    }

    fn digest(&self, bytes: &[u8]) -> [u8; 32] {
        let mut digest = [0; 32];
        for (seed, part) in digest.chunks_mut(8).enumerate() {
            let mut hasher = DefaultHasher::new();
            (seed, bytes).hash(&mut hasher);
            part.copy_from_slice(&hasher.finish().to_le_bytes());
        }
        digest
    }

    fn same_secret(&self, left: &[u8], right: &[u8]) -> bool {
        left == right
    }
}

/// Seals that anybody can break.
pub(crate) struct PlainSealer;

impl Sealer for PlainSealer {
    fn seal(&self, secret: &Secret, _at: Timestamp) -> Result<Sealed, NoSealingKey> {
        let backwards: String = secret.expose().chars().rev().collect();
        Ok(Sealed::from_text(backwards))
    }

    fn open(&self, sealed: &Sealed) -> Option<Secret> {
        let forwards: String = sealed.as_text().chars().rev().collect();
        Some(Secret::new(forwards))
    }

    fn is_current(&self, _sealed: &Sealed) -> bool {
        true
    }
}

/// Tokens that mean what was written down beside them.
#[derive(Default)]
pub(crate) struct Notebook {
    written: Mutex<HashMap<String, Claims>>,
}

impl Signer for Notebook {
    fn sign(&self, claims: &Claims) -> String {
        let mut written = self.written.lock().unwrap();
        let token = format!("token.{}.signed", written.len());
        written.insert(token.clone(), *claims);
        token
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, TokenFault> {
        let written = self.written.lock().unwrap();
        let claims = written.get(token).ok_or(TokenFault::Invalid)?;
        if claims.expires_at <= now {
            return Err(TokenFault::Expired);
        }
        Ok(*claims)
    }
}
