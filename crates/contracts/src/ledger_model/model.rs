use std::collections::{BTreeMap, BTreeSet, HashMap};

use vuzo_domain::id::{HoldId, LedgerAccountId, TransferId};
use vuzo_domain::port::{CreditWallet, ExtendHold, Grant, PlaceHold, Settle};
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::{GrantKind, TransferKind};

use super::{Command, Outcome};

/// One wallet, kept as naively as can be: nothing is summed up in advance, every
/// figure is added up from the transfers and the open holds when it is asked for.
#[derive(Debug)]
pub(super) struct Model {
    sources: Vec<ModelSource>,
    credit_line: i64,
    credits: HashMap<TransferId, Outcome>,
    holds: BTreeMap<HoldId, ModelHold>,
    pub(super) moves: Vec<Move>,
}

#[derive(Clone, Copy, Debug)]
struct ModelSource {
    id: LedgerAccountId,
    /// Who pays first: the lowest class, and in it the soonest end.
    class: u8,
    until: Option<Timestamp>,
}

#[derive(Debug)]
struct ModelHold {
    parts: Vec<(LedgerAccountId, i64)>,
    is_open: bool,
    expires_at: Timestamp,
    settled: Option<(i64, i64)>,
}

/// Money that came to a source or, negative, left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Move {
    pub(super) source: LedgerAccountId,
    pub(super) amount: i64,
    pub(super) kind: &'static str,
}

/// What a source must look like from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shape {
    pub(super) id: LedgerAccountId,
    pub(super) posted: i64,
    pub(super) held: i64,
    pub(super) credit_line: i64,
}

impl Model {
    pub(super) fn new(paid: LedgerAccountId) -> Self {
        let source = ModelSource {
            id: paid,
            class: 3,
            until: None,
        };
        Self {
            sources: vec![source],
            credit_line: 0,
            credits: HashMap::new(),
            holds: BTreeMap::new(),
            moves: Vec::new(),
        }
    }

    fn posted(&self, source: LedgerAccountId) -> i64 {
        let moves = self.moves.iter().filter(|m| m.source == source);
        moves.map(|m| m.amount).sum()
    }

    fn held(&self, source: LedgerAccountId) -> i64 {
        let open = self.holds.values().filter(|hold| hold.is_open);
        let parts = open.flat_map(|hold| &hold.parts);
        parts
            .filter(|(id, _)| *id == source)
            .map(|(_, amount)| amount)
            .sum()
    }

    fn line(&self, source: &ModelSource) -> i64 {
        if source.class == 3 {
            self.credit_line
        } else {
            0
        }
    }

    fn is_live(source: &ModelSource, now: Timestamp) -> bool {
        source.until.is_none_or(|until| now < until)
    }

    fn available_of(&self, source: &ModelSource, now: Timestamp) -> i64 {
        if Self::is_live(source, now) {
            self.posted(source.id) - self.held(source.id) + self.line(source)
        } else {
            0
        }
    }

    fn available(&self, now: Timestamp) -> i64 {
        let sources = self.sources.iter();
        sources.map(|source| self.available_of(source, now)).sum()
    }

    fn balance(&self) -> i64 {
        self.moves.iter().map(|m| m.amount).sum()
    }

    /// Splits an amount that is available over the sources that pay first.
    fn split(&self, amount: i64, now: Timestamp) -> Vec<(LedgerAccountId, i64)> {
        let mut left = amount;
        let mut parts = Vec::new();
        for source in &self.sources {
            let taken = self.available_of(source, now).min(left);
            if taken > 0 {
                parts.push((source.id, taken));
                left -= taken;
            }
        }
        parts
    }

    /// What a command must come to, and what becomes of the wallet.
    pub(super) fn apply(&mut self, command: &Command) -> Outcome {
        match command {
            Command::Credit(credit) => self.credit(credit),
            Command::CreditLine(_, line) => {
                self.credit_line = line.0;
                Outcome::LineSet
            }
            Command::Place(place) => self.place(place),
            Command::Extend(extend) => self.extend(extend),
            Command::Settle(settle) => self.settle(settle),
        }
    }

    fn credit(&mut self, command: &CreditWallet) -> Outcome {
        if let Some(known) = self.credits.get(&command.transfer) {
            return known.clone();
        }
        let paid = self.sources.iter().find(|source| source.class == 3);
        let mut source = paid.unwrap().id;
        if let Grant::Separate(id, terms) = command.grant {
            source = id;
            self.sources.push(ModelSource {
                id,
                class: match (terms.kind, terms.expires_at) {
                    (GrantKind::Plan, _) => 1,
                    (_, Some(_)) => 0,
                    (_, None) => 2,
                },
                until: terms.expires_at,
            });
            self.sources
                .sort_by_key(|source| (source.class, source.until, source.id));
        }
        self.moves.push(Move {
            source,
            amount: command.amount.0,
            kind: command.kind.name(),
        });
        let outcome = Outcome::Credited {
            amount: command.amount.0,
            balance_after: self.balance(),
        };
        self.credits.insert(command.transfer, outcome.clone());
        outcome
    }

    fn place(&mut self, command: &PlaceHold) -> Outcome {
        let id = command.call.hold();
        if !self.holds.contains_key(&id) {
            let available = self.available(command.at);
            let least = command.least.0.max(1);
            if command.wanted.0 > 0 && available < least {
                return Outcome::Refused { available };
            }
            let granted = command.wanted.0.min(available).max(0);
            let hold = ModelHold {
                parts: self.split(granted, command.at),
                is_open: true,
                expires_at: command.expires_at,
                settled: None,
            };
            self.holds.insert(id, hold);
        }
        let hold = &self.holds[&id];
        Outcome::Placed {
            parts: hold.parts.clone(),
            is_open: hold.is_open,
            available: self.available(command.at),
        }
    }

    fn extend(&mut self, command: &ExtendHold) -> Outcome {
        let hold = &self.holds[&command.hold];
        if !hold.is_open {
            return Outcome::NotOpen;
        }
        let total: i64 = hold.parts.iter().map(|(_, amount)| amount).sum();
        let more = command.total.0 - total;
        let available = self.available(command.at);
        if more > 0 && available < more {
            return Outcome::Refused { available };
        }
        let further = self.split(more.max(0), command.at);
        let hold = self.holds.get_mut(&command.hold).unwrap();
        hold.expires_at = hold.expires_at.max(command.expires_at);
        for (source, amount) in further {
            match hold.parts.iter_mut().find(|part| part.0 == source) {
                Some(part) => part.1 += amount,
                None => hold.parts.push((source, amount)),
            }
        }
        let parts = hold.parts.clone();
        Outcome::Placed {
            parts,
            is_open: true,
            available: self.available(command.at),
        }
    }

    fn settle(&mut self, command: &Settle) -> Outcome {
        let hold = self.holds.get_mut(&command.hold).unwrap();
        if hold.settled.is_none() {
            let parts = if hold.is_open {
                hold.is_open = false;
                hold.parts.clone()
            } else {
                let available = self.available(command.charge.at);
                let there = command.charge.amount.0.min(available).max(0);
                self.split(there, command.charge.at)
            };
            let mut due = command.charge.amount.0;
            for (source, amount) in parts {
                let drawn = amount.min(due);
                due -= drawn;
                if drawn > 0 {
                    self.moves.push(Move {
                        source,
                        amount: -drawn,
                        kind: TransferKind::Usage.name(),
                    });
                }
            }
            let charged = command.charge.amount.0 - due;
            let hold = self.holds.get_mut(&command.hold).unwrap();
            hold.settled = Some((charged, due));
        }
        let (charged, shortfall) = self.holds[&command.hold].settled.unwrap();
        Outcome::Settled {
            charged,
            shortfall,
            available: self.available(command.charge.at),
        }
    }

    /// Ends what is overdue, and tells which holds that was.
    pub(super) fn expire_holds(&mut self, now: Timestamp) -> BTreeSet<HoldId> {
        let mut ended = BTreeSet::new();
        for (id, hold) in &mut self.holds {
            if hold.is_open && hold.expires_at <= now {
                hold.is_open = false;
                ended.insert(*id);
            }
        }
        ended
    }

    pub(super) fn expire_grants(&mut self, now: Timestamp) {
        for source in self.sources.clone() {
            let left = self.posted(source.id) - self.held(source.id);
            if !Self::is_live(&source, now) && left > 0 {
                self.moves.push(Move {
                    source: source.id,
                    amount: -left,
                    kind: TransferKind::GrantExpiry.name(),
                });
            }
        }
    }

    /// What a hold has set aside at the most so far.
    pub(super) fn hold_total(&self, hold: HoldId) -> i64 {
        let parts = self.holds.get(&hold).map(|hold| &hold.parts[..]);
        let parts = parts.unwrap_or_default();
        parts.iter().map(|(_, amount)| amount).sum()
    }

    /// The holds so far, in the order of their ids.
    pub(super) fn holds(&self) -> Vec<HoldId> {
        self.holds.keys().copied().collect()
    }

    /// The sources that hold anything, and the paid one, by id.
    pub(super) fn shapes(&self) -> Vec<Shape> {
        let mut shapes: Vec<Shape> = self
            .sources
            .iter()
            .map(|source| Shape {
                id: source.id,
                posted: self.posted(source.id),
                held: self.held(source.id),
                credit_line: self.line(source),
            })
            .collect();
        shapes.retain(|shape| (shape.posted, shape.held, shape.credit_line) != (0, 0, 0));
        shapes.sort_unstable();
        shapes
    }
}
