use vuzo_domain::chat::ProviderFault;
use vuzo_domain::key::KeyRefusal;
use vuzo_domain::limit::LimitRefusal;
use vuzo_domain::money::{Currency, Overflow, Units};
use vuzo_domain::port::Unavailable;
use vuzo_domain::pricing::{ServedTier, ServiceTier};
use vuzo_domain::wallet::CapCheck;

/// Why a call is not answered.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No model of that name is on sale.
    #[error("the model \"{0}\" does not exist; GET /v1/models lists those that do")]
    UnknownModel(String),
    /// The key does not open this.
    #[error(transparent)]
    Refused(#[from] KeyRefusal),
    /// The model has no answer for this route.
    #[error(
        "the model \"{model}\" cannot be used here: it does not have the capability \"{lacks}\""
    )]
    WrongRoute {
        /// Which.
        model: String,
        /// What this route asks for.
        lacks: &'static str,
    },
    /// The model has no price, and nothing is free.
    #[error("the model \"{0}\" has no price yet; ask the operator of this service")]
    NotPriced(String),
    /// The model is not sold in the service tier that was asked for.
    #[error(transparent)]
    TierNotSold(Box<TierNotSold>),
    /// More output was asked for than the key or the account may.
    #[error("{asked} output tokens were asked for, and this key may ask for {limit}")]
    OutputLimit {
        /// So many.
        asked: u64,
        /// At the most so many.
        limit: u64,
    },
    /// The numbers of the request leave the range of money.
    #[error("the request asks for more than can be priced; lower its output limit or n")]
    TooLarge,
    /// A limit is reached.
    #[error("a rate limit is reached; try again later")]
    Limited(LimitRefusal),
    /// The wallet cannot carry it.
    #[error("the balance does not carry this call")]
    Insufficient {
        /// What the call needs at the least.
        required: Units,
        /// What the wallet has for it.
        available: Units,
        /// In this currency.
        currency: Currency,
        /// With how many output tokens it would fit; none if not even the prompt does.
        max_tokens_affordable: Option<u64>,
    },
    /// A spending cap is reached.
    #[error("a spending cap is reached")]
    CapReached {
        /// Which.
        check: CapCheck,
        /// What the call needs at the least.
        required: Units,
        /// What the cap leaves.
        remaining: Units,
        /// In this currency.
        currency: Currency,
    },
    /// A request with the same idempotency key is running.
    #[error("a request with this idempotency key is still running; try again in a moment")]
    KeyRunning,
    /// The idempotency key was used with another request.
    #[error("this idempotency key was used with another request; use a new one")]
    KeyMismatch,
    /// Not an idempotency key.
    #[error("an idempotency key has 1 to 255 visible ASCII characters")]
    BadIdempotencyKey,
    /// The provider did not do its part.
    #[error(transparent)]
    Provider(#[from] ProviderFault),
    /// Nobody here serves the model.
    #[error("the model \"{0}\" is not served at present; ask the operator of this service")]
    NotServed(String),
    /// The gateway is shutting down.
    #[error("this instance is shutting down; send the request again")]
    Draining,
    /// Too many calls wait for the ledger.
    #[error("the ledger cannot keep up; try again in a moment")]
    Busy,
    /// The customer left before there was anything to answer.
    #[error("the connection was closed before the answer began")]
    Abandoned,
    /// A replayed stream that was too long to keep to its end.
    #[error(
        "the answer was too long to be kept for replay; the receipt of the call tells its cost"
    )]
    TooLongToReplay,
    /// The store is.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// A service tier without a price.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the model \"{model}\" is not sold in the service tier \"{tier}\", only in {}; nothing was charged",
    tier_names(.sold)
)]
pub struct TierNotSold {
    /// The model.
    pub model: String,
    /// What was asked for.
    pub tier: ServiceTier,
    /// The tiers that it is sold in beside the standard one.
    pub sold: Vec<ServiceTier>,
}

/// The words to ask for what is sold, the standard tier first.
fn tier_names(sold: &[ServiceTier]) -> String {
    let others = sold.iter().map(|tier| format!(", \"{tier}\""));
    let standard = format!("\"{}\"", ServedTier::DEFAULT);
    core::iter::once(standard).chain(others).collect()
}

impl From<Overflow> for CallError {
    fn from(_: Overflow) -> Self {
        Self::TooLarge
    }
}
