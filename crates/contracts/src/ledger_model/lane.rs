use core::time::Duration;
use std::collections::BTreeSet;

use vuzo_domain::id::{AccountId, GenerationId, HoldId, LedgerAccountId, TransferId};
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::{CreditWallet, ExtendHold, Grant, GrantTerms, PlaceHold};
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::{Hold, HoldState, Part, TransferKind};

use super::model::{Model, Move, Shape};
use super::{Command, Outcome, Step, Subject};
use crate::{Ticker, sample};

/// One wallet beside its model.
pub(super) struct Lane {
    pub(super) account: AccountId,
    model: Model,
    sent: Vec<Command>,
    /// The first thing that was not as it must be.
    pub(super) fault: Option<String>,
}

impl Lane {
    pub(super) async fn open(subject: &impl Subject) -> Self {
        let (account, paid) = subject.open().await;
        Self {
            account,
            model: Model::new(paid),
            sent: Vec::new(),
            fault: None,
        }
    }

    fn expect<T: PartialEq + core::fmt::Debug>(&mut self, what: &str, found: &T, expected: &T) {
        if found != expected && self.fault.is_none() {
            self.fault = Some(format!(
                "{what}\n  came to {found:?}\n  not to  {expected:?}"
            ));
        }
    }

    /// Takes one step on both sides.
    pub(super) async fn take(&mut self, subject: &impl Subject, step: &Step, at: Timestamp) {
        let command = self.command(subject.ticker(), step, at);
        let expected = self.model.apply(&command);
        let found = subject.send(command.clone()).await;
        self.expect(&format!("{step:?} as {command:?}"), &found, &expected);
        let may_be_retried = !matches!(command, Command::CreditLine(..));
        if may_be_retried && !matches!(found, Outcome::Fault(_)) {
            self.sent.push(command);
        }
    }

    pub(super) fn expire_holds(&mut self, now: Timestamp, ended: &[Hold]) {
        let theirs = ended.iter().filter(|hold| hold.account == self.account);
        let found: BTreeSet<HoldId> = theirs.map(|hold| hold.id).collect();
        let expected = self.model.expire_holds(now);
        self.expect("the reaper", &found, &expected);
    }

    pub(super) fn expire_grants(&mut self, now: Timestamp) {
        self.model.expire_grants(now);
    }

    /// Compares everything that can be seen from outside.
    pub(super) async fn compare(&mut self, subject: &impl Subject) {
        let sources = subject.sources(self.account).await;
        let mut shapes: Vec<Shape> = sources
            .iter()
            .map(|source| Shape {
                id: source.id,
                posted: source.posted.0,
                held: source.held.0,
                credit_line: source.credit_line.0,
            })
            .collect();
        shapes.retain(|shape| (shape.posted, shape.held, shape.credit_line) != (0, 0, 0));
        shapes.sort_unstable();
        let expected = self.model.shapes();
        self.expect("the sources", &shapes, &expected);

        let transfers = subject.transfers(self.account).await;
        let mut moves: Vec<Move> = transfers
            .iter()
            .map(|transfer| {
                let amount = transfer.signed_amount().0;
                Move {
                    source: if amount > 0 {
                        transfer.credit
                    } else {
                        transfer.debit
                    },
                    amount,
                    kind: transfer.kind.name(),
                }
            })
            .collect();
        moves.sort_unstable();
        let mut expected = self.model.moves.clone();
        expected.sort_unstable();
        self.expect("the transfers", &moves, &expected);
    }

    fn command(&self, ticker: &Ticker, step: &Step, at: Timestamp) -> Command {
        let topup = |amount| self.credit(ticker, amount, TransferKind::Topup, Grant::Paid, at);
        let holds = self.model.holds();
        let pick = |which: usize| holds.get(which.checked_rem(holds.len())?).copied();
        match *step {
            Step::TopUp(amount) => topup(amount),
            Step::TakeBack(amount) => {
                self.credit(ticker, -amount, TransferKind::Refund, Grant::Paid, at)
            }
            Step::Grant {
                kind,
                amount,
                lasts,
            } => {
                let terms = GrantTerms {
                    kind,
                    expires_at: lasts.map(|secs| moment(at, secs)),
                };
                let source = LedgerAccountId::from_uuid(ticker.uuid());
                let grant = Grant::Separate(source, terms);
                self.credit(ticker, amount, TransferKind::PlanGrant, grant, at)
            }
            Step::CreditLine(line) => Command::CreditLine(self.account, Units(line)),
            Step::Place {
                wanted,
                least,
                lasts,
            } => Command::Place(PlaceHold {
                call: GenerationId::from_uuid(ticker.uuid()),
                account: self.account,
                key: None,
                currency: Currency::USD,
                wanted: Units(wanted),
                least: Units(percent(wanted, least)),
                caps: vec![],
                claim: None,
                at,
                expires_at: moment(at, lasts),
            }),
            // Where there is nothing yet to extend, settle or retry, money comes in.
            Step::Extend { which, more } => {
                pick(which).map_or_else(|| topup(more), |hold| self.extension(hold, more, at))
            }
            Step::Settle {
                which,
                percent,
                beyond,
            } => pick(which).map_or_else(
                || topup(7),
                |hold| self.settlement(hold, percent, beyond, at),
            ),
            Step::Retry(which) => which
                .checked_rem(self.sent.len())
                .and_then(|which| self.sent.get(which))
                .cloned()
                .unwrap_or_else(|| topup(9)),
        }
    }

    fn extension(&self, hold: HoldId, more: i64, at: Timestamp) -> Command {
        Command::Extend(ExtendHold {
            hold,
            total: Units(self.model.hold_total(hold) + more),
            expires_at: moment(at, 100),
            at,
        })
    }

    fn credit(
        &self,
        ticker: &Ticker,
        amount: i64,
        kind: TransferKind,
        grant: Grant,
        at: Timestamp,
    ) -> Command {
        Command::Credit(CreditWallet {
            transfer: TransferId::from_uuid(ticker.uuid()),
            claim: None,
            account: self.account,
            open_as: LedgerAccountId::from_uuid(ticker.uuid()),
            currency: Currency::USD,
            amount: Units(amount),
            kind,
            grant,
            description: "credit".to_owned(),
            at,
            audit: None,
        })
    }

    fn settlement(&self, hold: HoldId, share: u8, beyond: i64, at: Timestamp) -> Command {
        let total = self.model.hold_total(hold);
        let charge = percent(total, share) + beyond;
        let part = Part {
            source: LedgerAccountId::from_uuid(hold.uuid()),
            amount: Units(total),
        };
        let hold = Hold {
            id: hold,
            account: self.account,
            key: None,
            currency: Currency::USD,
            parts: vec![part],
            caps: vec![],
            state: HoldState::Open,
            placed_at: at,
            expires_at: at,
        };
        Command::Settle(Box::new(sample::settlement(&hold, Units(charge), at)))
    }
}

fn percent(amount: i64, percent: u8) -> i64 {
    amount / 100 * i64::from(percent) + amount % 100 * i64::from(percent) / 100
}

/// So many seconds later, and never on the same microsecond as a command: whether a
/// hold is overdue at the very moment of its expiry is not judged here.
fn moment(at: Timestamp, secs: u32) -> Timestamp {
    let span = Duration::from_secs(u64::from(secs)) + Duration::from_micros(500);
    at.after(span)
}
