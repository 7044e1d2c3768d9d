use std::collections::HashMap;

use vuzo_domain::chat::CallRecord;
use vuzo_domain::id::HoldId;
use vuzo_domain::money::Units;
use vuzo_domain::wallet::{Posting, Transfer};
use vuzo_sql::rows::{NewTransferRow, NewUsageRow};

use crate::statements::{InsertTransfers, InsertUsage};

/// What a call was settled by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SettledBy {
    pub(crate) charged: Units,
    pub(crate) shortfall: Units,
}

/// The calls that a transaction settles.
#[derive(Default)]
pub(crate) struct Calls<'job> {
    settled: HashMap<HoldId, SettledBy>,
    records: Vec<(&'job CallRecord, SettledBy)>,
    transfers: Vec<Transfer>,
}

impl<'job> Calls<'job> {
    /// Calls that were settled in transactions before.
    pub(super) fn read(settled: HashMap<HoldId, SettledBy>) -> Self {
        Self {
            settled,
            ..Self::default()
        }
    }

    /// What a call was settled by, if it was.
    pub(crate) fn settled_before(&self, hold: HoldId) -> Option<SettledBy> {
        self.settled.get(&hold).copied()
    }

    /// Keeps a call that is settled now.
    pub(crate) fn settle(&mut self, record: &'job CallRecord, posting: Posting) {
        let settled = SettledBy {
            charged: posting.charged,
            shortfall: posting.shortfall,
        };
        self.settled.insert(posting.hold.id, settled);
        self.records.push((record, settled));
        self.transfers.extend(posting.transfers);
    }

    /// The rows of the usage log.
    pub(super) fn records(&self) -> InsertUsage<'job> {
        let mut insert = InsertUsage::default();
        for (record, settled) in &self.records {
            insert.push(NewUsageRow::new(record, settled.charged, settled.shortfall));
        }
        insert
    }

    /// The rows of the ledger.
    pub(super) fn transfers(&self) -> InsertTransfers<'_> {
        let mut insert = InsertTransfers::default();
        for transfer in &self.transfers {
            insert.push(&NewTransferRow::from(transfer));
        }
        insert
    }
}
