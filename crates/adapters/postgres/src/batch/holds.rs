use std::collections::HashMap;
use std::collections::hash_map::Entry;

use vuzo_domain::id::HoldId;
use vuzo_domain::wallet::Hold;
use vuzo_sql::rows::{HoldRow, write_parts};
use vuzo_sql::{RawId, RowFault};

use crate::statements::{EndHolds, ExtendHolds, InsertHolds};

/// The holds of a transaction.
#[derive(Default)]
pub(crate) struct Holds {
    holds: HashMap<HoldId, Kept>,
}

struct Kept {
    hold: Hold,
    is_stored: bool,
    is_extended: bool,
    is_ended: bool,
}

/// What has to be written of them.
#[derive(Default)]
pub(crate) struct HoldChanges {
    pub(crate) placed: InsertHolds,
    pub(crate) extended: ExtendHolds,
    pub(crate) ended: EndHolds,
}

impl Holds {
    pub(super) fn read(rows: &[HoldRow]) -> Result<Self, RowFault> {
        let mut holds = HashMap::with_capacity(rows.len());
        for row in rows {
            let kept = Kept {
                hold: Hold::try_from(row)?,
                is_stored: true,
                is_extended: false,
                is_ended: false,
            };
            holds.insert(kept.hold.id, kept);
        }
        Ok(Self { holds })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Hold> {
        self.holds.values().map(|kept| &kept.hold)
    }

    /// The hold with that id, if there is one.
    pub(crate) fn find(&self, id: HoldId) -> Option<&Hold> {
        self.holds.get(&id).map(|kept| &kept.hold)
    }

    /// Keeps a new hold.
    pub(crate) fn place(&mut self, hold: Hold) {
        let kept = Kept {
            hold,
            is_stored: false,
            is_extended: false,
            is_ended: false,
        };
        self.holds.insert(kept.hold.id, kept);
    }

    /// Keeps a hold that has become larger, or lasts longer.
    pub(crate) fn extend(&mut self, hold: Hold) {
        if let Entry::Occupied(mut kept) = self.holds.entry(hold.id) {
            let kept = kept.get_mut();
            kept.hold = hold;
            kept.is_extended = true;
        }
    }

    /// Keeps a hold that has ended.
    pub(crate) fn end(&mut self, hold: Hold) {
        if let Entry::Occupied(mut kept) = self.holds.entry(hold.id) {
            let kept = kept.get_mut();
            kept.hold = hold;
            kept.is_ended = true;
        }
    }

    /// What has changed.
    pub(super) fn changed(&self) -> HoldChanges {
        let mut changes = HoldChanges::default();
        for kept in self.holds.values() {
            let hold = &kept.hold;
            if !kept.is_stored {
                changes.placed.push(HoldRow::from(hold));
                continue;
            }
            if kept.is_extended {
                changes.extended.ids.push(RawId(hold.id.uuid()));
                changes.extended.parts.push(write_parts(&hold.parts));
                changes
                    .extended
                    .expires_at
                    .push(hold.expires_at.as_micros());
            }
            if kept.is_ended {
                changes.ended.push(hold);
            }
        }
        changes
    }
}
