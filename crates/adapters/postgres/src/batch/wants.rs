use std::collections::HashSet;

use vuzo_domain::id::{AccountId, HoldId};
use vuzo_domain::money::Currency;
use vuzo_domain::port::ClaimKey;
use vuzo_domain::wallet::CapUse;

/// What the commands of a transaction ask for.
#[derive(Default)]
pub(crate) struct Wants<'job> {
    /// Wallets to lock and read.
    pub(crate) wallets: HashSet<(AccountId, Currency)>,
    /// Holds to read.
    pub(crate) holds: HashSet<HoldId>,
    /// Holds whose wallets have to be found first.
    pub(crate) strays: Vec<HoldId>,
    /// Holds whose calls may have been settled before.
    pub(crate) settling: HashSet<HoldId>,
    /// Counters to lock and read, besides those of the holds.
    pub(crate) counters: HashSet<CapUse>,
    /// Idempotency keys to read.
    pub(crate) claims: HashSet<&'job ClaimKey>,
}
