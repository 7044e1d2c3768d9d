use serde::Serialize;
use vuzo_application::billing::{Balance, WalletBalance};
use vuzo_domain::money::Currency;
use vuzo_domain::wallet::{Cap, CapWindow, Transfer};

/// What an account has.
#[derive(Serialize)]
pub(crate) struct BalanceView {
    account_id: String,
    wallets: Vec<WalletRow>,
    total_usd: String,
}

impl BalanceView {
    pub(crate) fn of(balance: &Balance) -> Self {
        let caps = &balance.account.caps;
        let rows = balance.wallets.iter();
        Self {
            account_id: balance.account.id.to_string(),
            wallets: rows.map(|wallet| WalletRow::of(wallet, caps)).collect(),
            total_usd: Currency::USD.format(balance.total_usd),
        }
    }
}

/// One wallet.
#[derive(Serialize)]
pub(crate) struct WalletRow {
    currency: String,
    available: String,
    held: String,
    posted: String,
    credit_line: String,
    low_balance_threshold: Option<String>,
    caps: CapsView,
}

impl WalletRow {
    pub(crate) fn of(wallet: &WalletBalance, caps: &[Cap]) -> Self {
        let currency = wallet.currency;
        // Caps count in US dollars, so they are shown where those are kept.
        let shown = if currency == Currency::USD { caps } else { &[] };
        Self {
            currency: currency.to_string(),
            available: currency.format(wallet.available),
            held: currency.format(wallet.held),
            posted: currency.format(wallet.posted),
            credit_line: currency.format(wallet.credit_line),
            low_balance_threshold: None,
            caps: CapsView::of(shown),
        }
    }
}

/// Spending caps in US dollars; null does not cap.
#[derive(Serialize)]
pub(crate) struct CapsView {
    daily: Option<String>,
    weekly: Option<String>,
    monthly: Option<String>,
    total: Option<String>,
}

impl CapsView {
    pub(crate) fn of(caps: &[Cap]) -> Self {
        let limit = |window: CapWindow| {
            let cap = caps.iter().find(|cap| cap.window == window);
            cap.map(|cap| Currency::USD.format(cap.limit))
        };
        Self {
            daily: limit(CapWindow::Daily),
            weekly: limit(CapWindow::Weekly),
            monthly: limit(CapWindow::Monthly),
            total: limit(CapWindow::Total),
        }
    }
}

/// Money that moved, as the customer sees it: negative where the wallet paid.
#[derive(Serialize)]
pub(crate) struct TransferView {
    id: String,
    kind: &'static str,
    amount: String,
    currency: String,
    balance_after: Option<String>,
    description: Option<String>,
    generation_id: Option<String>,
    created_at: String,
}

impl TransferView {
    pub(crate) fn of(transfer: &Transfer) -> Self {
        let currency = transfer.currency;
        Self {
            id: transfer.id.to_string(),
            kind: transfer.kind.name(),
            amount: currency.format(transfer.signed_amount()),
            currency: currency.to_string(),
            balance_after: transfer.balance_after.map(|units| currency.format(units)),
            description: transfer.description.clone(),
            generation_id: transfer.generation.map(|id| id.to_string()),
            created_at: transfer.at.to_string(),
        }
    }
}
