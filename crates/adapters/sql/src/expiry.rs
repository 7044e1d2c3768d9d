use uuid::Uuid;
use vuzo_domain::id::TransferId;
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::Source;

/// The id of the transfer that takes back what is left of an expired grant.
///
/// It follows from the grant and from what was posted on it, so two reapers cannot
/// take the same money twice. Its first bits are the time of the expiry, so that it
/// stands among the other transfers where it belongs.
pub fn grant_expiry_id(source: &Source, expires_at: Timestamp) -> TransferId {
    const LOW_80: u128 = (1 << 80) - 1;
    const SPREAD: u128 = 0x9E37_79B9_7F4A_7C15;
    let millis = u128::try_from(expires_at.as_millis()).unwrap_or(0);
    let posted = u128::from(source.posted.0.unsigned_abs()).wrapping_add(1);
    // Spread out, so that grants with neighbouring ids do not meet.
    let mixed = source.id.uuid().as_u128() ^ posted.wrapping_mul(SPREAD);
    TransferId::from_uuid(Uuid::from_u128((millis << 80) | (mixed & LOW_80)))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use vuzo_domain::id::LedgerAccountId;
    use vuzo_domain::money::Units;
    use vuzo_domain::wallet::SourceKind;

    use super::*;

    #[test]
    fn neighbouring_grants_do_not_meet() {
        let at = Timestamp::from_secs(1_773_144_000);
        let mut seen = HashSet::new();
        for number in 0..64 {
            for posted in 0..64 {
                let id = LedgerAccountId::from_uuid(Uuid::from_u128(number));
                let source = Source {
                    posted: Units(posted),
                    ..Source::empty(id, SourceKind::Paid)
                };
                assert!(seen.insert(grant_expiry_id(&source, at)));
                assert_eq!(
                    grant_expiry_id(&source, at),
                    grant_expiry_id(&source, at),
                    "it follows from the grant"
                );
            }
        }
        let first = seen.iter().min().map(|id| id.uuid().as_u128() >> 80);
        assert_eq!(first, u128::try_from(at.as_millis()).ok());
    }
}
