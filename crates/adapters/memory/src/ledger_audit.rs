use std::collections::HashMap;

use async_trait::async_trait;
use vuzo_domain::id::{GenerationId, LedgerAccountId};
use vuzo_domain::money::Units;
use vuzo_domain::port::{LedgerAudit, LedgerFinding, LedgerReport, Unavailable};
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::{HoldEnd, HoldState, TransferKind};

use crate::MemoryStore;
use crate::wallets::Ledger;

/// The most findings in one report.
const MOST: usize = 100;

#[async_trait]
impl LedgerAudit for MemoryStore {
    async fn audit_ledger(&self, now: Timestamp) -> Result<LedgerReport, Unavailable> {
        Ok(Inspection::of(&self.state().ledger, now).report)
    }
}

/// A ledger being looked through. Sums are wider than what they check, so that no
/// error can hide in an overflow.
struct Inspection<'ledger> {
    ledger: &'ledger Ledger,
    report: LedgerReport,
}

impl<'ledger> Inspection<'ledger> {
    fn of(ledger: &'ledger Ledger, now: Timestamp) -> Self {
        let mut inspection = Self {
            ledger,
            report: LedgerReport::default(),
        };
        inspection.sources();
        inspection.holds(now);
        inspection.calls();
        inspection
    }

    fn find(&mut self, rule: &'static str, subject: &impl ToString, detail: String) {
        if self.report.findings.len() < MOST {
            self.report.findings.push(LedgerFinding {
                rule,
                subject: subject.to_string(),
                detail,
            });
        }
    }

    /// Stored sums against transfers and open holds, and every source's floor.
    fn sources(&mut self) {
        let mut posted: HashMap<LedgerAccountId, i128> = HashMap::new();
        for transfer in self.ledger.transfers.values() {
            let amount = i128::from(transfer.amount.0);
            *posted.entry(transfer.credit).or_default() += amount;
            *posted.entry(transfer.debit).or_default() -= amount;
            self.report.transfers += 1;
        }
        let mut held: HashMap<LedgerAccountId, i128> = HashMap::new();
        for row in self.ledger.holds.values().filter(|row| row.hold.is_open()) {
            for part in &row.hold.parts {
                *held.entry(part.source).or_default() += i128::from(part.amount.0);
            }
        }
        for wallet in self.ledger.wallets.values() {
            for source in wallet.book.sources() {
                self.report.accounts += 1;
                for (rule, stored, folded) in [
                    ("balance", source.posted, posted.remove(&source.id)),
                    ("held", source.held, held.remove(&source.id)),
                ] {
                    let folded = folded.unwrap_or(0);
                    if i128::from(stored.0) != folded {
                        self.find(
                            rule,
                            &source.id,
                            format!("{} is stored, {folded} is the sum", stored.0),
                        );
                    }
                }
                let there = source.posted.saturating_minus(source.held);
                let floor = wallet.floors.get(&source.id).copied().unwrap_or_default();
                if there < floor {
                    let detail = format!("{} is there, {} is the floor", there.0, floor.0);
                    self.find("floor", &source.id, detail);
                }
            }
        }
        posted.retain(|id, _| !id.is_system());
        for (rule, sums) in [("balance", posted), ("held", held)] {
            for (id, sum) in sums {
                self.find(
                    rule,
                    &id,
                    format!("{sum} is the sum, and there is no such source"),
                );
            }
        }
    }

    /// Every captured hold has its call.
    fn holds(&mut self, now: Timestamp) {
        for row in self.ledger.holds.values() {
            let hold = &row.hold;
            if hold.is_open() {
                self.report.open_holds += 1;
                self.report.overdue_holds += u64::from(hold.expires_at <= now);
            }
            let HoldState::Ended {
                end: HoldEnd::Captured(captured),
                ..
            } = hold.state
            else {
                continue;
            };
            let charged = row.settled.map(|settled| settled.charged);
            let has_call = self.ledger.calls.contains_key(&hold.id.generation());
            if !has_call || charged != Some(captured) {
                self.find(
                    "hold",
                    &hold.id,
                    format!("{} was captured, {charged:?} was charged", captured.0),
                );
            }
        }
    }

    /// Every call's cost is in its transfers, and every such transfer has its call.
    fn calls(&mut self) {
        let mut paid: HashMap<GenerationId, i128> = HashMap::new();
        let costs = [TransferKind::Usage, TransferKind::Shortfall];
        for transfer in self.ledger.transfers.values() {
            if let (true, Some(call)) = (costs.contains(&transfer.kind), transfer.generation) {
                *paid.entry(call).or_default() += i128::from(transfer.amount.0);
            }
        }
        for (id, call) in &self.ledger.calls {
            self.report.calls += 1;
            let cost = i128::from(call.record.receipt.total.max(Units::ZERO).0);
            let paid = paid.remove(id).unwrap_or(0);
            if cost != paid {
                self.find(
                    "usage",
                    id,
                    format!("{cost} is the cost, {paid} was transferred"),
                );
            }
        }
        for (id, sum) in paid {
            self.find(
                "orphan",
                &id,
                format!("{sum} was transferred, and there is no such call"),
            );
        }
    }
}

#[cfg(test)]
mod tests;
