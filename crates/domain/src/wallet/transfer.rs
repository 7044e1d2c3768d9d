use uuid::Uuid;

use crate::id::{AccountId, GenerationId, LedgerAccountId, TransferId};
use crate::money::{Currency, Units};
use crate::time::Timestamp;

/// Why money moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransferKind {
    /// A customer paid in.
    Topup,
    /// A call was charged.
    Usage,
    /// A payment was given back.
    Refund,
    /// A payment was disputed.
    Dispute,
    /// The operator corrected a balance.
    Adjustment,
    /// Credit to try the service.
    TrialGrant,
    /// Credit that a plan includes.
    PlanGrant,
    /// A grant ran out.
    GrantExpiry,
    /// One half of a currency conversion.
    Fx,
    /// What a provider is owed for a call.
    ProviderCost,
    /// What a call cost beyond its hold.
    Shortfall,
}

impl TransferKind {
    /// Every kind with its name.
    pub const NAMES: [(Self, &'static str); 11] = [
        (Self::Topup, "topup"),
        (Self::Usage, "usage"),
        (Self::Refund, "refund"),
        (Self::Dispute, "dispute"),
        (Self::Adjustment, "adjustment"),
        (Self::TrialGrant, "trial_grant"),
        (Self::PlanGrant, "plan_grant"),
        (Self::GrantExpiry, "grant_expiry"),
        (Self::Fx, "fx"),
        (Self::ProviderCost, "provider_cost"),
        (Self::Shortfall, "shortfall"),
    ];

    /// Its name in the ledger and on the wire.
    pub fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("", |(_, name)| name)
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(kind, _)| *kind)
    }
}

/// The operator's side of the ledger. These accounts keep no stored sum: every
/// call would contend for one row. Their balance is the sum of their transfers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SystemAccount {
    /// What customers were charged.
    Revenue,
    /// What providers took.
    ProviderCost,
    /// What the operator owes its providers, or keeps there.
    ProviderFloat,
    /// What calls cost beyond their holds.
    Shortfall,
    /// Credit given away.
    Promotions,
    /// Corrections by hand.
    Adjustments,
    /// Money that came in from payment processors.
    CashIn,
}

impl SystemAccount {
    const MARK: u128 = 0x5653_5953_0000_0000 << 64;

    /// Its account in the ledger, one a currency.
    pub fn id(self, currency: Currency) -> LedgerAccountId {
        let number: u128 = match self {
            Self::Revenue => 1,
            Self::ProviderCost => 2,
            Self::ProviderFloat => 3,
            Self::Shortfall => 4,
            Self::Promotions => 5,
            Self::Adjustments => 6,
            Self::CashIn => 7,
        };
        let code = currency
            .code()
            .bytes()
            .fold(0_u128, |code, byte| (code << 8) | u128::from(byte));
        LedgerAccountId::from_uuid(Uuid::from_u128(Self::MARK | (number << 32) | code))
    }
}

impl LedgerAccountId {
    /// Whether it is one of the operator's own accounts.
    pub fn is_system(self) -> bool {
        self.uuid().as_u128() >> 64 == SystemAccount::MARK >> 64
    }
}

/// Money that moved: one debit, one credit, one currency, so balanced as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Its id; a second transfer with the same id does not exist.
    pub id: TransferId,
    /// Where the money left.
    pub debit: LedgerAccountId,
    /// Where it arrived.
    pub credit: LedgerAccountId,
    /// How much; more than nothing.
    pub amount: Units,
    /// Of what.
    pub currency: Currency,
    /// Why.
    pub kind: TransferKind,
    /// The customer whose wallet it touched, if any.
    pub account: Option<AccountId>,
    /// The call it belongs to, if any.
    pub generation: Option<GenerationId>,
    /// What the customer reads beside it.
    pub description: Option<String>,
    /// The wallet's posted balance afterwards, where it touched one.
    pub balance_after: Option<Units>,
    /// When.
    pub at: Timestamp,
}

impl Transfer {
    /// The amount as the customer sees it: negative where the wallet paid.
    pub fn signed_amount(&self) -> Units {
        if self.debit.is_system() {
            self.amount
        } else {
            Units(self.amount.0.saturating_neg())
        }
    }
}

impl TransferId {
    /// The id of the `ordinal`th transfer of a call. It follows from the call's own
    /// id, so that settling twice cannot write two.
    pub fn of_call(generation: GenerationId, ordinal: u8) -> Self {
        let low = generation.uuid().as_u128();
        Self::from_uuid(Uuid::from_u128(
            low ^ (u128::from(ordinal.wrapping_add(1)) << 40),
        ))
    }
}
