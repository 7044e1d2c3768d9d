use core::time::Duration;

use uuid::Uuid;
use vuzo_domain::account::Account;
use vuzo_domain::id::TransferId;
use vuzo_domain::port::Hasher;
use vuzo_domain::time::Timestamp;

/// For how long after its first use an idempotency key is looked for.
const REMEMBERED_HOURS: u32 = 24;
const HOUR: Duration = Duration::from_secs(3_600);
const HOUR_SECS: i64 = 3_600;

/// The ids that the transfer of an idempotency key may have, newest first.
///
/// Transfers are listed by their ids, which therefore begin with a time; and a retry
/// must find the id of the first attempt without knowing its time. So the time is
/// that of the hour, or of the account's beginning if that is later, and the rest
/// follows from account and key: of each hour there is one id, and the ledger looks
/// for those of the whole day before it carries an order out.
pub(super) fn candidates(
    account: &Account,
    key: &str,
    hasher: &dyn Hasher,
    now: Timestamp,
) -> Vec<TransferId> {
    let scope = format!("credit\n{}\n{key}", account.id);
    let digest = hasher.digest(scope.as_bytes());
    // A second after the account was opened its first transfers have been made.
    let opened = account.created_at.after(Duration::from_secs(1));
    let mut ids: Vec<TransferId> = (0..=REMEMBERED_HOURS)
        .map(|back| now.before(HOUR.saturating_mul(back)))
        .map(|at| beginning_of_hour(at).max(opened))
        .map(|at| transfer_id(at, &digest))
        .collect();
    ids.dedup();
    ids
}

fn beginning_of_hour(at: Timestamp) -> Timestamp {
    let secs = at.as_secs();
    Timestamp::from_secs(secs.saturating_sub(secs.rem_euclid(HOUR_SECS)))
}

/// A UUID of version 8: milliseconds as in version 7, then the digest.
fn transfer_id(at: Timestamp, digest: &[u8; 32]) -> TransferId {
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
    TransferId::from_uuid(Uuid::from_bytes(bytes))
}
