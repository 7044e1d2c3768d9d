use std::collections::HashMap;

use vuzo_domain::id::{AccountId, LedgerAccountId};
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::wallet::{Book, Hold, Source};
use vuzo_sql::rows::SourceRow;
use vuzo_sql::{RawId, RowFault};

use crate::database::Fault;
use crate::statements::SaveSources;

/// Of how many wallets sources were read: each has one paid source.
pub(crate) fn count_wallets(sources: &[SourceRow]) -> usize {
    sources.iter().filter(|row| row.kind == "paid").count()
}

/// The wallets of a transaction.
#[derive(Default)]
pub(crate) struct Books {
    wallets: HashMap<(AccountId, Currency), Wallet>,
}

struct Wallet {
    book: Book,
    stored: Vec<Sums>,
}

/// A source's sums as they are in the database.
#[derive(Clone, Copy)]
struct Sums {
    source: LedgerAccountId,
    posted: Units,
    held: Units,
}

impl Books {
    /// Sorts sources to their wallets. A wallet that nothing was found of is empty.
    pub(super) fn read(
        wallets: impl IntoIterator<Item = (AccountId, Currency)>,
        rows: &[SourceRow],
    ) -> Result<Self, RowFault> {
        let mut sources: HashMap<(AccountId, Currency), Vec<Source>> = wallets
            .into_iter()
            .map(|wallet| (wallet, Vec::with_capacity(1)))
            .collect();
        for row in rows {
            let key = (AccountId::from_uuid(row.account_id.0), row.currency()?);
            sources.entry(key).or_default().push(Source::try_from(row)?);
        }
        let wallet = |((account, currency), sources): ((AccountId, Currency), Vec<Source>)| {
            let stored = sources.iter().map(Sums::of).collect();
            let book = Book::new(account, currency, sources);
            ((account, currency), Wallet { book, stored })
        };
        Ok(Self {
            wallets: sources.into_iter().map(wallet).collect(),
        })
    }

    /// Whether every source that an open hold stands on was read.
    pub(super) fn carries(&self, hold: &Hold) -> bool {
        let Some(wallet) = self.wallets.get(&(hold.account, hold.currency)) else {
            return false;
        };
        hold.parts
            .iter()
            .all(|part| wallet.stored.iter().any(|sums| sums.source == part.source))
    }

    /// A wallet that was asked for.
    pub(crate) fn get<R>(
        &mut self,
        account: AccountId,
        currency: Currency,
    ) -> Result<&mut Book, Fault<R>> {
        self.wallets
            .get_mut(&(account, currency))
            .map(|wallet| &mut wallet.book)
            .ok_or_else(|| Fault::broken("a wallet was not asked for"))
    }

    /// The sums that have changed.
    pub(super) fn changed(&self) -> SaveSources {
        let mut save = SaveSources::default();
        for wallet in self.wallets.values() {
            for source in wallet.book.sources() {
                if wallet.stored.iter().any(|sums| sums.are_of(source)) {
                    continue;
                }
                save.ids.push(RawId(source.id.uuid()));
                save.posted.push(source.posted.0);
                save.held.push(source.held.0);
            }
        }
        save
    }
}

impl Sums {
    const fn of(source: &Source) -> Self {
        Self {
            source: source.id,
            posted: source.posted,
            held: source.held,
        }
    }

    fn are_of(&self, source: &Source) -> bool {
        self.source == source.id && self.posted == source.posted && self.held == source.held
    }
}
