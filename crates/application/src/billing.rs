//! What an account has, and what moved it.

use std::sync::Arc;

use vuzo_domain::account::Account;
use vuzo_domain::id::AccountId;
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::{Accounts, Clock, Page, PageRequest, Unavailable, WalletView, Wallets};
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::{Book, Transfer};

use crate::ports::Ports;

/// What is in one wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalletBalance {
    /// In which currency.
    pub currency: Currency,
    /// What a call could take now: posted, less held, and the credit line. Below zero
    /// where a refund took back what was spent already.
    pub available: Units,
    /// What running calls have set aside.
    pub held: Units,
    /// The sum of all transfers.
    pub posted: Units,
    /// How far below zero the operator lets it go.
    pub credit_line: Units,
}

impl WalletBalance {
    /// Adds up the sources of a wallet.
    pub fn of(account: AccountId, wallet: WalletView, now: Timestamp) -> Self {
        let credit_line = wallet
            .sources
            .iter()
            .map(|source| source.credit_line)
            .fold(Units::ZERO, Units::saturating_plus);
        let book = Book::new(account, wallet.currency, wallet.sources);
        Self {
            currency: wallet.currency,
            available: book.available(now),
            held: book.held(),
            posted: book.posted(),
            credit_line,
        }
    }
}

/// What an account has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// The account, with its caps.
    pub account: Account,
    /// Its wallets, by currency.
    pub wallets: Vec<WalletBalance>,
    /// What is available in US dollars.
    pub total_usd: Units,
}

/// Balances and transactions.
pub struct Billing {
    accounts: Arc<dyn Accounts>,
    wallets: Arc<dyn Wallets>,
    clock: Arc<dyn Clock>,
}

impl Billing {
    /// Billing over these ports.
    pub fn new(ports: &Ports) -> Self {
        Self {
            accounts: Arc::clone(&ports.accounts),
            wallets: Arc::clone(&ports.wallets),
            clock: Arc::clone(&ports.clock),
        }
    }

    /// What an account has now.
    pub async fn balance(&self, account: AccountId) -> Result<Option<Balance>, Unavailable> {
        let Some(account) = self.accounts.find_account(account).await? else {
            return Ok(None);
        };
        let now = self.clock.now();
        let listed = self.wallets.list_wallets(account.id).await?;
        let mut wallets: Vec<WalletBalance> = listed
            .into_iter()
            .map(|wallet| WalletBalance::of(account.id, wallet, now))
            .collect();
        wallets.sort_by_key(|wallet| wallet.currency);
        let total_usd = wallets
            .iter()
            .filter(|wallet| wallet.currency == Currency::USD)
            .map(|wallet| wallet.available)
            .fold(Units::ZERO, Units::saturating_plus);
        Ok(Some(Balance {
            account,
            wallets,
            total_usd,
        }))
    }

    /// The transfers that touched the wallets of an account, newest first.
    pub async fn transactions(
        &self,
        account: AccountId,
        page: PageRequest,
    ) -> Result<Page<Transfer>, Unavailable> {
        self.wallets.list_transfers(account, page).await
    }
}
