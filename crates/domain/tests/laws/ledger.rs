//! The ledger of the domain, without any store, against the naive model of it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use futures_util::FutureExt as _;
use uuid::Uuid;
use vuzo_contracts::Ticker;
use vuzo_contracts::ledger_model::{self, CASES, Command, Outcome, Subject};
use vuzo_domain::id::{AccountId, HoldId, LedgerAccountId, TransferId};
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::{CreditWallet, ExtendHold, Grant, LedgerFinding, PlaceHold, Settle};
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::{
    Book, Hold, HoldEnd, HoldState, Source, SourceKind, SystemAccount, Transfer, TransferKind,
    settle_hold,
};

/// The smallest store there can be around the domain's decisions.
#[derive(Default)]
struct Books {
    ticker: Ticker,
    rows: Mutex<HashMap<AccountId, Row>>,
}

struct Row {
    book: Book,
    paid: LedgerAccountId,
    holds: HashMap<HoldId, Hold>,
    settled: HashMap<HoldId, (Units, Units)>,
    transfers: HashMap<TransferId, Transfer>,
    expiries: u128,
}

impl Books {
    fn rows(&self) -> MutexGuard<'_, HashMap<AccountId, Row>> {
        self.rows.lock().unwrap()
    }
}

impl Subject for Books {
    fn ticker(&self) -> &Ticker {
        &self.ticker
    }

    async fn open(&self) -> (AccountId, LedgerAccountId) {
        let account = AccountId::from_uuid(self.ticker.uuid());
        let paid = LedgerAccountId::from_uuid(self.ticker.uuid());
        let source = Source::empty(paid, SourceKind::Paid);
        let row = Row {
            book: Book::new(account, Currency::USD, vec![source]),
            paid,
            holds: HashMap::new(),
            settled: HashMap::new(),
            transfers: HashMap::new(),
            expiries: 0,
        };
        self.rows().insert(account, row);
        (account, paid)
    }

    async fn send(&self, command: Command) -> Outcome {
        let mut rows = self.rows();
        match command {
            Command::Credit(command) => rows.get_mut(&command.account).unwrap().credit(&command),
            Command::CreditLine(account, line) => {
                let row = rows.get_mut(&account).unwrap();
                row.book.source_mut(row.paid).unwrap().credit_line = line;
                Outcome::LineSet
            }
            Command::Place(command) => rows.get_mut(&command.account).unwrap().place(&command),
            Command::Extend(command) => of_hold(&mut rows, command.hold).extend(&command),
            Command::Settle(command) => of_hold(&mut rows, command.hold).settle(&command),
        }
    }

    async fn expire_holds(&self, now: Timestamp) -> Vec<Hold> {
        let mut ended = Vec::new();
        for row in self.rows().values_mut() {
            for hold in row.holds.values_mut() {
                if hold.is_open() && hold.expires_at <= now {
                    row.book.release(hold).unwrap();
                    *hold = hold.clone().ended(HoldEnd::Expired, now).unwrap();
                    ended.push(hold.clone());
                }
            }
        }
        ended
    }

    async fn expire_grants(&self, now: Timestamp) {
        for row in self.rows().values_mut() {
            for source in row.book.sources().to_vec() {
                let lapsed = source.lapsed(now);
                if lapsed.is_positive() {
                    row.expire(source.id, lapsed, now);
                }
            }
        }
    }

    async fn sources(&self, account: AccountId) -> Vec<Source> {
        self.rows()[&account].book.sources().to_vec()
    }

    async fn transfers(&self, account: AccountId) -> Vec<Transfer> {
        let rows = self.rows();
        let theirs = rows[&account].transfers.values();
        theirs
            .filter(|transfer| transfer.account == Some(account))
            .cloned()
            .collect()
    }

    async fn findings(&self, _now: Timestamp) -> Vec<LedgerFinding> {
        let finding = |rule, source: &Source| LedgerFinding {
            rule,
            subject: source.id.to_string(),
            detail: format!("{source:?}"),
        };
        let mut findings = Vec::new();
        for row in self.rows().values() {
            for source in row.book.sources() {
                if row.fold(source.id) != i128::from(source.posted.0) {
                    findings.push(finding("balance", source));
                }
                // Every case ends with the end of all its holds.
                if source.held != Units::ZERO {
                    findings.push(finding("held", source));
                }
            }
        }
        findings
    }
}

fn of_hold(rows: &mut HashMap<AccountId, Row>, hold: HoldId) -> &mut Row {
    let found = rows.values_mut().find(|row| row.holds.contains_key(&hold));
    found.unwrap()
}

impl Row {
    fn keep(&mut self, transfer: Transfer) {
        let id = transfer.id;
        let known = self.transfers.insert(id, transfer);
        assert!(known.is_none(), "{id} was written twice");
    }

    fn fold(&self, source: LedgerAccountId) -> i128 {
        self.transfers
            .values()
            .map(|transfer| {
                let amount = i128::from(transfer.amount.0);
                let arrived = if transfer.credit == source { amount } else { 0 };
                let left = if transfer.debit == source { amount } else { 0 };
                arrived - left
            })
            .sum()
    }

    fn credit(&mut self, command: &CreditWallet) -> Outcome {
        if !self.transfers.contains_key(&command.transfer) {
            let id = match command.grant {
                Grant::Paid => self.paid,
                Grant::Separate(id, terms) => {
                    let kind = SourceKind::Grant(terms.kind, terms.expires_at);
                    self.book.add_source(Source::empty(id, kind));
                    id
                }
            };
            let source = self.book.source_mut(id).unwrap();
            source.posted = source.posted.plus(command.amount).unwrap();
            let outside = SystemAccount::CashIn.id(command.currency);
            let (debit, credit) = if command.amount.is_positive() {
                (outside, id)
            } else {
                (id, outside)
            };
            let transfer = Transfer {
                id: command.transfer,
                debit,
                credit,
                amount: Units(command.amount.0.abs()),
                currency: command.currency,
                kind: command.kind,
                account: Some(command.account),
                generation: None,
                description: None,
                balance_after: Some(self.book.posted()),
                at: command.at,
            };
            self.keep(transfer);
        }
        let transfer = &self.transfers[&command.transfer];
        Outcome::Credited {
            amount: transfer.signed_amount().0,
            balance_after: transfer.balance_after.unwrap().0,
        }
    }

    fn place(&mut self, command: &PlaceHold) -> Outcome {
        let id = command.call.hold();
        if !self.holds.contains_key(&id) {
            let placed = self.book.place(command.wanted, command.least, command.at);
            let placement = match placed {
                Ok(placement) => placement,
                Err(refused) => {
                    return Outcome::Refused {
                        available: refused.available.0,
                    };
                }
            };
            let hold = Hold {
                id,
                account: command.account,
                key: None,
                currency: command.currency,
                parts: placement.parts,
                caps: vec![],
                state: HoldState::Open,
                placed_at: command.at,
                expires_at: command.expires_at,
            };
            assert_eq!(hold.total(), Ok(placement.granted));
            self.holds.insert(id, hold);
        }
        self.held(id, command.at)
    }

    fn held(&self, id: HoldId, now: Timestamp) -> Outcome {
        let hold = &self.holds[&id];
        let parts = hold.parts.iter().map(|part| (part.source, part.amount.0));
        Outcome::Placed {
            parts: parts.collect(),
            is_open: hold.is_open(),
            available: self.book.available(now).0,
        }
    }

    fn extend(&mut self, command: &ExtendHold) -> Outcome {
        let hold = self.holds[&command.hold].clone();
        if !hold.is_open() {
            return Outcome::NotOpen;
        }
        let more = command.total.minus(hold.total().unwrap()).unwrap();
        let mut parts = Vec::new();
        if more.is_positive() {
            match self.book.place(more, more, command.at) {
                Ok(placement) => parts = placement.parts,
                Err(refused) => {
                    return Outcome::Refused {
                        available: refused.available.0,
                    };
                }
            }
        }
        let extended = hold.extended(&parts, command.expires_at).unwrap();
        self.holds.insert(command.hold, extended);
        self.held(command.hold, command.at)
    }

    fn settle(&mut self, command: &Settle) -> Outcome {
        if !self.settled.contains_key(&command.hold) {
            let hold = self.holds[&command.hold].clone();
            let posting = settle_hold(&mut self.book, hold, &command.charge).unwrap();
            for transfer in posting.transfers {
                self.keep(transfer);
            }
            self.settled
                .insert(command.hold, (posting.charged, posting.shortfall));
            self.holds.insert(command.hold, posting.hold);
        }
        let (charged, shortfall) = self.settled[&command.hold];
        Outcome::Settled {
            charged: charged.0,
            shortfall: shortfall.0,
            available: self.book.available(command.charge.at).0,
        }
    }

    fn expire(&mut self, source: LedgerAccountId, lapsed: Units, now: Timestamp) {
        let kept = self.book.source_mut(source).unwrap();
        kept.posted = kept.posted.minus(lapsed).unwrap();
        self.expiries += 1;
        let number = Uuid::from_u128(source.uuid().as_u128() ^ (self.expiries << 64));
        let transfer = Transfer {
            id: TransferId::from_uuid(number),
            debit: source,
            credit: SystemAccount::Promotions.id(Currency::USD),
            amount: lapsed,
            currency: Currency::USD,
            kind: TransferKind::GrantExpiry,
            account: Some(self.book.account),
            generation: None,
            description: None,
            balance_after: Some(self.book.posted()),
            at: now,
        };
        self.keep(transfer);
    }
}

#[test]
fn the_book_agrees_with_the_model() {
    // Fresh books now and then: the smallest store there can be looks through all of
    // them whenever the reaper comes.
    let of_each = 50;
    for _ in 0..CASES.div_ceil(of_each) {
        let checked = ledger_model::check(&Books::default(), of_each, of_each).now_or_never();
        assert!(checked.is_some(), "the domain never waits");
    }
}
