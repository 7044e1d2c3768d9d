use std::collections::HashMap;
use std::collections::hash_map::Entry;

use diesel::prelude::*;
use vuzo_domain::id::{AccountId, LedgerAccountId};
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::wallet::{Book, CapUse, Source, SpendCounter};
use vuzo_sql::RawId;
use vuzo_sql::rows::{SourceRow, SpendCounterRow, scope_columns};
use vuzo_sql::schema::{ledger_accounts, spend_counters};

use crate::fault::Fault;
use crate::statements::{SaveCounter, SaveSource};

/// What the commands of one transaction share: each wallet and counter is read once
/// and written once, however many of them touch it. Nothing outlives the
/// transaction, since another process may write to the same file.
pub(crate) struct Batch<'conn> {
    pub(crate) conn: &'conn mut SqliteConnection,
    pub(crate) books: Books,
    pub(crate) counters: Counters,
}

impl<'conn> Batch<'conn> {
    pub(crate) fn new(conn: &'conn mut SqliteConnection) -> Self {
        Self {
            conn,
            books: Books::default(),
            counters: Counters::default(),
        }
    }

    /// Writes what has changed, and forgets it: for commands that work on the rows
    /// themselves, and at the end.
    pub(crate) fn flush(&mut self) -> Result<(), Fault> {
        self.books.flush(self.conn)?;
        self.counters.flush(self.conn)
    }
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
struct Sums {
    source: LedgerAccountId,
    posted: Units,
    held: Units,
}

impl Sums {
    const fn of(source: &Source) -> Self {
        Self {
            source: source.id,
            posted: source.posted,
            held: source.held,
        }
    }
}

impl Books {
    /// The wallet of an account. Of its sources only those that are paid or hold
    /// anything: the others can neither be drawn on nor owe anything.
    pub(crate) fn load(
        &mut self,
        conn: &mut SqliteConnection,
        account: AccountId,
        currency: Currency,
    ) -> Result<&mut Book, Fault> {
        match self.wallets.entry((account, currency)) {
            Entry::Occupied(known) => Ok(&mut known.into_mut().book),
            Entry::Vacant(place) => {
                let sources = ledger_accounts::table
                    .filter(ledger_accounts::account_id.eq(RawId(account.uuid())))
                    .filter(ledger_accounts::currency.eq(currency.code()))
                    .filter(
                        ledger_accounts::kind
                            .eq("paid")
                            .or(ledger_accounts::posted.ne(0))
                            .or(ledger_accounts::held.ne(0)),
                    )
                    .select(SourceRow::as_select())
                    .load(conn)?
                    .iter()
                    .map(Source::try_from)
                    .collect::<Result<Vec<_>, _>>()?;
                let wallet = Wallet {
                    stored: sources.iter().map(Sums::of).collect(),
                    book: Book::new(account, currency, sources),
                };
                Ok(&mut place.insert(wallet).book)
            }
        }
    }

    fn flush(&mut self, conn: &mut SqliteConnection) -> Result<(), Fault> {
        for ((account, currency), wallet) in self.wallets.drain() {
            for source in wallet.book.sources() {
                let is_stored = wallet.stored.iter().any(|stored| {
                    stored.source == source.id
                        && stored.posted == source.posted
                        && stored.held == source.held
                });
                if is_stored {
                    continue;
                }
                let save = SaveSource {
                    account_id: RawId(account.uuid()),
                    currency: currency.code(),
                    id: RawId(source.id.uuid()),
                    posted: source.posted.0,
                    held: source.held.0,
                };
                if save.execute(conn)? != 1 {
                    return Err(Fault::Refused("a source of a wallet has vanished"));
                }
            }
        }
        Ok(())
    }
}

/// The spending counters of a transaction.
#[derive(Default)]
pub(crate) struct Counters {
    counters: HashMap<CapUse, Counted>,
}

#[derive(Clone, Copy)]
struct Counted {
    now: SpendCounter,
    stored: SpendCounter,
}

impl Counters {
    /// The counter of a window; one that is not stored has counted nothing yet.
    pub(crate) fn load(
        &mut self,
        conn: &mut SqliteConnection,
        cap: CapUse,
    ) -> Result<&mut SpendCounter, Fault> {
        match self.counters.entry(cap) {
            Entry::Occupied(known) => Ok(&mut known.into_mut().now),
            Entry::Vacant(place) => {
                let (scope, scope_id) = scope_columns(cap.scope);
                let stored = spend_counters::table
                    .filter(spend_counters::scope.eq(scope))
                    .filter(spend_counters::scope_id.eq(scope_id))
                    .filter(spend_counters::period.eq(cap.window.name()))
                    .filter(spend_counters::started_at.eq(cap.started_at.as_micros()))
                    .select(SpendCounterRow::as_select())
                    .get_result(conn)
                    .optional()?
                    .map(|row| row.counter())
                    .unwrap_or_default();
                let counted = Counted {
                    now: stored,
                    stored,
                };
                Ok(&mut place.insert(counted).now)
            }
        }
    }

    fn flush(&mut self, conn: &mut SqliteConnection) -> Result<(), Fault> {
        for (cap, counted) in self.counters.drain() {
            if counted.now == counted.stored {
                continue;
            }
            let (scope, scope_id) = scope_columns(cap.scope);
            SaveCounter {
                scope,
                scope_id,
                period: cap.window.name(),
                started_at: cap.started_at.as_micros(),
                spent: counted.now.spent.0,
                held: counted.now.held.0,
            }
            .execute(conn)?;
        }
        Ok(())
    }
}
