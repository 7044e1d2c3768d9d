use async_trait::async_trait;
use bytes::Bytes;

use super::{AuditEntry, Page, PageRequest, Unavailable};
use crate::chat::CallRecord;
use crate::id::{AccountId, GenerationId, HoldId, KeyId, LedgerAccountId, TransferId};
use crate::money::{Currency, Units};
use crate::time::Timestamp;
use crate::wallet::{CapCheck, Charge, GrantKind, Hold, Source, Transfer, TransferKind};

/// Where an idempotency key counts: one account, one key, one route.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClaimKey {
    /// Whose.
    pub account: AccountId,
    /// With which API key, if it was one.
    pub key: Option<KeyId>,
    /// On which route.
    pub route: &'static str,
    /// What the customer sent.
    pub token: String,
}

/// A call, or an order, that wants to be the only one under its idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Where it counts.
    pub key: ClaimKey,
    /// The digest of the request.
    pub body: [u8; 32],
    /// Until when it counts.
    pub expires_at: Timestamp,
}

/// An answer that is kept for replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The call that made it.
    pub call: GenerationId,
    /// The digest of its request.
    pub request: [u8; 32],
    /// Its content type.
    pub content_type: String,
    /// Its body, as the customer got it.
    pub body: Bytes,
}

/// Sets money aside for a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceHold {
    /// The call.
    pub call: GenerationId,
    /// Who pays.
    pub account: AccountId,
    /// With which key, if it was one.
    pub key: Option<KeyId>,
    /// From the wallet in this currency.
    pub currency: Currency,
    /// How much: the worst case.
    pub wanted: Units,
    /// With how much the call can still be served.
    pub least: Units,
    /// The caps that it must respect, in the wallet's currency.
    pub caps: Vec<CapCheck>,
    /// Its idempotency key, if it has one.
    pub claim: Option<Claim>,
    /// Now.
    pub at: Timestamp,
    /// When the reaper may end the hold.
    pub expires_at: Timestamp,
}

/// A hold that was placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldPlaced {
    /// The hold.
    pub hold: Hold,
    /// What another hold could take now.
    pub available: Units,
}

/// Why a hold is not placed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum PlaceHoldError {
    /// The wallet cannot carry the least.
    #[error("the wallet cannot carry this call")]
    Insufficient {
        /// What it can carry.
        available: Units,
    },
    /// A spending cap leaves less than the least.
    #[error("a spending cap is reached")]
    CapReached {
        /// Which cap.
        check: CapCheck,
        /// What it leaves.
        remaining: Units,
    },
    /// A call with the same idempotency key is running.
    #[error("a request with this idempotency key is running")]
    ClaimRunning,
    /// The idempotency key was used with another request.
    #[error("this idempotency key was used with another request")]
    ClaimMismatch,
    /// The call was answered before.
    #[error("this request was answered before")]
    ClaimAnswered(Box<Answer>),
    /// The store is.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Sets more money aside for a call that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtendHold {
    /// Which hold.
    pub hold: HoldId,
    /// What it shall come to altogether. A hold that has as much already is left as
    /// it is, so sending this twice is safe.
    pub total: Units,
    /// When the reaper may end it; never moved back.
    pub expires_at: Timestamp,
    /// Now.
    pub at: Timestamp,
}

/// A hold after an extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldExtended {
    /// The hold.
    pub hold: Hold,
    /// What another hold could take now.
    pub available: Units,
}

/// Why a hold is not extended. Its expiry was not moved either.
#[derive(Debug, thiserror::Error)]
pub enum ExtendHoldError {
    /// The wallet or a cap cannot carry more.
    #[error("the wallet cannot carry more")]
    Insufficient {
        /// What is left beyond the hold.
        available: Units,
    },
    /// The hold has ended.
    #[error("the hold has ended")]
    NotOpen,
    /// The store is.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Settles a call: the second and last time that it touches money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settle {
    /// Which hold.
    pub hold: HoldId,
    /// What the call comes to.
    pub charge: Charge,
    /// Its line in the usage log.
    pub record: CallRecord,
    /// The idempotency key that it holds, and the answer to keep under it. Without
    /// an answer the key is given back, so that the customer may try again.
    pub claim: Option<(ClaimKey, Option<Answer>)>,
}

/// A call that was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// What the customer was charged.
    pub charged: Units,
    /// What was beyond the hold.
    pub shortfall: Units,
    /// What a hold could take now.
    pub available: Units,
}

/// Why a call is not settled.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// There is no such hold.
    #[error("there is no such hold")]
    UnknownHold,
    /// The store is.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// What a credit that is given away is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantTerms {
    /// Why it is given.
    pub kind: GrantKind,
    /// Until when it may be spent.
    pub expires_at: Option<Timestamp>,
}

/// Where a credit goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// To the paid money of the wallet.
    Paid,
    /// To a source of its own, with this id.
    Separate(LedgerAccountId, GrantTerms),
}

/// Moves money into a wallet, or out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditWallet {
    /// The transfer. Sending the same one again changes nothing.
    pub transfer: TransferId,
    /// The key under which the same order may be sent again with another id. Where an
    /// earlier order has it, nothing is changed and that one's transfer is answered,
    /// whatever it was about: whoever sent the order compares.
    pub claim: Option<Claim>,
    /// Whose wallet. It is opened if need be, with this id for its paid source.
    pub account: AccountId,
    /// The id of the paid source, should the wallet have to be opened.
    pub open_as: LedgerAccountId,
    /// In which currency.
    pub currency: Currency,
    /// How much; negative takes away. Only paid money is taken away, and the balance
    /// may go below zero by it: this is how refunds and corrections arrive.
    pub amount: Units,
    /// Why.
    pub kind: TransferKind,
    /// To which source.
    pub grant: Grant,
    /// What the customer reads beside it.
    pub description: String,
    /// When.
    pub at: Timestamp,
    /// Lands with it.
    pub audit: Option<AuditEntry>,
}

/// A wallet as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalletView {
    /// In which currency.
    pub currency: Currency,
    /// Its sources that are live or hold anything.
    pub sources: Vec<Source>,
}

/// The ledger and the wallets on it.
///
/// Every command is atomic and durable when it returns `Ok`. Whatever runs at the
/// same time, on however many instances: no source ever goes below its credit line
/// by a hold or a capture, a hold ends once, and a call is settled once.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Wallets: Send + Sync + 'static {
    /// Places a hold of up to `wanted` and no less than `least`, within every cap.
    ///
    /// A hold of nothing is always granted, and needs no wallet. Sending the same
    /// command again MUST answer the hold as it is stored and change nothing. The
    /// idempotency claim is decided in the same transaction, before the money; a
    /// claim whose time is over does not count.
    async fn place_hold(&self, command: PlaceHold) -> Result<HoldPlaced, PlaceHoldError>;

    /// Extends a hold to `total`, all or nothing, within the caps it was placed
    /// under, whose limits are `caps`.
    async fn extend_hold(
        &self,
        command: ExtendHold,
        caps: Vec<CapCheck>,
    ) -> Result<HoldExtended, ExtendHoldError>;

    /// Ends the hold and writes transfers, usage log, counters and idempotency
    /// answer at once, as [`crate::wallet::settle_hold`] decides. Settling a call
    /// again MUST change nothing and answer what was settled first. `charge.amount`
    /// MUST equal `record.receipt.total`.
    async fn settle(&self, command: Settle) -> Result<Settled, SettleError>;

    /// The answer kept under an idempotency key that still counts: `Ok(None)` if
    /// there is no claim. [`PlaceHoldError::ClaimRunning`] and
    /// [`PlaceHoldError::ClaimMismatch`] as for [`Wallets::place_hold`].
    async fn find_answer(
        &self,
        claim: &Claim,
        at: Timestamp,
    ) -> Result<Option<Answer>, PlaceHoldError>;

    /// Ends open holds past their expiry, at most `limit`, gives their money and
    /// idempotency keys back, and answers them.
    async fn expire_holds(&self, now: Timestamp, limit: u32) -> Result<Vec<Hold>, Unavailable>;

    /// Takes back what is left of expired grants, at most `limit` of them, with a
    /// `grant_expiry` transfer each (its id follows from the source's and what was
    /// posted). Answers how many.
    async fn expire_grants(&self, now: Timestamp, limit: u32) -> Result<u32, Unavailable>;

    /// Moves money into a wallet or out of it, and answers the transfer as it is
    /// stored.
    async fn credit(&self, command: CreditWallet) -> Result<Transfer, Unavailable>;

    /// The wallets of an account.
    async fn list_wallets(&self, account: AccountId) -> Result<Vec<WalletView>, Unavailable>;

    /// The transfers that touched the wallets of an account, newest first.
    async fn list_transfers(
        &self,
        account: AccountId,
        page: PageRequest,
    ) -> Result<Page<Transfer>, Unavailable>;
}
