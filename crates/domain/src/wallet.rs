//! Whether an account can pay, and what its ledger looks like afterwards.
//!
//! Everything here is pure: a store locks the rows of a wallet, builds a [`Book`],
//! lets it decide, and persists what came out. The words are placed, extended,
//! captured, released and expired; nothing else happens to a hold.

mod book;
mod cap;
mod hold;
mod settlement;
mod source;
mod transfer;

pub use book::{Book, Capture, Draw, Insufficient, Placement};
pub use cap::{Cap, CapCheck, CapScope, CapUse, CapWindow, SpendCounter};
pub use hold::{Hold, HoldEnd, HoldState, Part};
pub use settlement::{Charge, LedgerFault, Posting, ProviderDebt, settle_hold};
pub use source::{GrantKind, Source, SourceKind};
pub use transfer::{SystemAccount, Transfer, TransferKind};

#[cfg(test)]
mod tests;
