use serde::Serialize;
use vuzo_application::billing::Balance;
use vuzo_domain::account::Account;
use vuzo_domain::money::Currency;

use super::limits::LimitsView;
use super::wallet::{CapsView, WalletRow};

/// An account, as the operator sees it.
#[derive(Serialize)]
pub(crate) struct AccountRow {
    id: String,
    name: String,
    plan: String,
    status: &'static str,
    limits: LimitsView,
    caps: CapsView,
    created_at: String,
}

impl AccountRow {
    pub(crate) fn of(account: &Account) -> Self {
        Self {
            id: account.id.to_string(),
            name: account.name.clone(),
            plan: account.plan.clone(),
            status: account.status.name(),
            limits: LimitsView::of(&account.limits),
            caps: CapsView::of(&account.caps),
            created_at: account.created_at.to_string(),
        }
    }
}

/// The same with its wallets.
#[derive(Serialize)]
pub(crate) struct AccountWhole {
    #[serde(flatten)]
    account: AccountRow,
    wallets: Vec<WalletRow>,
    total_usd: String,
}

impl AccountWhole {
    pub(crate) fn of(balance: &Balance) -> Self {
        let account = &balance.account;
        let wallets = balance.wallets.iter();
        Self {
            account: AccountRow::of(account),
            wallets: wallets
                .map(|wallet| WalletRow::of(wallet, &account.caps))
                .collect(),
            total_usd: Currency::USD.format(balance.total_usd),
        }
    }
}
