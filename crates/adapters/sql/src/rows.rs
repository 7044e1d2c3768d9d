//! One row struct per table. A row becomes a domain value by `TryFrom`, which fails
//! with a [`RowFault`]; it is made from one by a constructor.

mod audit;
mod catalog;
mod changes;
mod claims;
mod keys;
mod ledger;
mod people;
mod provider_keys;
mod spend;
mod usage;

pub use audit::AuditRow;
pub use catalog::{ModelRow, PriceVersionRow, RuleRow};
pub use changes::{ChangeRow, NewChangeRow};
pub use claims::ClaimRow;
pub use keys::ApiKeyRow;
pub use ledger::{HoldRow, NewTransferRow, SourceRow, TransferRow, write_cap_uses, write_parts};
pub use people::{AccountRow, SessionRow, UserRow, write_caps, write_limits};
pub use provider_keys::ProviderKeyRow;
pub use spend::{SpendCounterRow, scope_columns};
pub use usage::{DailyUsageRow, NewUsageRow, UsageRow};

use vuzo_domain::money::Currency;

use crate::fault::{Place, RowFault};

fn currency(place: &Place<'_>, code: &str) -> Result<Currency, RowFault> {
    place.valid("currency", code.parse())
}
