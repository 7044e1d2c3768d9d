use vuzo_domain::id::{AccountId, LedgerAccountId};
use vuzo_domain::money::Units;
use vuzo_domain::port::{CreditWallet, ExtendHold, LedgerFinding, PlaceHold, Settle};
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::{Hold, Source, Transfer};

use crate::Ticker;

/// One operation on one wallet.
#[derive(Clone, Debug)]
pub enum Command {
    /// Money in or out.
    Credit(CreditWallet),
    /// How far below zero the wallet may go.
    CreditLine(AccountId, Units),
    /// A hold.
    Place(PlaceHold),
    /// More of a hold.
    Extend(ExtendHold),
    /// The end of a hold.
    Settle(Box<Settle>),
}

/// What came out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The transfer as it is stored: what the customer sees of it, and the balance.
    Credited {
        /// Signed.
        amount: i64,
        /// Of all sources.
        balance_after: i64,
    },
    /// The credit line is set.
    LineSet,
    /// The hold as it is stored.
    Placed {
        /// What it takes from each source.
        parts: Vec<(LedgerAccountId, i64)>,
        /// Whether it still does.
        is_open: bool,
        /// What another could take.
        available: i64,
    },
    /// No hold, or no more of it.
    Refused {
        /// What is there.
        available: i64,
    },
    /// The hold has ended.
    NotOpen,
    /// The call is settled.
    Settled {
        /// What the customer paid.
        charged: i64,
        /// What they did not.
        shortfall: i64,
        /// What a hold could take.
        available: i64,
    },
    /// Anything else, which is always wrong.
    Fault(String),
}

/// A ledger under test.
#[expect(
    async_fn_in_trait,
    reason = "the futures are awaited where they are made and never sent anywhere"
)]
pub trait Subject {
    /// Its ids and times.
    fn ticker(&self) -> &Ticker;

    /// Opens an account with an empty wallet in US dollars; answers the account and
    /// the wallet's paid source.
    async fn open(&self) -> (AccountId, LedgerAccountId);

    /// Does what it is told.
    async fn send(&self, command: Command) -> Outcome;

    /// Ends every overdue hold, and answers them as they are then.
    async fn expire_holds(&self, now: Timestamp) -> Vec<Hold>;

    /// Takes back every expired grant.
    async fn expire_grants(&self, now: Timestamp);

    /// The sources of an account's wallet.
    async fn sources(&self, account: AccountId) -> Vec<Source>;

    /// Every transfer that touched an account's wallet, in any order.
    async fn transfers(&self, account: AccountId) -> Vec<Transfer>;

    /// What is wrong with the books.
    async fn findings(&self, now: Timestamp) -> Vec<LedgerFinding>;
}
