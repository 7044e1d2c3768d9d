use vuzo_domain::wallet::{SystemAccount, TransferKind};

/// Which of the operator's own accounts stands across from a wallet.
pub const fn counterpart(kind: TransferKind) -> SystemAccount {
    match kind {
        TransferKind::Topup | TransferKind::Refund | TransferKind::Dispute | TransferKind::Fx => {
            SystemAccount::CashIn
        }
        TransferKind::TrialGrant | TransferKind::PlanGrant | TransferKind::GrantExpiry => {
            SystemAccount::Promotions
        }
        TransferKind::Adjustment => SystemAccount::Adjustments,
        TransferKind::Usage => SystemAccount::Revenue,
        TransferKind::ProviderCost => SystemAccount::ProviderCost,
        TransferKind::Shortfall => SystemAccount::Shortfall,
    }
}
