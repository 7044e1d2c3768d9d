use std::collections::{BTreeMap, BTreeSet, HashMap};

use vuzo_domain::chat::LoggedCall;
use vuzo_domain::id::{AccountId, GenerationId, HoldId, LedgerAccountId, TransferId};
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::{Page, PageRequest, Settled, WalletView};
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::{Book, Hold, Source, SourceKind, Transfer};

use super::claims::Claims;
use super::counters::Counters;
use crate::list::page_of;

/// All money, with real transfers behind every sum.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) wallets: BTreeMap<(AccountId, Currency), Wallet>,
    /// Credit lines that were granted before there was a wallet.
    pub(super) credit_lines: HashMap<(AccountId, Currency), Units>,
    pub(crate) holds: HashMap<HoldId, HoldRow>,
    /// Open holds by the moment at which the reaper may end them.
    pub(super) open_holds: BTreeSet<(Timestamp, HoldId)>,
    pub(super) claims: Claims,
    pub(super) counters: Counters,
    pub(crate) transfers: BTreeMap<TransferId, Transfer>,
    transfers_of: HashMap<AccountId, BTreeSet<TransferId>>,
    pub(crate) calls: BTreeMap<GenerationId, LoggedCall>,
}

/// A wallet as it is stored.
pub(crate) struct Wallet {
    pub(crate) book: Book,
    /// How far each source may be below zero after all: the credit line, or what the
    /// operator's own doing (a refund, a shorter credit line) has left.
    pub(crate) floors: HashMap<LedgerAccountId, Units>,
}

/// A hold as it is stored.
pub(crate) struct HoldRow {
    pub(crate) hold: Hold,
    /// What the settlement answered, once there was one.
    pub(crate) settled: Option<Settled>,
}

impl Wallet {
    /// Moves the floors to where the operator has just put them.
    pub(super) fn settle_floors(&mut self) {
        for source in self.book.sources() {
            let line = Units(source.credit_line.0.saturating_neg());
            let there = source.posted.saturating_minus(source.held);
            self.floors.insert(source.id, line.min(there));
        }
    }

    /// Whether anything is or will be in a source.
    fn is_of_interest(source: &Source) -> bool {
        match source.kind {
            SourceKind::Paid => true,
            SourceKind::Grant(..) => source.posted != Units::ZERO || source.held != Units::ZERO,
        }
    }
}

impl Ledger {
    /// Opens a wallet where there is none, and answers it.
    pub(crate) fn open_wallet(
        &mut self,
        account: AccountId,
        currency: Currency,
        paid: LedgerAccountId,
    ) -> &mut Wallet {
        let line = self.credit_lines.get(&(account, currency)).copied();
        let wallet = self.wallets.entry((account, currency));
        wallet.or_insert_with(|| {
            let source = Source {
                credit_line: line.unwrap_or_default(),
                ..Source::empty(paid, SourceKind::Paid)
            };
            let mut wallet = Wallet {
                book: Book::new(account, currency, vec![source]),
                floors: HashMap::new(),
            };
            wallet.settle_floors();
            wallet
        })
    }

    /// Takes an opening back.
    pub(crate) fn forget_wallet(&mut self, account: AccountId, currency: Currency) {
        self.wallets.remove(&(account, currency));
    }

    /// What a hold could take now.
    pub(super) fn available(
        &self,
        account: AccountId,
        currency: Currency,
        now: Timestamp,
    ) -> Units {
        let wallet = self.wallets.get(&(account, currency));
        wallet.map_or(Units::ZERO, |wallet| wallet.book.available(now))
    }

    /// Keeps a transfer.
    pub(super) fn keep(&mut self, transfer: Transfer) {
        if let Some(account) = transfer.account {
            let theirs = self.transfers_of.entry(account).or_default();
            theirs.insert(transfer.id);
        }
        self.transfers.insert(transfer.id, transfer);
    }

    pub(super) fn wallets_of(&self, account: AccountId) -> Vec<WalletView> {
        let theirs = self.wallets.values().filter(|w| w.book.account == account);
        theirs
            .map(|wallet| WalletView {
                currency: wallet.book.currency,
                sources: wallet
                    .book
                    .sources()
                    .iter()
                    .filter(|source| Wallet::is_of_interest(source))
                    .copied()
                    .collect(),
            })
            .collect()
    }

    pub(super) fn transfers_of(&self, account: AccountId, page: &PageRequest) -> Page<Transfer> {
        let theirs = self.transfers_of.get(&account).into_iter().flatten();
        let newest_first = theirs.rev().filter_map(|id| self.transfers.get(id));
        page_of(newest_first, page, |transfer| transfer.id.uuid())
    }
}
