use core::time::Duration;

use uuid::Uuid;
use vuzo_domain::port::Hasher;
use vuzo_domain::time::Timestamp;

use super::OperatorError;

/// For how long after its first use an idempotency key is looked for.
const REMEMBERED_HOURS: u32 = 24;
const HOUR: Duration = Duration::from_secs(3_600);
/// The same as a time.
pub(super) const REMEMBERED: Duration = HOUR.saturating_mul(REMEMBERED_HOURS);
const HOUR_SECS: i64 = 3_600;

const LONGEST_KEY: usize = 255;

/// The refusal of a text that is no idempotency key.
pub(super) const BAD_KEY: OperatorError = OperatorError::invalid(
    "idempotency_key",
    "must have 1 to 255 printable ASCII characters",
);

/// What an idempotency key is for. The same key for something else is another key.
pub(super) struct Scope<'a> {
    /// What is made: `provider_key`.
    pub(super) what: &'a str,
    /// In whose hands.
    pub(super) whose: &'a str,
    /// Since when it can have been made.
    pub(super) not_before: Timestamp,
}

/// Whether a text can be an idempotency key.
pub(super) fn is_idempotency_key(key: &str) -> bool {
    let is_short = (1..=LONGEST_KEY).contains(&key.len());
    is_short
        && key
            .bytes()
            .all(|byte| byte.is_ascii_graphic() || byte == b' ')
}

/// The ids that what is made under an idempotency key may have, newest first.
///
/// Lists are in the order of ids, which therefore begin with a time; and a retry
/// must find the id of the first attempt without knowing its time. So the time is
/// that of the hour, or of the scope's beginning if that is later, and the rest
/// follows from scope and key: of each hour there is one id, and whoever carries the
/// order out looks for those of the whole day before.
pub(super) fn candidates(
    scope: &Scope<'_>,
    key: &str,
    hasher: &dyn Hasher,
    now: Timestamp,
) -> Vec<Uuid> {
    let Scope {
        what,
        whose,
        not_before,
    } = scope;
    let digest = hasher.digest(format!("{what}\n{whose}\n{key}").as_bytes());
    let mut ids: Vec<Uuid> = (0..=REMEMBERED_HOURS)
        .map(|back| now.before(HOUR.saturating_mul(back)))
        .map(|at| beginning_of_hour(at).max(*not_before))
        .map(|at| keyed_id(at, &digest))
        .collect();
    ids.dedup();
    ids
}

fn beginning_of_hour(at: Timestamp) -> Timestamp {
    let secs = at.as_secs();
    Timestamp::from_secs(secs.saturating_sub(secs.rem_euclid(HOUR_SECS)))
}

/// A UUID of version 8: milliseconds as in version 7, then the digest.
fn keyed_id(at: Timestamp, digest: &[u8; 32]) -> Uuid {
    let millis = u64::try_from(at.as_millis()).unwrap_or(0).to_be_bytes();
    let mut bytes = [0_u8; 16];
    for (byte, chosen) in bytes.iter_mut().zip(digest) {
        *byte = *chosen;
    }
    for (byte, chosen) in bytes.iter_mut().zip(millis.iter().skip(2)) {
        *byte = *chosen;
    }
    if let Some(version) = bytes.get_mut(6) {
        *version = (*version & 0x0F) | 0x80;
    }
    if let Some(variant) = bytes.get_mut(8) {
        *variant = (*variant & 0x3F) | 0x80;
    }
    Uuid::from_bytes(bytes)
}
