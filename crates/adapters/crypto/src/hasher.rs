use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash as PhcHash;
use argon2::password_hash::{Error as HashError, PasswordHasher, PasswordVerifier};
use async_trait::async_trait;
use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, hmac};
use subtle::ConstantTimeEq;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use vuzo_domain::account::Password;
use vuzo_domain::key::{KeyHash, KeyText};
use vuzo_domain::port::{Hasher, PasswordHash, Unavailable};
use zeroize::Zeroizing;

/// Passwords by Argon2id, keys by HMAC-SHA256.
///
/// Passwords are hashed on blocking threads of the runtime that is passed in,
/// because callers sit on single-threaded runtimes that serve other requests too.
#[derive(Debug)]
pub struct Argon2Hasher {
    pepper: hmac::Key,
    random: SystemRandom,
    runtime: Handle,
    running: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
}

/// How many passwords are hashed at once: each takes a core and 19 MiB.
const RUNNING: usize = 2;
/// How many more may wait for their turn. Beyond that the answer would come too late
/// to be of use, and a flood of log-ins must not grow a queue.
const WAITING: usize = 64;
const SALT_BYTES: usize = 16;

/// The hash of a random password that nobody knows, with the parameters that new
/// hashes have. It is checked in place of the hash of somebody who does not exist.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$\
    Tm9ib2R5TGl2ZXNIZXJlIQ$q1hN3WmGxHqkS5y0b5g4o6Lr3dJmZ9vVtq6q2S8u3fE";

impl Argon2Hasher {
    /// Prepares the pepper once, so that hashing a key costs one HMAC.
    pub fn new(pepper: &[u8], runtime: Handle) -> Self {
        Self {
            pepper: hmac::Key::new(hmac::HMAC_SHA256, pepper),
            random: SystemRandom::new(),
            runtime,
            running: Arc::new(Semaphore::new(RUNNING)),
            admitted: Arc::new(Semaphore::new(RUNNING.saturating_add(WAITING))),
        }
    }

    /// Runs one slow job when its turn comes. The job keeps its place until it has
    /// ended, even if nobody waits for it any more.
    async fn run<T: Send + 'static>(
        &self,
        operation: &'static str,
        job: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let place = Arc::clone(&self.admitted)
            .try_acquire_owned()
            .map_err(|full| Unavailable::new(operation, full))?;
        let turn = Arc::clone(&self.running)
            .acquire_owned()
            .await
            .map_err(|closed| Unavailable::new(operation, closed))?;
        let places: (OwnedSemaphorePermit, OwnedSemaphorePermit) = (place, turn);
        self.runtime
            .spawn_blocking(move || {
                let outcome = job();
                drop(places);
                outcome
            })
            .await
            .map_err(|lost| Unavailable::new(operation, lost))?
            .map_err(|fault| Unavailable::new(operation, fault))
    }
}

#[async_trait]
impl Hasher for Argon2Hasher {
    async fn hash_password(&self, password: &Password) -> Result<PasswordHash, Unavailable> {
        const OPERATION: &str = "hashing a password";
        let mut salt = [0_u8; SALT_BYTES];
        self.random
            .fill(&mut salt)
            .map_err(|_unspecified| Unavailable::new(OPERATION, "the system has no randomness"))?;
        let password = Zeroizing::new(password.expose().to_owned());
        self.run(OPERATION, move || {
            let hash: PhcHash =
                Argon2::default().hash_password_with_salt(password.as_bytes(), &salt)?;
            Ok(PasswordHash(hash.to_string()))
        })
        .await
    }

    async fn verify_password(
        &self,
        candidate: &str,
        hash: Option<PasswordHash>,
    ) -> Result<bool, Unavailable> {
        // No password is longer, so a longer candidate is nobody's.
        let (candidate, hash) = if candidate.len() <= Password::LONGEST {
            (candidate, hash)
        } else {
            ("", None)
        };
        let candidate = Zeroizing::new(candidate.to_owned());
        self.run("checking a password", move || {
            let stored = hash.as_ref().map_or(NOBODY, |hash| hash.0.as_str());
            let parsed = PhcHash::new(stored)?;
            match Argon2::default().verify_password(candidate.as_bytes(), &parsed) {
                Ok(()) => Ok(hash.is_some()),
                Err(HashError::PasswordInvalid) => Ok(false),
                Err(fault) => Err(fault),
            }
        })
        .await
    }

    fn hash_key(&self, key: &KeyText) -> KeyHash {
        let tag = hmac::sign(&self.pepper, key.expose().as_bytes());
        KeyHash(first_32(tag.as_ref()))
    }

    fn digest(&self, bytes: &[u8]) -> [u8; 32] {
        first_32(digest::digest(&digest::SHA256, bytes).as_ref())
    }

    fn same_secret(&self, left: &[u8], right: &[u8]) -> bool {
        left.ct_eq(right).into()
    }
}

/// The output of a function that gives 32 bytes, as an array.
fn first_32(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0_u8; 32];
    for (to, from) in out.iter_mut().zip(bytes) {
        *to = *from;
    }
    out
}
